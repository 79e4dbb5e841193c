"""Signs of a bullet's topic in a project that was not born here, by `evidence.yaml`."""

import ast
import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from .places import parse_python, read_keys
from .tree import MAX_BYTES, Tree

TABLE = Path(__file__).with_name("evidence.yaml")
LONGEST = 160  # characters of a fact
# Characters of a kind that are parsed: seconds of work. PyYAML's fast parser dies of deep nesting.
MOST = {".py": 3_000_000, ".yaml": 500_000, ".yml": 500_000}
TESTS = re.compile(r"(^|/)(tests?/|test_[^/]*$|[^/]*_tests?\.py$|conftest\.py$)")
LISTS = re.compile(
    r"(requirements[^/]*\.txt|environment[^/]*\.ya?ml|pyproject\.toml|setup\.(py|cfg)|Pipfile)$"
)
WORKFLOWS = re.compile(r"\.github/workflows/[^/]+\.ya?ml$|\.gitlab-ci\.yml$")
MAKE = re.compile(r"(^|/)([Mm]akefile|justfile)$|\.(mk|just)$")
PACKAGE = re.compile(r"(?:^\s*-?\s*|[\"'\[,]\s*)([A-Za-z][\w.-]*)")  # that starts an entry
NO_CONFIGS = ("docs/", ".github/")


@dataclass(frozen=True)
class Sign:
    """What was seen, and where."""

    path: str
    line: int
    fact: str


class Facts:
    """All that can be seen in a tree, by kind: `path`, `dependency`, `name`, `set`, and so on."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def signs(self) -> dict[str, dict[str, Sign]]:
        """Kind -> fact -> where it was seen first; read when a bullet needs it."""
        found: dict[str, dict[str, Sign]] = defaultdict(dict)
        for kind, sign in collect(self.tree):
            fact = " ".join(sign.fact.split())[:LONGEST]
            found[kind].setdefault(fact, Sign(sign.path, sign.line, fact))
        return found

    def find(self, wanted: str) -> Sign | None:
        """The first fact whose last parts fit a pattern, whatever the case: `name AdamW`."""
        kind, _, pattern = wanted.partition(" ")
        fits = re.compile(rf"(?:^|(?<=[./ ]))(?:{pattern})$", re.IGNORECASE).search
        return next((sign for fact, sign in self.signs[kind].items() if fits(fact)), None)

    def look_for(self, wanted: list[Any]) -> list[Sign]:
        """What was seen of a bullet: the first sign, or all of a list, that is there."""
        for choice in wanted:
            found = [self.find(sign) for sign in ([choice] if isinstance(choice, str) else choice)]
            if all(found):
                return list(dict.fromkeys(sign for sign in found if sign))
        return []


def load_table() -> dict[str, list[Any]]:
    """Bullet -> signs; one of them is enough, and in a list of signs all are needed."""
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


def collect(tree: Tree) -> Iterator[tuple[str, Sign]]:
    """Every fact of every file; documents and notebooks give no more than their paths."""
    last = ("docs/", "tests/")  # the same sign in the code says more
    for path in sorted([*tree.digests, *tree.folders], key=lambda path: path.startswith(last)):
        yield "path", Sign(path, 1, path)
    for path, text in choose(tree):
        tested = bool(TESTS.search(path))
        if path.endswith(".py"):
            with contextlib.suppress(RecursionError):  # `a.b.c` with a thousand dots
                for line, kind, fact in read_code(parse_python(text)):
                    yield "test" if tested else kind, Sign(path, line, fact)
        for kind, files in (("dependency", LISTS), ("workflow", WORKFLOWS), ("make", MAKE)):
            if files.search(path):
                lines = (re.sub(r"(^|\s)#.*", "", line[:LONGEST]) for line in text.splitlines())
                for number, line in enumerate(lines, 1):
                    facts = PACKAGE.findall(line) if kind == "dependency" else [line]
                    yield from ((kind, Sign(path, number, fact)) for fact in facts)
        if path.endswith((".yaml", ".yml")) and not tested and not path.startswith(NO_CONFIGS):
            yield from read_config(path, text)


def choose(tree: Tree) -> list[tuple[str, str]]:
    """The texts that are parsed, the short ones first in line; a sentence tells of the rest."""
    left, rest = dict(MOST), []
    for path in sorted(tree.texts, key=lambda path: len(tree.texts[path])):
        kind = path[path.rfind(".") :]
        left[kind] = left.get(kind, MAX_BYTES) - len(tree.texts[path]) * (kind in MOST)
        if left[kind] < 0:
            rest.append(path)
    if rest:
        more = f"{rest[-1]} and {len(rest) - 1} other files"
        tree.notes.append(f"{more}: too much text to be searched for signs.")
    return [(path, text) for path, text in tree.texts.items() if path not in set(rest)]


def read_config(path: str, text: str) -> Iterator[tuple[str, Sign]]:
    """Keys with their plain values; what Hydra or Lightning would build counts as a name."""
    keys = read_keys(text)
    parents = {key.rpartition(".")[0] for key in keys}
    for key, (line, start, end) in keys.items():
        if key not in parents or text[start] == "[":
            value = text[start : min(end, start + LONGEST)].strip(" '\"")
            yield "set", Sign(path, line, f"{key}: {value}")
            if key.endswith(("_target_", "class_path")):
                yield "name", Sign(path, line, value)


def read_code(module: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Line, kind and fact of what Python defines, imports, calls and sets."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, "name", node.name
                yield from ((b.lineno, "name", say(b)) for b in getattr(node, "bases", []))
            case ast.arguments():
                named = [*node.posonlyargs, *node.args, *node.kwonlyargs]
                values = [*node.defaults, *node.kw_defaults]
                for argument, value in zip(named[::-1], values[::-1], strict=False):
                    yield argument.lineno, "set", f"{argument.arg}: {say(value)}"
            case ast.Import() | ast.ImportFrom():
                start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                yield from ((node.lineno, "name", f"{start}{name.name}") for name in node.names)
            case ast.Call():
                yield node.lineno, "name", say(node.func)
                given = [say(x) for x in node.args[:1]] + [f"{k.arg}=" for k in node.keywords]
                yield from ((node.lineno, "name", f"{say(node.func)}({x})") for x in given)
            case ast.keyword():
                yield node.lineno, "set", f"{node.arg}: {say(node.value)}"
            case ast.Assign():
                value = say(node.value)
                yield from ((node.lineno, "set", f"{say(x)}: {value}") for x in node.targets)
            case ast.AnnAssign():
                yield node.lineno, "set", f"{say(node.target)}: {say(node.value)}"


def say(node: ast.expr | None) -> str:
    """A dotted name or a plain value as text; `*` for what only a run would tell."""
    match node:
        case ast.Constant():
            return str(node.value)[:LONGEST]
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{say(node.value)}.{node.attr}"
        case ast.JoinedStr():
            return "".join(say(v) if isinstance(v, ast.Constant) else "*" for v in node.values)
        case ast.Dict():
            return f"{{{', '.join(say(key) for key in node.keys[:10])}}}"
        case ast.List() | ast.Tuple():
            return f"[{', '.join(say(element) for element in node.elts[:10])}]"
    return "*"
