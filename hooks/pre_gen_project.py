"""Move a user's files aside where a project is generated over one.

Cookiecutter renders this file and runs it in the project's folder before it writes any other file.
Bad answers are refused earlier: see `dl_template`.
"""

import json
import os
import sys


def move_aside(template: str, package: str) -> str:
    """Move the files aside that the template would write over; say why that cannot be done."""
    import signal  # a new project, the usual one, needs none of these
    from pathlib import Path

    sys.path.append(template)
    from dl_template import kept

    project = Path.cwd()
    # What takes milliseconds is finished, and cookiecutter, which is interrupted too, undoes it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if kept.read_there(project):
            kept.put_back(project)
            print("A generation before this one was cut short: your files were put back first.")
        kept.move_aside(project, kept.list_written(Path(template), package))
    except OSError as error:
        kept.put_back(project)
        return f"your files in {project} cannot be kept safe: {error}"
    return ""


def main() -> int:
    """Read what cookiecutter renders into this file, and look at the folder."""
    # What JSON holds is in a JSON string: no quote or backslash of a user's can end the literal.
    answers = json.loads(json.loads(r""" {{ cookiecutter | guard | jsonify | jsonify }} """))
    template = json.loads(json.loads(r""" {{ template_root | jsonify | jsonify }} """))
    is_new = not os.listdir() and not os.path.lexists(f"{os.getcwd()}.before")  # noqa: PTH109, PTH208
    problem = "" if is_new else move_aside(template, answers["package_name"])
    if problem:
        print(f"Nothing was generated: {problem}.", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
