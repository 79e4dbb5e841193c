"""Places that bullets name, `path#symbol` or `path#dotted.key`: the file, and the line in it.

A path is one from the project's root or below its package; the kit's begin with `dlproof/`.
"""

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ..charter.charter import find_lines
from ..stages import KIT

if TYPE_CHECKING:
    from ..project import Project

KIT_PARENT = Path(__file__).parents[2]


def locate(place: str, project: "Project") -> Path:
    """The file or folder that a place names, whether it exists or not."""
    name = place.partition("#")[0]
    if name.partition("/")[0] == KIT:
        return KIT_PARENT / name
    return Path(name) if Path(name).exists() else project.folder / name


def is_own(place: str) -> bool:
    """Whether a place is the project's, and not the kit's."""
    return place.partition("/")[0] != KIT


def show_path(place: str, project: "Project", start: Path | str = ".") -> str:
    """The file that a place names, relative to a folder; of the kit, as it is installed."""
    path = locate(place, project)
    return Path(os.path.relpath(path.resolve(), Path(start).resolve())).as_posix()


def find_line(place: str, project: "Project") -> int:
    """The line of a place's symbol or key; 1 for a whole file, 0 if it does not exist."""
    path, symbol = locate(place, project), place.partition("#")[2]
    if not path.exists():
        return 0
    if not symbol or path.is_dir():
        return 0 if symbol else 1
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return find_symbol(ast.parse(text).body, symbol)
    if path.suffix in (".yaml", ".yml"):
        return dict(find_lines(yaml.compose(text, Loader=yaml.SafeLoader))).get(symbol, 0)
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if symbol in line), 0)


def find_symbol(body: list[ast.stmt], symbol: str) -> int:
    """The line that defines a function, class, constant or `Class.method`; 0 if none does."""
    name, _, inner = symbol.partition(".")
    for node in body:
        if name not in names_of(node):
            continue
        if not inner:
            return node.lineno
        if isinstance(node, ast.ClassDef):
            return find_symbol(node.body, inner)
    return 0


def names_of(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]
