"""The checklist as it is written, and a project of its own to judge."""

from itertools import cycle
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.checklist.bullets import load_checklist
from {{ cookiecutter.package_name }}.checklist.score import compute_score
from {{ cookiecutter.package_name }}.checklist.standing import Standing
from {{ cookiecutter.package_name }}.checklist.verdict import STATUSES, Verdict

ROOT = Path(__file__).parents[2]
MADE_BY_RUNS = ("data", "models", "reports", "runs", ".git", ".venv", ".dvc_remote")


@pytest.fixture(scope="session")
def checklist():
    """`checklist.yaml` of this project."""
    return load_checklist(ROOT / "checklist.yaml")


@pytest.fixture
def at_root(monkeypatch):
    """The working directory: this project, to be read only."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def untouched(tmp_path, monkeypatch):
    """The working directory: this project's files, and nothing that a command made."""
    folder = tmp_path / "untouched"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name not in MADE_BY_RUNS:
            (folder / path.name).symlink_to(path)
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
