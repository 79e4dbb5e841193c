"""Places that bullets name, `path#symbol` or `path#dotted.key`: the file, and the line in it."""

import ast
import os
from pathlib import Path

import yaml

from ..problem.charter import find_lines
from .bullets import PACKAGE, locate


def show_path(place: str, start: Path | str = ".") -> str:
    """The file that a place names, relative to a folder."""
    path = locate(place)
    in_source = Path("src", PACKAGE.name, place.partition("#")[0])
    return Path(os.path.relpath(in_source if in_source.exists() else path, start)).as_posix()


def find_line(place: str) -> int:
    """The line of a place's symbol or key; 1 for a whole file, 0 when it is not there."""
    path, symbol = locate(place), place.partition("#")[2]
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
