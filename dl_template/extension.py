"""The extension of Jinja that cookiecutter and cruft load from the template's folder.

The private values of `cookiecutter.json` check the answers with it: a bad one is refused in one
sentence, before any folder exists. Right before the first file is written, it moves those of a
project that is there aside. It runs within cookiecutter, hooks or no hooks.
"""

import atexit
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from jinja2 import Environment
from jinja2.ext import Extension

from . import answers, kept

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "{{cookiecutter.project_slug}}"


class Template(Extension):
    """Filters for private values and hooks, and the refusal of template code in an answer."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["check_command"] = check_command
        environment.filters["check"] = check
        environment.filters["check_all"] = check_all
        environment.filters["name_folder"] = self.name_folder
        environment.filters["leave"] = leave
        environment.globals["template_root"] = str(ROOT)
        self.make_way: Callable[[], None] | None = None
        # Where the template's path is relative, cookiecutter runs its hooks from another folder.
        if str(ROOT) not in sys.path:
            sys.path.append(str(ROOT))

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Sees each text before Jinja does; files have a name."""
        if self.make_way:  # the folder has its name and may be written into: this is a path in it
            make_way, self.make_way = self.make_way, None
            make_way()
        if name is None and answers.is_code(source, ROOT):
            answers.refuse([f"the answer `{answers.shorten(source)}` holds template code"])
        return "{{ cookiecutter | name_folder }}" if source == FOLDER else source

    def name_folder(self, known: dict) -> str:
        """Gives the project's folder its name, unless a replayed record was edited since."""
        if [known[name] for name in answers.QUESTIONS] != json.loads(known["__checked"]):
            answers.refuse(["the replayed answers were edited after they were checked"])
        folder = Path(known.get("_output_dir") or find_parameters().get("output_dir") or ".")
        project = folder.resolve() / known["project_slug"]
        self.make_way = partial(move_aside, project, known["package_name"])
        return known["project_slug"]


def find_parameters() -> dict:
    """What was typed on the command line of cookiecutter or cruft; empty for other callers."""
    context = click.get_current_context(silent=True)
    return context.params if context else {}


def check_command(_: dict) -> str:
    """Refuses an answer to a question that does not exist, which cookiecutter would ignore."""
    given = find_parameters().get("extra_context")
    # Cruft's is a text, and names questions that another version of the template had.
    answers.refuse(answers.find_mistyped(given) if isinstance(given, dict) else [])
    return ""


def check(known: dict, question: str) -> str:
    """Refuses what was just typed; where nobody is asked, `check_all` names all problems."""
    if find_parameters().get("no_input") is False:
        answers.refuse(answers.find_problems(known, [question]))
    return ""


def check_all(known: dict) -> str:
    """Refuses all bad answers in one sentence."""
    answers.refuse(answers.find_problems(known, answers.QUESTIONS))
    return ""


def move_aside(project: Path, package: str) -> None:
    """Moves the files of a project that is there aside; they come back when this process ends."""
    if not project.is_dir() or (not any(project.iterdir()) and not kept.read_there(project)):
        return
    atexit.register(kept.put_back_late, project)
    try:
        if kept.read_there(project):
            kept.put_back(project)
            print("A generation before this one was cut short: your files were put back first.")
        kept.move_aside(project, kept.list_written(ROOT, package))
    except OSError as error:
        kept.put_back(project)
        answers.refuse([f"your files in {project} cannot be kept safe: {error}"])


def leave(known: dict) -> dict:
    """Forgets these modules: of two versions that cruft renders in one go, each imports its own."""
    for name in [name for name in sys.modules if name.split(".")[0] == __package__]:
        del sys.modules[name]
    return known
