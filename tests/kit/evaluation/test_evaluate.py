"""Evaluation opens the test split once and compares on the same items."""

import numpy as np
import pytest
from dlproof.config import build, compose
from dlproof.data.store import TEST, load_store
from dlproof.errors import UserError
from dlproof.evaluation import evaluate
from dlproof.evaluation.ledger import Ledger

TRAIN = ("trainer.max_epochs=2", "trainer.accelerator=cpu", "logger=[csv]", "loader.batch_size=16")
EVALUATE = ("evaluate.resamples=50",)


@pytest.fixture
def trained(checked, run):
    run("train", *TRAIN)
    run("baselines")
    return checked


def test_no_stage_before_it_can_read_the_test_split(processed):
    with pytest.raises(PermissionError, match="final evaluation"):
        load_store("data").rows(TEST)


def test_figures_follow_from_the_kept_predictions_and_the_split_opens_once(trained, run):
    figures = run("evaluate", *EVALUATE).figures
    store, task = load_store("data"), build(compose().task)
    rows = store.open_test()
    with np.load("reports/test_predictions.npz") as kept:
        assert kept["rows"].tolist() == rows.tolist()
        expected = task.metrics(np.asarray(store.targets[rows]), kept["predictions"])
    assert figures["metrics"] == pytest.approx(expected)
    assert figures["items"] == len(rows)
    low, high = figures["interval"]
    assert low <= figures["metrics"][task.metric] <= high
    assert set(figures["baselines"]) >= {"random", "constant", "logistic_regression"}
    again = run("evaluate", *EVALUATE).figures
    assert (again["kept_predictions"], again["openings"]) == (True, 1)
    assert again["mode"] == figures["mode"]


def test_the_network_is_watched_while_it_predicts(trained, run):
    mode = run("evaluate", *EVALUATE).figures["mode"]
    assert mode["calls"] > 0
    assert mode["in_training_mode"] == mode["with_gradients"] == 0


def test_the_worst_items_are_of_the_test_split_and_sorted_by_loss(trained, run):
    worst = run("evaluate", *EVALUATE).figures["worst"]
    items = load_store("data").items
    assert set(items.loc[items["id"].isin([item["id"] for item in worst]), "split"]) == {TEST}
    losses = [item["loss"] for item in worst]
    assert losses == sorted(losses, reverse=True)


def test_a_second_look_at_the_test_split_needs_a_reason(trained, run):
    run("evaluate", *EVALUATE)
    (trained / "reports" / "test_predictions.npz").unlink()
    with pytest.raises(UserError, match="write why it must again"):
        run("evaluate", *EVALUATE)
    run("evaluate", *EVALUATE, "evaluate.reason=the file was lost")
    assert [entry["reason"] for entry in Ledger("reports").entries()] == ["", "the file was lost"]


def fail(monkeypatch, name, run, *overrides):
    """Runs `evaluate` while one of its steps runs out of memory."""

    def run_out(*_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(evaluate, name, run_out)
        with pytest.raises(MemoryError):
            run("evaluate", *EVALUATE, *overrides)


def test_what_fails_behind_the_entry_goes_on_without_a_second_one(trained, run, monkeypatch):
    for step in ("predict", "predict", "evidence"):
        fail(monkeypatch, step, run)
    figures = run("evaluate", *EVALUATE).figures
    assert (figures["kept_predictions"], figures["openings"]) == (True, 1)
    assert not (trained / "reports" / evaluate.OPENING).exists()


def test_a_repeat_for_one_reason_that_fails_is_one_entry(trained, run, monkeypatch):
    run("evaluate", *EVALUATE)
    reason = "evaluate.reason=the threads differed"
    for step in ("predict", "evidence"):
        fail(monkeypatch, step, run, reason)
    assert run("evaluate", *EVALUATE, reason).figures["openings"] == 2
