"""Checks of the ML Test Score that no bullet makes: what they ask of a report."""

import copy

import pytest
from dlproof.checklist.evidence import Figures
from dlproof.checklist.model_tests import effect_of_an_old_model_is_known
from omegaconf import OmegaConf

ROWS = [
    {"share": share, "train_items": round(40 * share), "gain": 1 - share, "interval": [-0.1, 0.9]}
    for share in (0.25, 0.5, 1.0)
]
FIGURES = {"metric": "accuracy", "by": "share", "items": 10, "shares": ROWS}


class Project:
    """What the check reads."""

    def __init__(self, figures, time=None, split="random"):
        self.told = {
            "staleness": figures,
            "preprocess": {"items": {"train": 40, "validation": 10}},
        }
        self.cfg = OmegaConf.create({"data": {"time": time}, "split": {"name": split}})

    def figures(self, stage):
        return Figures(stage, self.told[stage])


def judge(time=None, split="random", **changes):
    return effect_of_an_old_model_is_known(
        Project(copy.deepcopy(FIGURES) | changes, time=time, split=split)
    )


def test_the_smallest_share_says_what_an_old_model_costs():
    found = judge()
    assert found.holds
    assert found.figure.startswith("accuracy worse by 0.75 [-0.1, 0.9] with 25%")
    assert "the oldest 25%" in judge("taken", "temporal", by="time").figure


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shares": ROWS[1:]}, "2 shares by share"),
        ({"shares": [*ROWS[:2], ROWS[2] | {"train_items": 39}]}, "not the whole training split"),
        ({"items": 9}, "not the whole training split"),
        ({"time": "taken"}, "in place of by time"),
        ({"time": "taken", "by": "time"}, "split=temporal would judge it on the newest items"),
    ],
)
def test_what_does_not_tell_it_fails(changes, told):
    found = judge(**changes)
    assert not found.holds
    assert told in found.figure
