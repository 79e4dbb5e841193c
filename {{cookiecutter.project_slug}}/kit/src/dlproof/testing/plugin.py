"""Notes what became of every test: a plugin of pytest, by `-p` in pyproject.toml."""

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..errors import UserError
from ..origin import find_foreign, take_own
from ..project import Project, load_project
from ..watch import CHILDREN, read_children, watch
from .asserting import asserts
from .record import FOLDER, NOTHING, PATH, Test, describe_called, hash_tested, write_record

if TYPE_CHECKING:
    from .trained import Trained

# Options that leave tests out.
NARROWING = ("keyword", "deselect", "ignore", "ignore_glob", "lf", "stepwise")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Watches the project's package before any test imports it, and sees that it is this one's."""
    found = sorted(early_config.rootpath.glob("src/*/project.py"))
    if len(found) == 1:
        package, root = found[0].parent.name, early_config.rootpath
        is_typed = [*early_config.invocation_params.args] == sys.argv[1:]  # not called by code
        if is_typed and find_foreign(package, root):
            early_config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
            take_own(package, root, is_typed=True)
        recorder = Recorder(early_config, found[0].parent)
        early_config.pluginmanager.register(recorder, "dlproof_recorder")


@pytest.fixture(scope="session")
def trained(pytestconfig: pytest.Config) -> "Trained":
    """The exported model and validation items; the test is skipped where there is none."""
    from .trained import Trained  # which takes a second to import

    try:
        return Trained(pytestconfig.rootpath)
    except UserError as error:
        pytest.skip(f"there is no model to test: {error}")


class Recorder:
    """What the tests of this process call, and in the main process what became of all tests.

    Args:
        config: Pytest's.
        folder: The project's package.

    Attributes:
        tests: Test id -> its row of the record.
    """

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self.config, self.folder = config, folder
        self.tests: dict[str, Test] = {}
        self.called: set[str] = set()
        self.prepared: set[str] = set()
        self.by_fixture: dict[tuple[str, str], set[str]] = {}
        self.children = Path(tempfile.mkdtemp(prefix="called-"))
        os.environ[CHILDREN] = str(self.children)
        watch(folder.name, lambda name: self.called.add(name))
        self.covers = self.hash()

    def hash(self) -> str:
        """Hash of what the tests depend on, as it is now."""
        return hash_tested(self.folder, self.config.rootpath / FOLDER)

    @property
    def is_worker(self) -> bool:
        """Whether this is one of pytest-xdist's processes, which hand their reports on."""
        return hasattr(self.config, "workerinput")

    def take(self) -> set[str]:
        """What was called since the last look."""
        called, self.called = self.called, set()
        return called | read_children(self.children)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Keeps what a fixture of several tests calls: it counts for each that has the fixture."""
        before = self.take()
        try:
            return (yield)
        finally:
            called = self.take()
            if fixturedef.scope != "function":
                key = (fixturedef.argname, fixturedef.baseid)
                self.by_fixture.setdefault(key, set()).update(called)
            self.called |= before | called

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begins with nothing called."""
        self.take()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Adds to the report of a test what it called; other processes' reports bring it along."""
        report = yield
        if call.when == "setup":
            self.prepared = self.take()
        elif call.when == "call":
            report.dlproof = self.describe_test(item, self.take())  # type: ignore[attr-defined]
        return report

    def describe_test(self, item: pytest.Item, called: set[str]) -> Test:
        """The row of a test, without its outcome.

        Args:
            item: The test.
            called: What it has called itself.
        """
        prepared = set(self.prepared)
        for (name, base), names in self.by_fixture.items():
            if name in getattr(item, "fixturenames", ()) and item.nodeid.startswith(base):
                prepared |= names
        function = getattr(item, "function", None)
        tests = self.config.rootpath / FOLDER
        return {
            # Items that are not functions, such as doctests, always assert something.
            "asserts": function is None or asserts(function, tests, getattr(item, "cls", None)),
            "marks": sorted({mark.name for mark in item.iter_markers()} - {"parametrize"}),
            "model": getattr(getattr(item, "funcargs", {}).get("trained"), "sha256", ""),
            **describe_called(called, prepared, self.project),
        }

    @property
    def project(self) -> Project:
        """The project under test."""
        return load_project(self.folder.name)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps the worst outcome of a test's set-up, call and end."""
        name = re.sub(r"@[^\[\]]+$", "", report.nodeid)  # of a group of pytest-xdist's
        row = self.tests.setdefault(name, {"outcome": "passed", **NOTHING})
        row |= getattr(report, "dlproof", {})
        if not report.passed:
            row["outcome"] = "xfailed" if hasattr(report, "wasxfail") else report.outcome

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Writes the record, unless code has changed meanwhile."""
        if self.is_worker or not self.tests or self.covers != self.hash():
            return
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        whole = ended and not session.shouldstop and not session.shouldfail and self.asks_for_all()
        write_record(self.config.rootpath / PATH, self.covers, self.tests, whole=whole)

    def pytest_unconfigure(self) -> None:
        """Leaves nothing behind."""
        shutil.rmtree(self.children, ignore_errors=True)

    def asks_for_all(self) -> bool:
        """Whether the command line leaves no test out beside those that pyproject.toml does."""
        config, root = self.config, self.config.rootpath
        wanted = [root / name for name in config.getini("testpaths") or [FOLDER]]
        given = [Path(config.invocation_params.dir, name).resolve() for name in config.args]
        usual = read_option(config.getini("addopts"), "-m")
        return (
            all(any(path.is_relative_to(start) for start in given) for path in wanted)
            and config.getoption("markexpr") == usual
            and not any(config.getoption(name, None) for name in NARROWING)
        )


def read_option(options: list[str] | str, name: str) -> str:
    """The value of an option among others; empty where it is not given."""
    words = shlex.split(options) if isinstance(options, str) else options
    return next((value for word, value in pairwise(words) if word == name), "")
