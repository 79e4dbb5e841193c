"""`coverage`: how much of the data package its tests reach, in `reports/coverage.json`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..files import hash_json, hash_tree, read_json, read_sealed, write_sealed
from .evidence import StaleError

if TYPE_CHECKING:
    from ..project import Project

COVERAGE, TESTS = "coverage.json", Path("tests/data")


def run(arguments: list[str], project: "Project") -> None:
    """Runs the tests of the data package, with pytest's own arguments, and keeps the figure.

    Raises:
        UserError: A test failed.
    """
    covers = hash_covered(project)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, COVERAGE)
        command = [sys.executable, "-m", "pytest", "-q", str(TESTS), *arguments]
        command += [f"--cov={project.package}.data", f"--cov-report=json:{found}"]
        done = subprocess.run([*command, "--cov-report=term", "--cov-fail-under=0"], check=False)
        if done.returncode:
            raise UserError("a test failed, so nothing is proven: fix it and run this again.")
        percent = read_json(found)["totals"]["percent_covered"]
    path = Path(project.compose().paths.reports_dir, COVERAGE)
    write_coverage(path, round(percent, 2), covers)
    print(f"coverage: {percent:.1f} % of the data package [{path}]")


def write_coverage(path: Path, percent: float, covers: str) -> None:
    """Writes the figure and what it is of, sealed: an edit of either shows."""
    write_sealed(path, {"percent": percent, "covers": covers})


def read_coverage(path: Path) -> dict[str, Any]:
    """What a run wrote.

    Raises:
        StaleError: It was edited, written by hand, or is damaged.
    """
    content = read_sealed(path)
    if content is None:
        told = f"{path.as_posix()} is not from a run, or was edited since"
        raise StaleError(f"{told}: run `coverage`, or restore it from git")
    return content


def hash_covered(project: "Project") -> str:
    """Hash of the code that is covered and of the tests that cover it."""
    files = [*(project.folder / "data").rglob("*.py"), *TESTS.rglob("*.py")]
    return hash_json([(path.name, hash_tree(path)) for path in sorted(files)])
