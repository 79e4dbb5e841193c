"""What the last run of the tests proves: those that passed, assert something and run own code."""

from collections.abc import Callable

from ..files import read_sealed
from ..testing.record import PATH, Test, hash_tested
from .evidence import Evidence, NotYetError, StaleError
from .verdict import Finding

RUN = "run `make test`"
Tests = dict[str, Test]


def read_tests(project: Evidence) -> Tests:
    """Test id -> its row of the record, of a whole run on the code as it is now.

    Raises:
        NotYetError: The tests have not run, or only some of them on this code.
        StaleError: The code or the tests have changed since, or the record was edited.
    """
    if not PATH.exists():
        raise NotYetError(RUN)
    record = read_sealed(PATH)
    if record is None:
        told = f"{PATH.as_posix()} is not from a run, or was edited since"
        raise StaleError(f"{told}: {RUN}, or restore it from git")
    if record["covers"] != hash_tested(project.project.folder):
        raise StaleError(f"the code or its tests changed: {RUN}")
    tests: Tests = record["tests"]
    if not record["whole"]:
        raise NotYetError(f"only {len(tests)} tests ran on this code: {RUN}")
    return tests


def proves(test: Test) -> bool:
    """Whether a test shows that something works: it passed, can fail, and calls own code."""
    return bool(test["outcome"] == "passed" and test["asserts"] and test["ran"])


def check_tests(tests: Tests, chosen: Callable[[Test], object], told: str) -> Finding:
    """Whether some of the tests prove something, and none of their kind failed.

    Args:
        tests: As they ran last.
        chosen: Which of them are meant.
        told: What they do; follows their number in the figure.
    """
    kind = {name: test for name, test in tests.items() if chosen(test)}
    failed = [name for name, test in kind.items() if test["outcome"] == "failed"]
    number = sum(map(proves, kind.values()))
    if failed:
        return Finding(False, f"{len(failed)} of {len(kind)} tests failed: {failed[0]}")
    return Finding(number > 0, f"{number} of {len(tests)} tests passed and {told}")
