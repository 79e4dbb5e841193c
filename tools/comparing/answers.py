"""The answers from which a project would be generated today: read, inferred, asked or assumed."""

import json
import os
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cookiecutter.exceptions import CookiecutterException
from cookiecutter.main import cookiecutter

from .tree import Tree, show

TEMPLATE = Path(__file__).resolve().parents[2]
QUIET = "DL_TEMPLATE_QUIET"  # asks the hooks to say nothing
BRACES = ("{{", "{%", "{#", "}}", "%}", "#}")
# Packages that tell the kind of data, in files that list packages.
SIGNS = {
    "image": "torchvision|timm|kornia|albumentations|opencv-python|pillow",
    "tabular": "pandera|xgboost|lightgbm|catboost|pytorch-tabular",
}


class BadInputError(Exception):
    """What the project or the command holds cannot be used; the message is one sentence."""


@dataclass
class Answers:
    """Answers to cookiecutter's questions, where each is from, and where the package lies."""

    values: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    package_dir: str = ""
    notes: list[str] = field(default_factory=list)

    def offer(self, question: str, value: Any, source: str) -> None:
        """Takes an answer unless there is one; refuses template code before it could run."""
        if question in self.values or not isinstance(value, str) or not value.strip():
            return
        if any(token in value for token in BRACES):
            problem = f"{question} of {source} holds the braces of a Jinja template"
            if source in (".cruft.json", "asked"):
                raise BadInputError(f"{problem}: write it without them.")
            self.notes.append(f"{problem} and was left out.")
            return
        self.values[question], self.sources[question] = " ".join(value.split())[:200], source


def load_questions() -> dict[str, Any]:
    """Cookiecutter's public questions with their defaults."""
    content = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    return {name: default for name, default in content.items() if not name.startswith("_")}


def find_answers(tree: Tree, name: str) -> Answers:
    """Reads a project's answers from its folders, `.cruft.json` and pyproject; infers the rest."""
    answers, questions = Answers(package_dir=find_package(tree)), load_questions()
    if answers.package_dir.startswith("src/"):
        answers.offer("package_name", answers.package_dir.removeprefix("src/"), "src")
    for source, read in ((".cruft.json", read_cruft), ("pyproject.toml", read_pyproject)):
        try:
            given = read(tree.texts[source]) if source in tree.texts else {}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            answers.notes.append(f"{source} holds no answers that can be read.")
            continue
        title = re.match(r"# (.+)", tree.texts.get("README.md", ""))
        if title and "checklist.yaml" in tree.texts and source != ".cruft.json":
            answers.offer("project_name", title[1], "README.md")
        for question in questions:
            answers.offer(question, given.get(question), source)
    owner = re.search(r"@([\w-]+)", tree.texts.get("CODEOWNERS", ""))
    answers.offer("github_owner", owner and owner[1], "CODEOWNERS")
    infer_kind(tree, answers)
    answers.offer("project_name", name, "its folder")
    answers.offer("project_slug", slugify(name), "its folder")
    return answers


def find_package(tree: Tree) -> str:
    """The folder of the project's package: below `src`, `src` itself, or one at the root."""
    files = [path.split("/") for path in tree.texts if path.endswith(".py")]
    below = Counter("/".join(parts[:2]) for parts in files if parts[0] == "src" and len(parts) > 2)
    name, number = next(iter(below.most_common(1)), ("", 0))
    if 2 * number > below.total() and "src/__init__.py" not in tree.texts:
        return name
    roots = Counter(parts[0] for parts in files if len(parts) > 1 and parts[0] != "tests")
    return "src" if "src" in roots else next((name for name, _ in roots.most_common(1)), "")


def read_cruft(text: str) -> dict[str, Any]:
    """The answers that cruft keeps."""
    return dict(json.loads(text)["context"]["cookiecutter"])


def read_pyproject(text: str) -> dict[str, Any]:
    """Answers from the `[project]` or Poetry's table."""
    content = tomllib.loads(text)
    table = content.get("project") or content.get("tool", {}).get("poetry") or {}
    first = (table.get("authors") or [{}])[0]
    if isinstance(first, str):  # Poetry's "Name <address>"
        first = dict(zip(("name", "email"), re.split(r"\s*[<>]", first), strict=False))
    licence = str(table.get("license")).replace("LicenseRef-", "")
    return {
        "project_name": table.get("name"),
        "project_slug": slugify(table.get("name", "")),
        "description": table.get("description"),
        "author_name": first.get("name"),
        "author_email": first.get("email"),
        "license": licence if licence in load_questions()["license"] else None,
    }


def infer_kind(tree: Tree, answers: Answers) -> None:
    """Data type and task from the configs of a project born here, else from what it needs."""
    for question, group in (("data_type", "preprocess"), ("task", "task")):
        for option in load_questions()[question]:
            path = f"configs/{group}/{option}.yaml"
            answers.offer(question, option if path in tree.texts else None, path)
    for option, signs in SIGNS.items():
        for path in tree.texts:
            if re.search(r"(^|/)(requirement|environment|pyproject|setup)[^/]*$", path):
                found = re.search(rf"(?mi)^[^#\n]*\b({signs})\b", tree.texts[path])
                answers.offer("data_type", found and option, path)
    if answers.values.get("data_type") == "image":
        answers.offer("task", "classification", "the only task for images")


def slugify(text: str) -> str:
    """A name as a folder's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def complete(answers: Answers, ask: Callable[[str], str] | None) -> None:
    """Asks what is not known, where there is someone to ask; else takes the template's defaults."""
    for question, default in load_questions().items():
        if question in answers.values or question == "package_name":
            continue
        options = default if isinstance(default, list) else [default]
        if ask:
            answers.offer(question, ask(f"{question} [{', '.join(options)}]: "), "asked")
        if question not in answers.values:
            answers.values[question], answers.sources[question] = options[0], "assumed"


def generate(answers: Answers, folder: Path) -> Path:
    """Generates today's project; what was only inferred and is refused gives way to the default.

    Raises:
        BadInputError: An answer is refused that the project carries as its own.
    """
    config = folder / "cookiecutter.yaml"
    config.write_text(f"replay_dir: {folder}\ncookiecutters_dir: {folder}\n", encoding="utf-8")
    before, tempfile.tempdir = tempfile.tempdir, str(folder)  # rendered hooks are left behind
    told = os.environ.get(QUIET)
    os.environ[QUIET] = "1"
    settings = {"no_input": True, "output_dir": str(folder / "out"), "config_file": str(config)}
    try:
        while True:
            try:
                return Path(cookiecutter(str(TEMPLATE), extra_context=answers.values, **settings))
            except (CookiecutterException, ValueError) as error:
                give_up(answers, str(error))
    finally:
        tempfile.tempdir = before
        os.environ.pop(QUIET) if told is None else os.environ.update({QUIET: told})


def give_up(answers: Answers, error: str) -> None:
    """Puts defaults in place of the inferred answers that a refusal names."""
    refused = re.search(r"Nothing was generated: (.*)\.", error)
    problems = show(" ".join((refused[1] if refused else error).split()).rstrip("; ."))
    named = [q for q in answers.values if re.search(rf"\b{q}\b", problems)]
    own = [q for q in named if answers.sources[q] in (".cruft.json", "asked", "assumed")]
    if own or not named:
        raise BadInputError(f"The template refuses the project's answers: {problems}.")
    answers.notes.append(f"Not taken from the project: {problems}.")
    for question in named:
        del answers.values[question], answers.sources[question]
    if "project_slug" in named:
        answers.offer("project_slug", slugify(load_questions()["project_name"]), "assumed")
    complete(answers, None)
