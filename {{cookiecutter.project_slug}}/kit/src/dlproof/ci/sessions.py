"""What the sessions of nox and the environments of tox run."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from .script import reading
from .shell import Lines, Words


def open_nox(given: Words) -> Lines:
    """What nox's sessions run: those asked for, or the default ones."""
    path = Path("noxfile.py")
    if not path.is_file():
        return
    with reading(path):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        sessions = dict(find_sessions(tree))
        default = find_default(tree) or list(sessions)
    for name in read_list(given, ("-s", "--session", "--sessions", "-e")) or default:
        yield from sessions.get(name, sessions.get(name.partition("-")[0], []))


def find_sessions(tree: ast.Module) -> Iterator[tuple[str, list[Words]]]:
    """Name of each session of a noxfile, and what it runs."""
    for node in tree.body:
        marks = [ast.unparse(d) for d in getattr(node, "decorator_list", ())]
        named = next((mark for mark in marks if mark.startswith(("nox.session", "session"))), "")
        if isinstance(node, ast.FunctionDef) and named:
            given = re.search(r"name=['\"]([\w-]+)", named)
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
            runs = [call for call in calls if ast.unparse(call.func) == "session.run"]
            yield (
                (given[1] if given else node.name),
                [
                    [str(a.value) for a in call.args if isinstance(a, ast.Constant)]
                    for call in runs
                    if not any(keyword.arg == "success_codes" for keyword in call.keywords)
                ],
            )


def find_default(tree: ast.Module) -> list[str]:
    """`nox.options.sessions` of a noxfile."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "nox.options.sessions":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def open_tox(given: Words) -> Lines:
    """What tox's environments run: those asked for, or all that it lists."""
    tables = read_tox()
    files = [Path(name) for name in ("tox.ini", "tox.toml") if Path(name).is_file()]
    with reading([*files, Path("pyproject.toml")][0]):
        for name in read_list(given, ("-e",)) or tables.get("", {}).get("env_list", []):
            base = tables.get("testenv", {})
            own = next((tables[key] for key in (name, *name.split("-")) if key in tables), {})
            table = base | own
            if str(table.get("ignore_outcome", "")).lower() != "true":
                for line in table.get("commands", []):
                    yield from open_tox_line(line, name.split("-"), base)


def open_tox_line(line: str, factors: list[str], base: dict[str, Any]) -> Lines:
    """One tox command: for some factors only, a reference to others, or allowed to fail."""
    only = re.match(r"([\w,.-]+):\s+(.*)", line)
    if only:
        line = only[2] if {*only[1].split(",")} & {*factors} else ""
    if "{[testenv]commands}" in line:
        for other in base.get("commands", []):
            yield from open_tox_line(other, factors, {})
    elif line and not line.lstrip().startswith("-"):
        yield shlex.split(re.sub(r"\{[^}]*\}", "", line))


def read_tox() -> dict[str, dict[str, Any]]:
    """Environments of tox.ini, setup.cfg, tox.toml or pyproject.toml; `` holds the list of them."""
    found: dict[str, dict[str, Any]] = {}
    for name, start in (("tox.ini", "tox"), ("setup.cfg", "tox:tox")):
        parser = ConfigParser(interpolation=None)
        with reading(Path(name)):
            if not found and parser.read(name, "utf-8"):
                for section in parser.sections():
                    found[section.removeprefix("testenv:")] = split_tox(dict(parser[section]))
                found[""] = found.get(start, {})
    for path, keys in (("tox.toml", ()), ("pyproject.toml", ("tool", "tox"))):
        if not found.get("") and Path(path).is_file():
            with reading(Path(path)):
                table: Any = tomllib.loads(Path(path).read_text(encoding="utf-8"))
                for key in keys:
                    table = table.get(key, {})
                if table and "legacy_tox_ini" not in table:
                    base = table.get("env_run_base", {})
                    envs = {"": table, "testenv": base} | table.get("env", {})
                    found = {name: join_tox(body) for name, body in envs.items()}
    return found


def split_tox(section: dict[str, str]) -> dict[str, Any]:
    """A section of an INI file: its commands by line, its list of environments by name."""
    commands = re.sub(r"\\\n", " ", section.get("commands", "")).strip().splitlines()
    listed = section.get("env_list", section.get("envlist", ""))
    names = [n for part in re.split(r"[,\n](?![^{]*\})", listed) for n in expand(part.strip())]
    return section | {"commands": commands, "env_list": names}


def join_tox(table: dict[str, Any]) -> dict[str, Any]:
    """A table of TOML, whose commands are lists of words, with commands as lines."""
    commands = [
        c if isinstance(c, str) else shlex.join(map(str, c)) for c in table.get("commands", [])
    ]
    return table | {"commands": commands}


def expand(pattern: str) -> list[str]:
    """`py{311,312}-test` expanded to two names."""
    found = re.match(r"([^{]*)\{([^}]*)\}(.*)", pattern)
    if not found:
        return [pattern] if pattern else []
    start, middle, rest = found.groups()
    return [name for part in middle.split(",") for name in expand(f"{start}{part.strip()}{rest}")]


def read_list(given: Words, names: tuple[str, ...]) -> list[str]:
    """The values of an option that takes several, by spaces or commas."""
    found: list[str] = []
    taking = False
    for word in given:
        name, has_value, value = word.partition("=")
        if name in names:
            taking, word = True, value if has_value else ""
        elif word.startswith("-"):
            taking = False
        found += [part for part in word.split(",") if part and taking]
    return found
