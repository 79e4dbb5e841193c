"""Refuse what cookiecutter.json cannot see: template code in an answer, and an edited replay.

Cookiecutter renders this file and runs it in the new, still empty folder, which it removes when
the exit status is not zero. Everything else is refused in cookiecutter.json, before any folder.
"""

import json
import sys

QUESTIONS = (
    "project_name",
    "project_slug",
    "package_name",
    "description",
    "author_name",
    "author_email",
    "github_owner",
    "data_type",
    "task",
    "license",
)
# In two halves, since this file is a template too.
TEMPLATE_CODE = ("{" + "{", "{" + "%", "{" + "#", "\n", "\r")


def find_problems(answers: dict, typed: dict) -> list[str]:
    """Say what is wrong with the answers.

    Args:
        answers: what the project is generated from, private values included.
        typed: the same answers before cookiecutter rendered them; empty under cruft.

    Returns:
        One sentence for each problem.
    """
    problems = [
        f"{name} holds template code or a line break, which would have been executed"
        for name, value in typed.items()
        if isinstance(value, str)
        and value != answers["_defaults"].get(name)
        and any(token in value for token in TEMPLATE_CODE)
    ]
    if [answers[name] for name in QUESTIONS] != json.loads(answers["__checked"]):
        problems.append("the replayed answers were edited after they were checked")
    return problems


def main() -> int:
    """Read the answers that cookiecutter renders into this file, and check them."""
    # An answer in JSON in a JSON string: no quote or backslash of a user's can end the literal.
    answers = json.loads(json.loads(r""" {{ cookiecutter | jsonify | jsonify }} """))
    typed = json.loads(json.loads(r""" {{ _cookiecutter | default({}) | jsonify | jsonify }} """))
    problems = find_problems(answers, typed)
    if problems:
        print("Nothing was generated: " + "; ".join(problems) + ".", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
