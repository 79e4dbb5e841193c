"""What each answer has to be, and the sentence that refuses another one."""

import json
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from cookiecutter.exceptions import FailedHookException

# Modules, packages and commands that a project of this name would shadow.
TAKEN = frozenset(Path(__file__).with_name("taken.txt").read_text(encoding="utf-8").split())
OPENING = ("{{", "{%", "{#")
CLOSING = ("}}", "%}", "#}")
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PACKAGE = re.compile(r"[a-z][a-z0-9_]*")
OWNER = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")
EMAIL = re.compile(
    r"[A-Za-z0-9+_-]+(\.[A-Za-z0-9+_-]+)*"
    r"@[A-Za-z0-9]+(--?[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(--?[A-Za-z0-9]+)*)+"
)
# Controls, marks of direction, what is not seen, private characters and halves of surrogates.
HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    r"\ufdd0-\ufdef\ufeff\ufff0-\uffff\U000e0000-\U000e00ff\U000f0000-\U0010ffff]"
)
PAIRS = ("image and classification", "tabular and classification", "tabular and regression")


def find_text_problems(name: str, text: Any) -> list[str]:
    """What is wrong with a text that may be nearly anything."""
    if not isinstance(text, str) or not text.strip():
        return [f"{name} is empty"]
    if len(text) > 200:
        return [f"{name} is longer than 200 characters"]
    problems = []
    if any(token in text for token in (*OPENING, *CLOSING)):
        problems.append(f"{name} holds the braces of a Jinja template")
    # The last two characters of each plane are none.
    if HIDDEN.search(text) or any(ord(character) & 0xFFFE == 0xFFFE for character in text):
        problems.append(f"{name} holds a control, direction or invisible character")
    return problems


def find_slug_problems(name: str, slug: Any) -> list[str]:
    """What is wrong with the name of the folder."""
    if not fits(SLUG, slug, 50):
        return [
            f"{name} must be lower-case letters, digits and single dashes, start with a letter "
            f"and have at most 50 characters (it is `{shorten(slug)}`)"
        ]
    if slug.replace("-", "_") in TAKEN:
        return [
            f"{name} must not be the name of a Python module, package or command (it is `{slug}`)"
        ]
    return []


def find_package_problems(name: str, package: Any) -> list[str]:
    """What is wrong with the name of the Python package."""
    if not fits(PACKAGE, package, 50):
        return [
            f"{name} must be lower-case letters, digits and underscores, start with a letter "
            f"and have at most 50 characters (it is `{shorten(package)}`)"
        ]
    if package in TAKEN:
        return [
            f"{name} must not be a Python keyword nor shadow a module that the project uses "
            f"(it is `{package}`)"
        ]
    return []


def find_email_problems(name: str, email: Any) -> list[str]:
    """What is wrong with the address."""
    if fits(EMAIL, str(email), 100):
        return []
    return [f"{name} must look like you@example.com (it is `{shorten(email)}`)"]


def find_owner_problems(name: str, owner: Any) -> list[str]:
    """What is wrong with the name on GitHub."""
    if fits(OWNER, str(owner), 39):
        return []
    return [
        f"{name} must be letters, digits and single dashes, at most 39 (it is `{shorten(owner)}`)"
    ]


CHECKS: dict[str, Callable[[str, Any], list[str]]] = {
    "project_name": find_text_problems,
    "project_slug": find_slug_problems,
    "package_name": find_package_problems,
    "description": find_text_problems,
    "author_name": find_text_problems,
    "author_email": find_email_problems,
    "github_owner": find_owner_problems,
}
QUESTIONS = (*CHECKS, "data_type", "task", "license")


def find_problems(known: dict, questions: Iterable[str]) -> list[str]:
    """Says what is wrong with the answers to some questions.

    Args:
        known: the answers so far.
        questions: which of them to look at; the task is seen together with the data type.
    """
    problems = []
    for name in questions:
        if name not in known:
            return ["the replayed answers are another version's: answer the questions again"]
        if name in CHECKS:
            problems += CHECKS[name](name, known[name])
    if "task" in questions:
        pair = f"{known['data_type']} and {known['task']}"
        if pair not in PAIRS:
            problems.append(
                f"data_type and task do not fit: they are {pair}, and can be {', '.join(PAIRS)}"
            )
    return problems


def find_mistyped(names: Iterable[str]) -> list[str]:
    """Names that are no question's, each with the nearest one that is."""
    import difflib  # which a run without mistakes need not load

    problems = []
    for name in names:
        if name not in QUESTIONS:
            near = difflib.get_close_matches(name, QUESTIONS, 1)
            meant = f"the nearest is {near[0]}" if near else f"they are {', '.join(QUESTIONS)}"
            problems.append(f"`{shorten(name)}` is none of the questions: {meant}")
    return problems


def is_code(text: str, root: Path) -> bool:
    """Whether a text without a file is somebody's template code, and not the template's own."""
    if not any(token in text for token in OPENING):
        return False
    # Names of the template's files and folders hold these two.
    rest = re.sub(r"\{\{cookiecutter\.(project_slug|package_name)\}\}", "", text)
    if not any(token in rest for token in OPENING):
        return False
    return text not in read_own_code(root)


@cache
def read_own_code(root: Path) -> set[str]:
    """The texts that the template itself has cookiecutter render: private values and hooks."""
    content = json.loads((root / "cookiecutter.json").read_text(encoding="utf-8"))
    hooks = {path.read_text(encoding="utf-8") for path in root.glob("hooks/*.py")}
    return hooks | {value for value in content.values() if isinstance(value, str)}


def refuse(problems: list[str]) -> None:
    """Ends cookiecutter with one sentence, if there is a problem.

    Raises:
        FailedHookException: cookiecutter prints its text, and no traceback.
    """
    if problems:
        sentence = f"Nothing was generated: {'; '.join(problems)}."
        encoding = sys.stdout.encoding or "utf-8"  # a terminal may know ASCII alone
        raise FailedHookException(sentence.encode(encoding, "backslashreplace").decode(encoding))


def fits(pattern: re.Pattern[str], text: Any, most: int) -> bool:
    """Whether an answer is a text of a form and not too long."""
    return isinstance(text, str) and len(text) <= most and bool(pattern.fullmatch(text))


def shorten(value: Any) -> str:
    """A value as a refusal shows it, on one line and without what would move the cursor."""
    line = " ".join(str(value)[:60].split())
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
