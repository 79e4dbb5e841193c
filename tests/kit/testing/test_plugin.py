"""A test counts by what it did when it last ran: passed, asserted something, called own code."""

import shutil
from pathlib import Path

import pytest
from dlproof.checklist.deployment_tests import (
    pipeline_is_tested,
    service_is_tested,
    units_are_tested,
)
from dlproof.checklist.evidence import NotYetError, StaleError
from dlproof.checklist.tested import proves
from dlproof.files import read_json

# One test a room, one of stages one after another, one of the service.
WHOLE = """
import importlib
import pytest
from tiny.data import clean
from tiny.training import train
from tiny.deployment import app

ROOMS = ("problem.part", "model.part", "evaluation.evaluate", "monitoring.part", "data.split")


@pytest.mark.parametrize("room", [*ROOMS, "training.train", "deployment.export"])
def test_room(room):
    assert importlib.import_module(f"tiny.{room}").Part().double(2) == 4


def test_pipeline():
    assert train.run(clean.run()) == 2


def test_service():
    assert app.create_app()(7) == 7
"""
EVERY = """
import asyncio, subprocess, sys, unittest
import pytest
from hypothesis import given, strategies
from tiny.data import clean

def check(value):
    assert value == 1

@pytest.fixture(scope="session")
def made():
    return clean.run()

@pytest.fixture(scope="session")
def made_further(made):
    return made + 1

def test_that_asserts(): assert clean.run() == 1
def test_that_does_nothing(): pass
def test_that_asserts_nothing(): clean.run()
def test_of_nothing_of_ours(): assert len("ab") == 2
def test_of_a_constant():
    clean.run()
    assert True
    assert 1 == 1
def test_whose_assertion_is_never_reached():
    clean.run()
    return
    assert clean.run() == 5
def test_whose_assertion_is_switched_off():
    clean.run()
    if False:
        assert clean.run() == 5
def test_of_an_import():
    from tiny.data import split
    assert split
async def test_that_nobody_awaits(): assert clean.run() == 1
@pytest.mark.skip
def test_that_is_skipped(): assert clean.run() == 1
def test_that_skips_itself():
    assert clean.run() == 1
    pytest.skip("late")
@pytest.mark.xfail(strict=False)
def test_that_may_fail(): assert clean.run() == 2
def test_that_fails(): assert clean.run() == 2
@pytest.mark.slow
def test_that_is_deselected(): assert clean.run() == 1

def test_by_a_helper(): check(clean.run())
def test_by_raises():
    with pytest.raises(TypeError):
        clean.run("a")
def test_by_another_library():
    import numpy
    numpy.testing.assert_allclose(clean.run(), 1)
@given(strategies.integers())
def test_by_properties(number): assert clean.run(number) == number + 1
def test_by_a_fixture(made_further): assert made_further == 2
@pytest.mark.xdist_group("one")
def test_by_the_same_fixture(made): assert made == 1
def test_with_a_fixture_alone(made): pass
def test_by_another_process():
    code = "from dlproof.watch import watch_child as w; w('tiny');"
    code += "from tiny.data import clean; print(clean.run())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).stdout == b"1\\n"
@pytest.mark.unit
class TestGroup:
    def hold(self, value): assert value == 1
    def test_of_a_class(self): self.hold(clean.run())
class OfUnittest(unittest.TestCase):
    def test_of_unittest(self): self.assertEqual(clean.run(), 1)
"""
PROVING = {
    "test_that_asserts",
    "test_by_a_helper",
    "test_by_raises",
    "test_by_another_library",
    "test_by_properties",
    "test_by_a_fixture",
    "test_by_the_same_fixture",
    "test_by_another_process",
    "TestGroup::test_of_a_class",
    "OfUnittest::test_of_unittest",
}
CHECKS = (pipeline_is_tested, service_is_tested, units_are_tested)


@pytest.mark.parametrize("arguments", [(), ("-n", "2", "--dist=loadgroup")], ids=["one", "two"])
def test_only_tests_that_passed_assert_and_call_own_code_count(run_tests, arguments):
    rows = run_tests(EVERY, *arguments)
    assert {name for name, row in rows.items() if proves(row)} == PROVING
    assert "test_that_is_deselected" not in rows
    outcomes = {name: row["outcome"] for name, row in rows.items()}
    assert outcomes["test_that_skips_itself"] == outcomes["test_that_is_skipped"] == "skipped"
    assert outcomes["test_that_may_fail"] == "xfailed"
    assert outcomes["test_that_fails"] == "failed"
    assert rows["test_by_a_fixture"]["stages"] == ["clean"]
    assert rows["test_by_a_fixture"]["calls"] == []
    assert rows["TestGroup::test_of_a_class"]["marks"] == ["unit"]


def test_a_whole_suite_that_passes_proves_pipeline_service_and_units(tiny, run_tests):
    run_tests(WHOLE)
    found = [check(tiny) for check in CHECKS]
    assert [finding.holds for finding in found] == [True] * 3
    assert found[0].figure == "1 of 9 tests passed and go from raw data to a trained model"
    assert found[2].figure == (
        "9 of 9 tests passed and call own code, 8 without a stage; by phase 1, 2, 1, 2, 1, 2, 1"
    )
    assert {finding.proof for finding in found} == {"verified"}


@pytest.mark.parametrize(
    ("old", "new", "fails"),
    [
        ("assert train.run(clean.run()) == 2", "pass", [0]),
        ("assert train.run(clean.run()) == 2", "assert train.run() == 1", [0]),
        ("assert train.run(clean.run()) == 2", "assert train.run(clean.run()) == 3", [0, 2]),
        ("def test_pipeline", "async def test_pipeline", [0, 2]),
        ("def test_pipeline", "@pytest.mark.skip\ndef test_pipeline", [0]),
        ("def test_pipeline", "@pytest.mark.slow\ndef test_pipeline", [0]),
        ("def test_pipeline", "def pipeline", [0]),
        ("assert app.create_app()(7) == 7", "assert app.create_app()", [1]),
        ("assert app.create_app()(7) == 7", "app.create_app()(7)", [1]),
        ('"monitoring.part", ', "", [2]),
        (".double(2) == 4", ".forward() == 1", [2]),
    ],
)
def test_a_suite_that_lacks_something_proves_the_less(tiny, run_tests, old, new, fails):
    assert old in WHOLE
    run_tests(WHOLE.replace(old, new))
    assert [number for number, check in enumerate(CHECKS) if not check(tiny).holds] == fails


def test_before_a_run_and_after_a_part_there_is_something_to_do(tiny, run_tests):
    with pytest.raises(NotYetError, match="run `make test`"):
        pipeline_is_tested(tiny)
    run_tests(WHOLE, "-k", "pipeline")
    with pytest.raises(NotYetError, match="only 1 tests ran on this code"):
        pipeline_is_tested(tiny)
    run_tests(WHOLE, "tests/test_it.py::test_service")
    assert len(read_json("reports/tests.json")["tests"]) == 2
    assert not read_json("reports/tests.json")["whole"]


def test_a_part_that_runs_again_is_merged_into_the_whole(tiny, run_tests):
    run_tests(WHOLE + "\n@pytest.mark.slow\ndef test_slow(): assert clean.run() == 1\n")
    assert pipeline_is_tested(tiny).holds
    rows = run_tests(Path("tests/test_it.py").read_text(), "-m", "slow")
    assert len(rows) == 10
    assert pipeline_is_tested(tiny).holds


@pytest.mark.parametrize("name", ["src/tiny/data/clean.py", "tests/test_it.py", "tests/new.yaml"])
def test_a_run_counts_for_the_code_that_it_ran_on(tiny, run_tests, name):
    run_tests(WHOLE)
    path = Path(name)
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}\n# changed\n")
    with pytest.raises(StaleError, match="the code or its tests changed: run `make test`"):
        service_is_tested(tiny)
    shutil.rmtree("src/tiny/data/__pycache__", ignore_errors=True)
    path.write_text(before) if before else path.unlink()
    assert service_is_tested(tiny).holds


@pytest.mark.parametrize("edit", [lambda text: text.replace("failed", "passed"), lambda _: "{"])
def test_an_outcome_that_was_edited_is_not_from_a_run(tiny, run_tests, edit):
    rows = run_tests(WHOLE + "\ndef test_wrong(): assert clean.run() == 2\n")
    assert rows["test_wrong"]["outcome"] == "failed"
    path = Path("reports/tests.json")
    path.write_text(edit(path.read_text()))
    with pytest.raises(StaleError, match=r"tests\.json is not from a run, or was edited"):
        service_is_tested(tiny)
    run_tests(Path("tests/test_it.py").read_text())
    assert service_is_tested(tiny).holds


def test_a_collection_alone_writes_nothing(run_tests):
    assert run_tests(WHOLE, "--collect-only") == {}
