"""What `reproduce` found of the current run decides whether training repeats."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof.checklist import training_proofs
from dlproof.checklist.evidence import StaleError
from dlproof.checklist.verdict import Finding
from dlproof.files import write_sealed

FOUND = {
    "run": "exp-1",
    "started": "2026-12-01",
    "commit": "0123456789",
    "device": "cpu",
    "metrics": 9,
    "apart": 0.0,
    "worst": "val/loss",
    "tolerance": 0.0,
    "weights": True,
    "same": True,
}


@pytest.fixture
def judge(tmp_path, monkeypatch):
    def find(agree=True, **values):
        told = Finding(agree, "equal runs")
        monkeypatch.setattr(training_proofs, "compare_equal_runs", lambda project, proof: told)
        write_sealed(tmp_path / "reproduce.json", FOUND | values)
        return training_proofs.equal_runs_agree(project)

    project = SimpleNamespace(
        cfg=SimpleNamespace(paths=SimpleNamespace(reports_dir=tmp_path)),
        run={"id": "exp-1", "started": "2026-12-01"},
        figures=lambda stage: {"proof": {}},
    )
    find.project = project
    return find


def test_a_run_that_was_trained_again_with_the_same_result_is_evidence(judge):
    found = judge()
    assert found.holds
    told = "equal runs; trained again at 01234567: 9 metrics and the weights, bit for bit"
    assert found.figure == told


@pytest.mark.parametrize(
    "values", [{"same": False, "apart": 0.1}, {"same": False, "weights": False}, {"agree": False}]
)
def test_a_run_that_ends_otherwise_when_trained_again_is_red(judge, values):
    assert not judge(**values).holds


def test_what_was_found_of_another_run_says_nothing(judge):
    assert judge(run="exp-2", same=False).figure == "equal runs"


def test_an_edited_result_is_stale(judge, tmp_path):
    judge()
    path = Path(tmp_path, "reproduce.json")
    path.write_text(path.read_text().replace('"metrics": 9', '"metrics": 99'))
    with pytest.raises(StaleError, match="is not from a run, or was edited since"):
        training_proofs.equal_runs_agree(judge.project)
