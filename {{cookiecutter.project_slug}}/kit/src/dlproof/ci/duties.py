"""What CI must do, and which commands do it: not those that leave tests out, or cannot fail."""

import re
import shlex
import tomllib
from collections.abc import Collection, Iterable
from configparser import ConfigParser
from itertools import pairwise
from pathlib import Path
from typing import Any

from .script import reading
from .shell import Words

DUTIES = ("lint", "types", "tests", "pipeline")
LINTERS, CHECKERS = ("ruff", "flake8", "pylint"), ("mypy", "pyright", "basedpyright", "pyre", "ty")
HARMLESS = ("--exit-zero", "--help", "--version", "-h", "-V")  # always end well
# Options of pytest that leave tests out, or run none.
NARROWING = (
    *("-k", "--deselect", "--ignore", "--ignore-glob", "--lf", "--last-failed"),
    *("--sw", "--stepwise", "--sw-skip", "--stepwise-skip"),
    *("--co", "--collect-only", "--setup-plan", "--setup-only"),
    *("--fixtures", "--fixtures-per-test", "--markers"),
)
# Options of pytest whose next word may look like a path or a test, and is none.
VALUED = (
    *("-c", "-k", "-m", "-n", "-o", "-p", "-W", "--pythonwarnings", "--cov", "--cov-config"),
    *("--rootdir", "--confcutdir", "--basetemp", "--junitxml", "--junit-xml", "--log-file"),
)


def find_duty(words: Words, commands: Collection[str]) -> str:
    """The duty that a command does; empty for any other.

    Args:
        words: A program and its arguments.
        commands: What the project's own command line is called by.

    Raises:
        UnreadableError: A file that holds settings of pytest is damaged.
    """
    program, *given = words or [""]
    if {*given} & {*HARMLESS}:
        return ""
    if program in LINTERS:
        return "lint" if program != "ruff" or given[:1] == ["check"] else ""
    if program in CHECKERS:
        return "types"
    if program == "pytest":
        return "" if leaves_out(given) else "tests"
    if program == "unittest":
        return "tests" if given[:1] in ([], ["discover"]) and "-k" not in given else ""
    if program == "dvc":
        return "pipeline" if given[:1] == ["repro"] and is_whole(given[1:]) else ""
    runs = program in commands and given[:1] == ["pipeline"] and is_whole(given[1:])
    return "pipeline" if runs else ""


def is_whole(options: Iterable[str]) -> bool:
    """Whether a run of the pipeline is of all its stages, and does run them."""
    partial = {"--dry", "-n", "--downstream", "--single-item", "-s", "--keep-going", "-k", "--glob"}
    return not any(word in partial or not word.startswith("-") for word in options)


def leaves_out(options: Words) -> bool:
    """Whether options and paths leave out tests that pytest would run without them."""
    settings = read_settings()
    usual = settings.get("addopts", [])
    chosen = [read_mark(words) for words in (options, usual)]
    asked = [
        word
        for before, word in pairwise(["", *options])
        if not word.startswith("-") and before not in VALUED
    ]
    given = {Path(word) for word in asked if Path(word).exists()}
    wanted = [Path(path) for path in settings.get("testpaths", ["tests"])]
    missed = [w for w in wanted if not any(w.is_relative_to(g) or g == Path() for g in given)]
    narrowed = any(
        word.partition("=")[0] in NARROWING or re.match(r"-[xsvqlfd]*k", word) for word in options
    )
    narrowed = narrowed or any("::" in word for word in asked)
    return narrowed or (chosen[0] not in ("", chosen[1])) or bool(given and missed)


def read_mark(options: Words) -> str:
    """The value of `-m` among pytest's options."""
    for word, value in pairwise([*options, ""]):
        if word == "-m":
            return value
        if word.startswith("-m") and not word.startswith("--"):
            return word[2:].lstrip("=")
    return ""


def read_settings() -> dict[str, Any]:
    """What pyproject.toml, pytest.ini, tox.ini or setup.cfg say of pytest, as lists of words."""
    found: dict[str, Any] = {}
    if Path("pyproject.toml").exists():
        content = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
        found = content.get("tool", {}).get("pytest", {}).get("ini_options", {})
    for name, section in (
        ("pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        parser = ConfigParser(interpolation=None)
        with reading(Path(name)):
            if not found and parser.read(name, "utf-8") and parser.has_section(section):
                found = dict(parser[section])
    return {
        name: shlex.split(value) if isinstance(value, str) else value
        for name, value in found.items()
        if name in ("addopts", "testpaths")
    }
