"""What one file of source code names: modules, attributes, stages, and files beside it."""

import ast
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .stages import KIT

FILE = re.compile(r"\w[\w./-]*\.\w{1,8}")  # a text that may name a file


@dataclass(frozen=True)
class Reached:
    """What one file names.

    Attributes:
        modules: Dotted names of modules, also those that functions import.
        words: Attributes that it reads: of the kit, those that are seams lead to the project.
        stages: Constant keys of `….stages[…]`: commands that it runs.
        names: Texts that may be the name of a file beside it.
    """

    modules: frozenset[str]
    words: frozenset[str]
    stages: frozenset[str]
    names: frozenset[str]


def read_module(path: Path, module: str) -> Reached:
    """What a file names; read again only if it has changed."""
    return parse_module(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")


@cache
def parse_module(text: str, module: str, is_package: bool) -> Reached:
    """What source code names."""
    modules, words, stages, names = set(), set(), set(), set()
    looked_at = set()  # stages whose settings are read and which are not run
    for node in walk(ast.parse(text)):
        modules |= {*find_imports(node, module, is_package)}
        if isinstance(node, ast.Attribute):
            words.add(node.attr)
            if node.attr == "settings":
                looked_at.add(node.value)
        elif (
            isinstance(node, ast.Subscript)
            and node not in looked_at
            and isinstance(node.slice, ast.Constant)
            and getattr(node.value, "attr", "") == "stages"
        ):
            stages.add(str(node.slice.value))
        elif isinstance(node, ast.Constant) and FILE.fullmatch(str(node.value)):
            names.add(str(node.value))
    return Reached(*map(frozenset, (modules, words, stages, names)))


def find_imports(node: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Modules that one statement or call imports, of those that it may mean."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = resolve(node, module, is_package)
        yield from (place for alias in node.names for place in find_places(base, alias.name))
    elif isinstance(node, ast.Call) and is_import(node):
        yield str(getattr(node.args[0], "value", ""))


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker reads, and what says how a name is used."""
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        if isinstance(node, ast.expr_context):
            continue
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def is_import(node: ast.Call) -> bool:
    """Whether a call is `importlib.import_module("a.b")`, which no statement shows."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return name == "import_module" and bool(node.args) and isinstance(node.args[0], ast.Constant)


def resolve(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The dotted name that an import takes names from."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, node.module] if node.module else parts)


def find_places(base: str, name: str) -> Iterator[str]:
    """Modules that `from base import name` may mean; for the kit's public names, their modules."""
    yield base
    yield f"{base}.{name}"
    if base.partition(".")[0] == KIT and name in (public := read_public(base)):
        yield f"{base}.{public[name]}"


@cache
def read_public(package: str) -> dict[str, str]:
    """Public names of the kit or of a room of it; read as text, since a room may bring torch."""
    path = Path(__file__).parent.joinpath(*package.split(".")[1:], "__init__.py")
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    tables = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC"
    ]
    return tables[0] if tables else {}
