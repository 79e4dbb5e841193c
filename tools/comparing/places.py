"""What a place such as `model/sizing.py#NORMS` or `dvc.yaml#stages` holds in a text."""

import ast
import warnings
from collections.abc import Iterator
from functools import cache

import yaml

# Of a YAML file: seconds of work, since the fast parser dies of deep nesting; aliases multiply.
MAX_LENGTH, MAX_NODES = 300_000, 20_000


def read_fragment(path: str, text: str, symbol: str) -> tuple[int, str] | None:
    """The line and the text of a symbol, key or line in a file; None where it is not there."""
    lines = text.splitlines()
    if not symbol:
        return 1, text
    if path.endswith(".py"):
        return read_symbol(text, symbol)
    if path.endswith((".yaml", ".yml")):
        line, first, last = read_keys(text).get(symbol, (0, 0, 0))
        return (line, text[first:last].rstrip()) if line else None
    start = next((n for n, line in enumerate(lines) if symbol in line), None)
    if start is None:
        return None
    end = next((n for n in range(start + 1, len(lines)) if lines[n][:1] != "\t"), len(lines))
    return start + 1, "\n".join(lines[start:end])  # a make target with its recipe


@cache
def parse_python(text: str) -> ast.Module:
    """Python's tree, without running a line; an empty one where the text is not Python."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def read_symbol(text: str, symbol: str) -> tuple[int, str] | None:
    """The source of a function, class, constant or `Class.method`."""
    body, found = parse_python(text).body, None
    for name in symbol.split("."):
        found = next((node for node in body if name in names_of(node)), None)
        body = found.body if isinstance(found, ast.ClassDef) else []
    return (found.lineno, ast.get_source_segment(text, found) or "") if found else None


def names_of(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


@cache
def read_keys(text: str) -> dict[str, tuple[int, int, int]]:
    """Every dotted key of a YAML text: its line, and where its value starts and ends."""
    keys: dict[str, tuple[int, int, int]] = {}
    try:
        root = yaml.compose(text[:MAX_LENGTH], yaml.SafeLoader)
        for name, line, value in walk_keys(root, "", ()):
            keys[name] = (line, value.start_mark.index, value.end_mark.index)
            if len(keys) == MAX_NODES:
                break
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return keys


def walk_keys(
    node: yaml.Node | None, prefix: str, above: tuple[int, ...]
) -> Iterator[tuple[str, int, yaml.Node]]:
    """Dotted name, line and value of each key and list item; a loop of aliases ends the way."""
    pairs: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        pairs = [(str(key.value)[:100], key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [(str(n), value, value) for n, value in enumerate(node.value)]
    for name, key, value in pairs if id(node) not in above and len(above) < 50 else ():
        yield f"{prefix}{name}", key.start_mark.line + 1, value
        yield from walk_keys(value, f"{prefix}{name}.", (*above, id(node)))
