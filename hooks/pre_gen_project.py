"""Move a user's files aside where a project is generated over one.

Cookiecutter renders this file and runs it in the project's folder before it writes any other file.
Bad answers are refused earlier: see `dl_template`.
"""

import json
import os
import signal
import sys
from pathlib import Path


def move_aside(project: Path, template: Path, package: str) -> str:
    """Move the files aside that the template would write over; say why that cannot be done."""
    sys.path.append(str(template))
    from dl_template import kept

    # What takes milliseconds is finished, and cookiecutter, which is interrupted too, undoes it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if kept.read_there(project):
            kept.put_back(project)
            print("A generation before this one was cut short: your files were put back first.")
        kept.move_aside(project, kept.list_written(template, package))
    except OSError as error:
        kept.put_back(project)
        return f"your files in {project} cannot be kept safe: {error}"
    return ""


def main() -> int:
    """Read what cookiecutter renders into this file, and look at the folder."""
    # What JSON holds is in a JSON string: no quote or backslash of a user's can end the literal.
    answers = json.loads(json.loads(r""" {{ cookiecutter | guard | jsonify | jsonify }} """))
    template = json.loads(json.loads(r""" {{ template_root | jsonify | jsonify }} """))
    problem, project = "", Path.cwd()
    if any(project.iterdir()) or os.path.lexists(f"{project}.before"):
        problem = move_aside(project, Path(template), answers["package_name"])
    if problem:
        print(f"Nothing was generated: {problem}.", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
