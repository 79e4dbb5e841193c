"""Disturbed test items are scored beside themselves as they are; what is too sure is flagged."""

import numpy as np
import pytest
from dlproof.config import build, compose
from dlproof.data.store import load_store
from dlproof.errors import UserError
from dlproof.evaluation import robustness
from dlproof.evaluation.ledger import Ledger
from dlproof.types import Disturbance

from ..projects import IMAGE, REGRESSION, TABLE
from .test_evaluate import EVALUATE, trained

__all__ = ["trained"]
EVERY_SORT = pytest.mark.parametrize("sort", [IMAGE, TABLE, REGRESSION], indirect=True)


@EVERY_SORT
def test_each_configured_strength_is_scored_on_the_test_split(trained, run):
    figures = run("evaluate", *EVALUATE).figures
    found, wanted = figures["robustness"], compose().evaluate.robustness
    names = [f"{kind}={strength:g}" for kind in wanted for strength in wanted[kind]]
    assert {*found["scores"], *found["unchanged"]} == {*names}
    assert len(found["scores"]) > len(names) / 2  # on tiny pictures, a slight blur is none
    assert found["items"] == figures["items"]
    assert found["undisturbed"] == pytest.approx(figures["metrics"][figures["metric"]])
    sign = 1 if build(compose().task).mode == "max" else -1
    for row in found["scores"].values():
        assert row["drop"] == pytest.approx(sign * (found["undisturbed"] - row["score"]))
        low, high = row["interval"]
        assert low <= row["drop"] <= high


def test_a_repeat_gives_the_same_and_opens_nothing(trained, run):
    first = run("evaluate", *EVALUATE).figures["robustness"]
    assert run("evaluate", *EVALUATE).figures["robustness"] == first
    assert len(Ledger("reports").entries()) == 1


def test_an_empty_item_has_one_answer_and_others_many(trained, run):
    scores = run("evaluate", *EVALUATE).figures["robustness"]["scores"]
    assert scores["blank=1"]["answer"] in load_store("data").state["task"]["classes"]
    assert 0 < scores["blank=1"]["probability"] <= 1
    assert "answer" not in scores["noise=0.1"]


@EVERY_SORT
def test_a_large_split_is_sampled(trained, run):
    few = run("evaluate", *EVALUATE, "evaluate.robustness_items=7").figures
    assert few["items"] > few["robustness"]["items"] == 7


def test_a_disturbance_of_another_kind_of_data_is_refused(trained, run):
    with pytest.raises(UserError, match=r"robustness\.nois is unknown: did you mean noise\? image"):
        run("evaluate", *EVALUATE, "+evaluate.robustness.nois=[1]")


@EVERY_SORT
def test_what_changes_nothing_is_named_and_not_scored(trained, run):
    found = run("evaluate", *EVALUATE, "evaluate.robustness.noise=[0,1]").figures["robustness"]
    assert "noise=0" in found["unchanged"]
    assert "noise=1" in found["scores"]
    assert not found["scores"].keys() & {*found["unchanged"]}


def test_more_sure_errors_than_a_sure_model_makes_are_flagged():
    scores = {"blank=0": {"overconfident": 0.11}, "noise=1": {"overconfident": 0.09}}
    assert robustness.find_flagged(scores, sure=0.9) == ["blank=0"]
    assert robustness.find_flagged(scores, sure=0.95) == ["blank=0", "noise=1"]


def test_a_disturber_draws_on_from_batch_to_batch():
    def replace(arrays, state, strength, draws):
        return {"image": draws.random(arrays["image"].shape) * strength}

    disturbance = Disturbance(replace, "other pixels up to {:g}")
    disturber = robustness.Disturber(disturbance, 2.0, {}, np.random.default_rng(0))
    assert not disturber.changed
    one, two = (disturber({"image": np.zeros((3, 4))})["image"] for _ in range(2))
    assert disturber.changed
    np.testing.assert_array_equal(
        np.concatenate([one, two]), 2 * np.random.default_rng(0).random((6, 4))
    )


@EVERY_SORT
def test_a_wrong_and_sure_answer_is_overconfident_and_so_is_no_number(processed, sort):
    task, state = build(compose().task), load_store("data").state["task"]
    if sort == REGRESSION:
        targets, low, high = np.zeros(4), state["min"], state["max"]
        answers = np.array([low, high + 1, low - 1, np.nan])
        expected = [False, True, True, True]
    else:
        targets = np.array([0, 0, 0, 0])
        answers = np.array([[0.95, 0.05], [0.2, 0.8], [0.05, 0.95], [np.nan, np.nan]])
        answers = np.pad(answers, ((0, 0), (0, len(state["classes"]) - 2)))
        targets[3] = 1
        expected = [False, False, True, True]
    assert task.find_overconfident(targets, answers, state, 0.9).tolist() == expected
