"""Public names are imported when they are asked for: `import dlproof` brings no torch."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

KIT = __package__


def find_public(package: str, names: Mapping[str, str], name: str) -> Any:
    """What a package has under a public name.

    Args:
        package: Dotted name of the package that is asked.
        names: Public name -> module below it.
        name: The one that is asked for.

    Raises:
        AttributeError: It is not one of them.
    """
    if name not in names:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{package}.{names[name]}"), name)


def find_private_imports(folder: Path) -> list[str]:
    """`path: module.name` for all that code below a folder imports of the kit and is not public.

    A module of the kit that writes `evidence` is, for the one of its name that calls it.
    """
    return [
        f"{path.relative_to(folder).as_posix()}: {module}.{name}"
        for path in sorted(folder.rglob("*.py"))
        for module, name in list_imports(path)
        if not is_public(module, name)
    ]


def list_imports(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a file imports from the kit."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == KIT:
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name.rpartition(".") for alias in node.names)
            yield from (
                (module, name) for module, _, name in names if f"{module}.".startswith(f"{KIT}.")
            )


def is_public(module: str, name: str) -> bool:
    """Whether a room of the kit lists a name, or it is a module of it that writes `evidence`."""
    room = importlib.import_module(module)
    path = Path(str(room.__file__)).with_name(f"{name}.py")
    writes_evidence = path.exists() and "\ndef evidence(" in path.read_text(encoding="utf-8")
    return writes_evidence or name in getattr(room, "PUBLIC", {})
