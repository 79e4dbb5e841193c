"""Verdicts on monitoring name their window, get old, and do not hold while there is drift."""

from types import SimpleNamespace

import pytest
from dlproof.checklist import monitoring
from dlproof.checklist.evidence import NotYetError
from dlproof.checklist.verdict import Finding

QUIET = {"psi": 0.01, "chance": 0.1}
LOUD = {"psi": 5.1, "chance": 0.1}
FIGURES = {
    "version": "exp-1",
    "source": "live",
    "items": 200,
    "enough": True,
    "from": "2026-12-01T08:00:00.000+00:00",
    "to": "2026-12-01T09:30:00.000+00:00",
    "drift": False,
    "drifted": [],
    "max_psi": 0.2,
    "low_confidence": {"below": 0.5, "share": 0.05, "expected": 0.05},
    "watched": {"input/a": QUIET, "input/b": QUIET, "prediction": QUIET, "confidence": QUIET},
}
CHECKS = {
    "prediction": monitoring.predictions_are_compared_by_window,
    "confidence": monitoring.confidence_is_watched,
    "input/a": monitoring.inputs_are_compared_with_training,
}


@pytest.fixture
def look(monkeypatch):
    """A project with these figures of the monitor."""
    train = {"count": 100, "sha256": "0"}
    reference = {"items": {"input": train}, "watched": FIGURES["watched"]}
    monkeypatch.setattr(monitoring, "find_file", lambda report, ending: ending)
    monkeypatch.setattr(monitoring, "read_json", lambda path: reference)
    monkeypatch.setattr(monitoring, "describe_train", lambda project: train)
    metrics = {"prediction_confidence": {"type": "histogram", "count": 100}}
    cfg = SimpleNamespace(monitor=SimpleNamespace(min_items=30))

    def make(**changed):
        figures = {"monitor": FIGURES | changed, "export": {"version": "exp-1"}}
        figures["probe"] = {"metrics": metrics, "items": 100}
        return SimpleNamespace(figures=figures.get, report=figures.get, cfg=cfg)

    return make


@pytest.mark.parametrize("name", CHECKS)
def test_a_quiet_window_holds_and_is_named(look, name):
    found = CHECKS[name](look())
    assert found.holds
    assert found.figure.startswith(
        "200 live predictions of exp-1, 2026-12-01 08:00 to 2026-12-01 09:30: "
    )


@pytest.mark.parametrize("name", CHECKS)
def test_drift_fails_what_it_is_found_in_and_nothing_else(look, name):
    drifted = look(drifted=[name], watched=FIGURES["watched"] | {name: LOUD})
    for watched, check in CHECKS.items():
        found: Finding = check(drifted)
        assert found.holds == (watched != name)
        assert ("DRIFT in 1 of" in found.figure) == (watched == name)
    assert "index 5.1" in CHECKS[name](drifted).figure


def test_too_few_predictions_are_no_verdict(look):
    with pytest.raises(NotYetError, match="20 live predictions are logged, 30 are needed"):
        monitoring.window_of(look(items=20, enough=False))
