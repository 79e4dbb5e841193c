"""A check that cannot fail is a defect: every bullet's fault turns it red, and nothing else."""

import importlib
from pathlib import Path

import pytest
from faults.copies import copy_by_links, make_importable, working_in
from faults.harness import NUMBERS, Fault, Workspace

FAULTS: list[Fault] = [
    fault
    for path in sorted(Path(__file__).with_name("faults").glob("*.py"))
    for fault in getattr(importlib.import_module(f"faults.{path.stem}"), "FAULTS", ())
]
# By default one fault a bullet, on two projects; `make test-slow` tries them all.
FIRST = {fault.bullet: fault for fault in reversed(FAULTS) if fault.option_set != NUMBERS}
TRIED = [
    pytest.param(
        fault,
        id=f"{fault.bullet}-{fault.text}",
        marks=() if fault in FIRST.values() else pytest.mark.slow,
    )
    for fault in FAULTS
]
MET = ("verified", "present", "attested")
MOST_EDITS = 18
SCORES = {"ML-22", "ML-26", "ML-41"}  # sums over other bullets, which fall with them


@pytest.fixture(scope="session")
def standing(finished, tmp_path_factory):
    """`standing("image-classification", given)`: a finished project as a fault finds it.

    Faults that share what is given share the folder, its verdicts, and what was edited in it.
    """
    known = {}

    def get(option_set: str, given=None) -> tuple[Path, dict, list[str]]:
        if (option_set, given) not in known:
            source = finished(option_set)
            package = make_importable(source)
            if given is not None:
                source = copy_by_links(source, tmp_path_factory.mktemp("given") / source.name)
            with working_in(source), pytest.MonkeyPatch.context() as monkeypatch:
                work = Workspace(source, package, monkeypatch)
                if given is not None:
                    given(work)
                known[option_set, given] = source, work.judge(), work.find_edits()
        return known[option_set, given]

    return get


@pytest.fixture
def workspace(finished, standing, tmp_path, monkeypatch):
    """`workspace("image-classification")`: a copy to break, as the working directory."""

    def make(option_set: str, given=None) -> Workspace:
        source = standing(option_set, given)[0]
        copy = copy_by_links(source, tmp_path / source.name)
        monkeypatch.chdir(copy)
        return Workspace(copy, make_importable(finished(option_set)), monkeypatch)

    return make


@pytest.fixture(scope="session")
def verdicts(standing):
    """The verdicts of a finished project, before any fault."""
    return lambda option_set: standing(option_set)[1]


@pytest.mark.parametrize("fault", TRIED)
def test_the_fault_turns_its_bullet_red_and_no_other(fault, workspace, standing, fault_table):
    _, before, edits = standing(fault.option_set, fault.given)
    work = workspace(fault.option_set, fault.given)
    assert before[fault.bullet].status in MET, before[fault.bullet]
    fault.apply(work)
    after = work.judge()
    fault_table(fault.bullet, fault.text, before[fault.bullet].status, after[fault.bullet].status)
    assert after[fault.bullet].status == fault.becomes, after[fault.bullet]
    turned = {
        name
        for name, verdict in after.items()
        if verdict.status == "failing" and before[name].status != "failing"
    }
    assert turned - {fault.bullet} <= set(fault.also)
    assert bool(edits + work.find_edits()) == fault.edits, edits + work.find_edits()


def test_nearly_all_faults_are_of_the_work_itself():
    """A report that was edited tries the check alone, and not the stage that would write it."""
    edits = [fault.text for fault in FAULTS if fault.edits]
    assert len(edits) <= MOST_EDITS, edits


def test_every_bullet_that_is_met_has_a_fault(verdicts, fault_table):
    """Bullets whose machinery is still to come stand as to do, in the table too."""
    faulted = {fault.bullet for fault in FAULTS}
    standing = verdicts("image-classification")
    for name in standing.keys() - faulted:
        fault_table(name, standing[name].figure, standing[name].status, "not tried")
    assert {name for name in standing.keys() - faulted if standing[name].status in MET} == set()


def test_one_byte_of_raw_data_makes_exactly_its_dependents_stale(workspace, verdicts):
    before = verdicts("image-classification")
    work = workspace("image-classification")
    picture = next(Path("data/raw").rglob("*.png"))
    content = bytearray(picture.read_bytes())
    content[-1] ^= 1
    work.write(picture.as_posix(), bytes(content))
    after = work.judge()
    depends = {name for name, v in before.items() if v.status == "verified"}
    stale = {name for name, v in after.items() if v.status == "stale"}
    assert stale
    changed = {name for name, v in after.items() if v != before[name]} - SCORES
    assert changed - find_unused(before, after) == stale
    unaffected = depends - stale
    assert all(reads_no_report(work, name) for name in unaffected - SCORES)


def test_one_learning_rate_makes_training_and_what_follows_stale_and_no_data(workspace, verdicts):
    before = verdicts("image-classification")
    work = workspace("image-classification")
    work.set_config("optimizer/adamw.yaml", lr=2.0e-4)
    after = work.judge()
    stale = {name for name, v in after.items() if v.status == "stale"}
    assert {"DL-24.1", "DL-34.1"} <= stale
    assert not {name for name in stale if name.startswith(("DL-06", "DL-07", "DL-09"))}
    changed = {name for name, v in after.items() if v.status != before[name].status}
    unused = find_unused(before, after)
    assert {"DL-12.1", "DL-27.1"} <= unused
    assert changed - SCORES - unused == stale


def find_unused(before: dict, after: dict) -> set[str]:
    """Bullets whose config was seen to be used, and is only there until a run uses it again."""
    turned = {name for name, v in after.items() if v.status == "present"}
    return {name for name in turned if before[name].status == "verified"}


def reads_no_report(work: Workspace, bullet: str) -> bool:
    """Whether a bullet's check is met without any report: all reports hidden, it still holds."""
    checklist = work.module("checklist.bullets").load_checklist()
    hidden = work.module("checklist.evidence").Evidence(work.project)
    hidden.cfg.paths.reports_dir = "nowhere"
    verdict = work.module("checklist.verdict").judge(checklist.bullets[bullet], hidden)
    return verdict.status in (*MET, "n/a")
