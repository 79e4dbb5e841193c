"""What a model's file may have built: a checkpoint or `model.json` is data and may run nothing."""

import importlib
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from inspect import isclass, isfunction, signature
from pathlib import Path
from typing import Any

from .errors import UserError

# Whose classes models consist of, besides the project's own.
LIBRARIES = (
    "dlproof.data",
    "dlproof.model",
    "dlproof.tasks",
    "timm.layers",
    "timm.models",
    "timm.optim",
    "torch.nn",
    "torch.optim",
)
DECLARED: set[str] = set()  # packages of the projects that this process has imported

Node = Mapping[Any, Any]


def refuse_foreign(path: Path | str, groups: Node, own: Collection[str] = DECLARED) -> None:
    """Stops before anything is built by what a file says, if any of it is nothing to build.

    Allowed are classes of `LIBRARIES` and of the project, and those functions of the project that
    build networks (they take `state`) or are left for others to call (`_partial_`). An object
    counts by where it is defined, not by where it is imported.

    Args:
        path: Of the file.
        groups: The config groups that it holds.
        own: The project's package, or several.

    Raises:
        UserError: Names the key and what it asks for.
    """
    for name, group in groups.items():
        if isinstance(group, str):  # OmegaConf would read it as YAML
            raise UserError(f"{path} has a text for {name}: a config group is a mapping.")
    for key, value in walk(groups):
        if isinstance(value, Mapping):
            if "_target_" in value and not is_allowed(value, own):
                raise UserError(
                    f"{path} asks for {value['_target_']} in {key}, which is not built: "
                    f"a model may name classes of {', '.join((*sorted(own), *LIBRARIES))}, and "
                    f"the project's functions that take `state`.{name_earlier(value['_target_'])}"
                )
        elif isinstance(value, str) and "${" in value:
            raise UserError(
                f"{path} has {value!r} in {key}: a model must not refer to anything outside."
            )


def name_earlier(target: Any) -> str:
    """What to do where a package that is not there may be the project's by an earlier name."""
    package = str(target).partition(".")[0]
    if not package.isidentifier() or find_spec(package):
        return ""
    told = f" There is no {package} here: if that is what the project's package was called"
    return f"{told}, run `train` and `export` again."


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """All that nested containers hold, and they themselves, with their dotted keys."""
    yield key, value
    if isinstance(value, Mapping):
        parts: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        parts = iter(enumerate(value))
    else:
        return
    for name, part in parts:
        yield from walk(part, f"{key}.{name}" if key else str(name))


def is_allowed(node: Node, own: Collection[str]) -> bool:
    """Whether a node names what a model may have built.

    Raises:
        UserError: It is in a package that may be, and cannot be imported.
    """
    target = node["_target_"]
    module, _, name = str(target).rpartition(".")
    if not isinstance(target, str) or not is_inside(module, (*own, *LIBRARIES)):
        return False
    try:
        # Its module and its name alone: what a module imports is an attribute of it too.
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever a module of the project's raises
        raise UserError(f"{target} cannot be imported: {error}") from error
    if isclass(found):
        return is_inside(found.__module__, (*own, *LIBRARIES))
    is_own = isfunction(found) and is_inside(found.__module__, own)
    return is_own and (node.get("_partial_") is True or "state" in signature(found).parameters)


def is_inside(module: str, packages: Collection[str]) -> bool:
    """Whether a module is one of these packages or in one."""
    return f"{module}.".startswith(tuple(f"{package}." for package in packages))
