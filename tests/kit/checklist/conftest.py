"""The checklist as it is written, and a project of its own to judge."""

import shutil
from itertools import cycle

import pytest
from dlproof.checklist.bullets import load_checklist
from dlproof.checklist.score import compute_score
from dlproof.checklist.standing import Standing
from dlproof.checklist.verdict import STATUSES, Verdict

from ..projects import GENERATED, IMAGE, render

NOT_RENDERED = ("src", "kit", "requirements.lock")


@pytest.fixture
def package():
    """What `checklist.yaml` names of a project are the places of the real one."""
    return "own"


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A project as it is generated, less its code; to be read only."""
    folder = tmp_path_factory.mktemp("root")
    names = [path.name for path in GENERATED.iterdir() if path.name not in NOT_RENDERED]
    render(folder, "own", IMAGE, *names)
    return folder


@pytest.fixture(scope="session")
def checklist(root):
    """`checklist.yaml` of this project."""
    return load_checklist(root / "checklist.yaml")


@pytest.fixture
def at_root(root, monkeypatch):
    """The working directory: this project, to be read only."""
    monkeypatch.chdir(root)


@pytest.fixture
def untouched(root, tmp_path, monkeypatch):
    """The working directory: this project's files, and nothing that a command made."""
    folder = tmp_path / "untouched"
    shutil.copytree(root, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def standing(checklist):
    """Every status in turn, with a figure that no format may take for its own marks."""
    verdicts = {
        name: Verdict(status, f"{name} <b>&\u2026</b> `run`")
        for name, status in zip(checklist.bullets, cycle(STATUSES))
    }
    own = {test.id: Verdict("stale", "<i>") for test in checklist.score_tests if test.check}
    return Standing(checklist, verdicts, compute_score(checklist, verdicts | own))
