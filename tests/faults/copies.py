"""Copies of a finished project that share its files' blocks, and its package on the path."""

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

SHARED = ("cache", "objects")  # of DVC and git: what is in them is called by its content


@contextmanager
def working_in(folder: Path):
    """The working directory for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def copy_by_links(source: Path, target: Path) -> Path:
    """A copy that shares its files' blocks with the original, and folders that only grow."""
    without = shutil.ignore_patterns(".hypothesis", ".pytest_cache", "__pycache__", *SHARED)
    shutil.copytree(source, target, symlinks=True, copy_function=link, ignore=without)
    for path in (path for name in SHARED for path in source.glob(f".*/{name}")):
        (target / path.relative_to(source)).symlink_to(path.resolve())
    return target


def link(source: str, target: str) -> str:
    """A hard link; of a database, which a fault may add to, a copy."""
    own = Path(source).suffix == ".sqlite"
    shutil.copy2(source, target) if own else os.link(source, target)
    return target


def make_importable(project: Path) -> str:
    """Puts a project's package on the path and returns its name."""
    for source in (str(project / "kit" / "src"), str(project / "src")):
        if source not in sys.path:
            sys.path.insert(0, source)
    (package,) = (path.name for path in (project / "src").iterdir() if path.is_dir())
    return package
