"""Whose code runs: that of the project a command stands in, wherever its environment was made.

An editable install leads to one folder. A copy of it, a git worktree and the folders in which DVC
runs queued experiments have code of their own, and their reports name their own commit.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from .errors import UserError
from .stages import KIT


def take_own(package: str, root: Path, *, is_typed: bool) -> None:
    """Starts the command of this process again on the project's code, where other code came.

    Args:
        package: The project's as it was called, or the kit.
        root: The project that the command stands in.
        is_typed: Whether the command is all that this process does.

    Raises:
        UserError: It cannot, or is called by the name of another project.
    """
    foreign = find_foreign(package, root)
    if not foreign:
        return
    sources = [str(path) for path in (root / "src", root / "kit" / "src") if path.exists()]
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    is_new = before[: len(sources)] != sources
    if is_typed and is_new and (root / "src" / package).exists():
        path = os.pathsep.join([*sources, *filter(None, before)])
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, os.environ | {"PYTHONPATH": path})
    raise UserError(foreign)


def find_foreign(package: str, root: Path) -> str:
    """Which package comes from elsewhere though the project has one, and what to do; else empty.

    A project without `src`, such as a container's that serves an installed one, has none.
    """
    others = [path.parent.name for path in sorted(root.glob("src/*/project.py"))]
    if others and package not in (*others, KIT):
        return (
            f"this is the command of {find_folder(package)}, and the project in {root} is "
            f"{' and '.join(others)}: run `make setup` there, and `python -m {others[0]}` of its "
            ".venv."
        )
    for name, place in ((package, root / "src" / package), (KIT, root / "kit" / "src" / KIT)):
        found = find_folder(name)
        if found and (place / "__init__.py").exists() and not place.samefile(found):
            return (
                f"{name} is imported from {found}, and the project in {root} has its own: run "
                "`make setup` there and use its .venv, or set PYTHONPATH=src:kit/src."
            )
    return ""


def find_folder(package: str) -> Path | None:
    """Where a package is imported from; None if it is not installed."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None
