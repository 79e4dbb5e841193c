"""The robustness set must be whole, on test items, and flag what is too sure."""

from types import SimpleNamespace

import numpy as np
import pytest
from dlproof.checklist import evaluation_robustness
from dlproof.config import build, compose

TARGETS = np.arange(40) % 2
SCORES = {
    "noise=0.1": {
        "score": 0.7,
        "drop": 0.2,
        "interval": [0.1, 0.3],
        "overconfident": 0.02,
        "hides": False,
    },
    "blank=0": {
        "score": 0.5,
        "drop": 0.4,
        "interval": [0.3, 0.5],
        "overconfident": 0.5,
        "hides": True,
    },
}


@pytest.fixture
def judge(in_configs, monkeypatch):
    """`judge(flagged=[])`: the finding on a robustness set that differs so far."""
    said = np.where(np.arange(40) < 4, 1 - TARGETS, TARGETS)  # 0.9 are right
    kept = (np.arange(40), TARGETS, np.eye(2)[said])
    monkeypatch.setattr(evaluation_robustness, "read_predictions", lambda _: kept)
    cfg = compose()
    cfg.evaluate.robustness = {"noise": [0.1], "blank": [0.0]}
    cfg.evaluate.sure = 0.9
    build(cfg.task)

    def judge(scores=SCORES, **others):
        found = {"items": 40, "undisturbed": 0.9, "unchanged": [], "flagged": ["blank=0"]}
        found |= {"scores": scores} | others
        project = SimpleNamespace(cfg=cfg, figures=lambda _: {"robustness": found})
        return evaluation_robustness.edge_cases_are_scored(project)

    return judge


def test_a_whole_set_holds_and_says_what_it_found(judge):
    assert judge().holds
    told = "2 disturbances on 40 test items, noise=0.1 costs 0.2 of accuracy"
    assert judge().figure == f"{told}; too sure under blank=0"


def change(name, **values):
    return SCORES | {name: SCORES[name] | values}


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"flagged": []}, "blank=0 is not flagged: 50% of the answers are overconfident"),
        ({"flagged": ["blank=0", "noise=0.1"]}, "noise=0.1 is flagged: 2% of the answers"),
        ({"scores": {"noise=0.1": SCORES["noise=0.1"]}, "flagged": []}, "blank=0 is not scored"),
        ({"scores": {}, "flagged": [], "unchanged": ["noise=0.1", "blank=0"]}, "no disturbance is"),
        ({"items": 20}, "20 items are disturbed, not 40"),
        ({"undisturbed": 0.8}, "the undisturbed score is 0.9000, not 0.8000"),
        ({"scores": change("noise=0.1", drop=0.1)}, "noise=0.1 costs 0.2000, not 0.1000"),
        ({"scores": change("noise=0.1", interval=[0.3, 0.4])}, "the drop of noise=0.1 lies outs"),
    ],
)
def test_what_is_missing_or_not_so_fails(judge, others, told):
    found = judge(**others)
    assert not found.holds
    assert told in found.figure


def test_answers_that_are_no_numbers_have_no_drop_and_are_flagged(judge):
    scores = change("blank=0", score=None, drop=None, interval=[None, None], overconfident=1.0)
    assert judge(scores).figure.startswith("2 disturbances on 40 test items, noise=0.1 costs 0.2")
    assert not judge(scores, flagged=[]).holds


def test_what_changes_nothing_may_be_left_out(judge):
    scores = {"noise=0.1": SCORES["noise=0.1"]}
    assert judge(scores, unchanged=["blank=0"], flagged=[]).holds
