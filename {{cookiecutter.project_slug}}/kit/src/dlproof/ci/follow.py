"""From a command of CI to those that it comes to: make, just, nox, tox, scripts, tasks, hooks."""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from .make import read_rules
from .script import read_yaml, reading
from .sessions import open_nox, open_tox
from .shell import RUNNERS, Lines, Words, find_program, read_shell

TASK_RUNNERS = ("poe", "task", "invoke", "inv")
# Options of make that ignore failures or run nothing, and those with a value.
IDLE = re.compile(r"-[a-zBLRS]*[intq]\w*|--(ignore-errors|dry-run|just-print|touch|question)")
FOLDERS, FILES, OTHERS = ("-C", "--directory"), ("-f", "--file", "--makefile"), ("-o", "-W", "-I")
COUNTS = re.compile(r"-[a-z]*[jl]|--jobs|--load-average")  # where a number follows


def follow(words: Words, seen: set[tuple[str, ...]] | None = None) -> Lines:
    """A command's program with its arguments, and all that it runs below files of the project.

    Raises:
        UnreadableError: One of these files is damaged.
    """
    seen = set() if seen is None else seen
    program, *given = find_program(words) or [""]
    if not program or tuple(words) in seen:
        return
    seen.add(tuple(words))
    yield [program, *given]
    inner: Lines = OPENERS[program](given) if program in OPENERS else open_other(program, words)
    for command in inner:
        yield from follow(command, seen)


def open_make(given: Words) -> Lines:
    """The recipes of make targets; empty where make ignores failures or runs nothing."""
    return open_rules(given, ("Makefile", "makefile", "GNUmakefile"))


def open_just(given: Words) -> Lines:
    """The recipes of just, which are written as make's are."""
    return open_rules(given, ("justfile", "Justfile", ".justfile"))


def open_rules(given: Words, names: tuple[str, ...]) -> Lines:
    """The recipes of targets; each line runs in its own shell."""
    folder, targets = Path(), []
    words = [
        part
        for word in given
        for part in re.sub(r"^(--[\w-]+)=|^(-[CfoWI])(?=.)", r"\1\2\n", word).split("\n")
    ]
    for before, word in pairwise(["", *words]):
        if IDLE.fullmatch(word):
            return
        if before in FOLDERS:
            folder = Path(word)
        elif before in FILES:
            names = (word,)
        elif not (
            word.startswith("-")
            or "=" in word
            or before in OTHERS
            or (COUNTS.fullmatch(before) and re.fullmatch(r"[\d.]+", word))
        ):
            targets.append(word)
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is not None:
        with reading(path):
            rules = read_rules(path.read_text(encoding="utf-8"))
            lines = list(rules.list_recipe(targets))
        for line in lines:
            yield from read_shell(line, errexit=False)


def open_script(given: Words) -> Lines:
    """A script of the project that a shell is given, or the commands of `-c`."""
    options = [word for word in given if word.startswith("-")]
    errexit = any(re.fullmatch(r"-\w*e\w*", word) for word in options)
    rest = [word for word in given if not word.startswith("-")]
    if not rest:
        return
    if any(re.fullmatch(r"-\w*c", word) for word in options):
        yield from read_shell(rest[0], errexit=errexit)
    elif Path(rest[0]).is_file():
        text = Path(rest[0]).read_text(encoding="utf-8", errors="replace")
        yield from read_shell(text, errexit=errexit or bool(re.match(r"#!.*\s-\w*e", text)))


def open_hooks(given: Words) -> Lines:
    """What the hooks of pre-commit run, where it is given all files."""
    path = Path(".pre-commit-config.yaml")
    if not ({"-a", "--all-files"} & {*given} and path.is_file()):
        return
    with reading(path):
        for repository in read_yaml(path).get("repos") or []:
            for hook in repository.get("hooks", []):
                known = {"ruff": "ruff check", "ruff-check": "ruff check"}
                entry = str(hook.get("entry", known.get(hook["id"], hook["id"])))
                stages = hook.get("stages", ["pre-commit"])
                if {"pre-commit", "commit"} & {*stages}:
                    yield shlex.split(entry)


def open_other(program: str, words: Words) -> Lines:
    """A script of the project that is run by its path, or a task of pyproject.toml."""
    path = next((Path(word) for word in words if Path(word).name == program), Path(program))
    if "/" in path.as_posix() and path.is_file() and is_script(path):
        yield from open_script([path.as_posix()])
    elif program in TASK_RUNNERS or Path(words[0]).name in RUNNERS:
        named = find_program(words)[int(program in TASK_RUNNERS) :][:1]
        tasks = dict(find_tasks())
        for line in tasks.get("".join(named).rpartition(":")[2], []):
            yield from read_shell(line)


def is_script(path: Path) -> bool:
    """Whether a file is a shell's."""
    start = path.read_bytes()[:80].splitlines()[:1]
    return path.suffix in (".sh", ".bash") or any(re.match(rb"#!.*sh\b", line) for line in start)


def find_tasks() -> Iterator[tuple[str, list[str]]]:
    """Tasks that pyproject.toml has for poe, hatch, pdm, pixi and others, with their lines."""
    path = Path("pyproject.toml")
    waiting: list[tuple[str, Any]] = []
    if path.is_file():
        with reading(path):
            waiting += tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).items()
    while waiting:
        name, table = waiting.pop()
        if isinstance(table, dict) and name in ("scripts", "tasks"):
            yield from ((task, read_task(body)) for task, body in table.items())
        elif isinstance(table, dict):
            waiting += table.items()


def read_task(body: Any) -> list[str]:
    """The lines of a task: a text, a list of them, or a table with `cmd`."""
    if isinstance(body, dict):
        return read_task(next((body[k] for k in ("cmd", "shell", "sequence") if k in body), []))
    return [body] if isinstance(body, str) else [line for line in body if isinstance(line, str)]


OPENERS: dict[str, Callable[[Words], Lines]] = {
    "make": open_make,
    "just": open_just,
    "bash": open_script,
    "sh": open_script,
    "nox": open_nox,
    "tox": open_tox,
    "pre-commit": open_hooks,
}
