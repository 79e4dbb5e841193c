"""Each group that the charter names must be scored and good enough; who is worse is told."""

from types import SimpleNamespace

import pytest
from dlproof.checklist.evaluation import no_group_is_left_behind
from dlproof.checklist.evidence import NotYetError
from omegaconf import OmegaConf

GROUPS = {
    "label=a": {"items": 50, "score": 0.96, "interval": [0.9, 0.99], "gap": ""},
    "site=b": {"items": 40, "score": 0.9, "interval": [0.82, 0.96], "gap": "worse"},
}


def judge(declared, **known):
    """The finding on declared groups, of those that `evaluate` scored."""
    answers = {"data.groups": dict.fromkeys(declared, 0.5), "success.minimum": 0.95}
    cfg = OmegaConf.create({"task": {"mode": "max", "metric": "accuracy"}})
    figures = {"groups": GROUPS | known}
    return no_group_is_left_behind(
        SimpleNamespace(cfg=cfg, answer=answers.get, figures=lambda _: figures)
    )


def test_groups_that_may_reach_the_minimum_hold_and_gaps_are_told():
    found = judge(GROUPS)
    assert found.holds
    told = "2 groups, worst site=b: 0.9 on 40 items; surely worse than the rest: site=b"
    assert found.figure == told


def test_a_group_below_the_minimum_fails():
    found = judge(GROUPS, **{"site=b": GROUPS["site=b"] | {"interval": [0.82, 0.94]}})
    assert not found.holds
    assert "below 0.95: site=b" in found.figure


def test_a_group_that_has_no_score_is_to_do():
    with pytest.raises(NotYetError, match=r"site=c has no test item, or a name .* data\.groups"):
        judge([*GROUPS, "site=c"])
