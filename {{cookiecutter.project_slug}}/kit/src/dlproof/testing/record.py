"""`reports/tests.json`: what the last run of every test said, on which code.

Test id -> `outcome`, `asserts` (whether it can fail by what it looks at), `marks`, `calls` (modules
of the project whose functions the test called itself), `model` (hash of the exported one that it
tried), and with what its fixtures called: `ran` (modules), `stages` and `answers` (whether a
request to the service was answered).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import hash_file, hash_json, read_sealed, write_sealed
from ..manifest import PACKAGE, PLACES, read_manifest
from ..watch import ANSWERS

if TYPE_CHECKING:
    from ..project import Project

PATH = Path("reports/tests.json")  # pytest knows no config that could say where else
FOLDER = Path("tests")
Test = dict[str, Any]
# The row of a test that never came to be called.
NOTHING: Test = {
    "asserts": False,
    "marks": [],
    "model": "",
    "calls": [],
    "ran": [],
    "stages": [],
    "answers": False,
}


def hash_tested(folder: Path, tests: Path = FOLDER) -> str:
    """Hash of what a run of the tests depends on: the project's code, the tests and the kit.

    Args:
        folder: The project's package.
        tests: Where the tests are.
    """
    pairs = [(folder, path) for path in folder.rglob("*.py")]
    pairs += [(tests, path) for path in tests.rglob("*") if "__pycache__" not in path.parts]
    pairs += [(PACKAGE, path) for path in read_manifest().find_unreleased()]
    pairs += [(place.parent, place) for place in PLACES if place.exists()]
    files = {
        f"{root.name}/{path.relative_to(root).as_posix()}": hash_file(path)
        for root, path in pairs
        if path.is_file()
    }
    return hash_json(files)


def describe_called(called: set[str], prepared: set[str], project: "Project") -> Test:
    """What functions that ran say of a test.

    Args:
        called: `module:function` of those that the test called itself.
        prepared: Of those that its fixtures called.
        project: Whose they are.
    """
    both = list(split_names(called | prepared, project.package))
    run = {module for module, function in both if function == "run"}
    app, _, create = project.places["create_app"].partition(":")
    routes = any(m == app and f.startswith(f"{create}.<locals>.") for m, f in both)
    return {
        "calls": sorted({module for module, _ in split_names(called, project.package)}),
        "ran": sorted({module for module, _ in both}),
        "stages": [s.name for s in project.stages.values() if not s.is_tool and s.module in run],
        "answers": routes or ANSWERS in called | prepared,
    }


def split_names(names: set[str], package: str) -> Iterator[tuple[str, str]]:
    """Module below the package, and function, of each name that is the package's."""
    for name in names:
        if name.startswith(f"{package}."):
            module, _, function = name.removeprefix(f"{package}.").partition(":")
            yield module, function


def write_record(path: Path, covers: str, tests: dict[str, Test], *, whole: bool) -> None:
    """Writes the outcomes of a run; those of other tests stay, where they ran on the same code.

    Args:
        path: Of the record.
        covers: As `hash_tested` gives it.
        tests: Test id -> what became of it.
        whole: Whether this run was of all tests that the project has.
    """
    before = read_sealed(path)
    if before is not None and before["covers"] == covers:
        tests, whole = before["tests"] | tests, whole or before["whole"]
    content = {"covers": covers, "whole": whole, "tests": dict(sorted(tests.items()))}
    write_sealed(path, content)
