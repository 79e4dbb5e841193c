"""Evaluation opens the test split once and compares on the same items."""

import numpy as np
import pytest
import torch
from dlproof.config import build, compose
from dlproof.data.store import TEST, load_store
from dlproof.errors import UserError
from dlproof.evaluation import evaluate, predictions
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


@pytest.mark.parametrize(
    ("accelerator", "found", "expected"),
    [
        ("auto", "cuda", "cuda"),
        ("gpu", "cuda", "cuda"),
        ("auto", "mps", "mps"),
        ("cpu", "cuda", "cpu"),
        ("auto", None, "cpu"),
    ],
)
def test_networks_predict_where_the_trainer_trains(monkeypatch, accelerator, found, expected):
    device = None if found is None else torch.device(found)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: device)
    assert predictions.choose_device(accelerator) == torch.device(expected)


def test_evaluation_and_all_that_scores_runs_on_the_device_that_is_there(trained, run, monkeypatch):
    """On a device without memory, from which nothing comes back."""
    monkeypatch.setattr(predictions, "choose_device", lambda _: torch.device("meta"))
    monkeypatch.setattr(evaluate, "choose_device", lambda _: torch.device("meta"))
    short = ("ablate.epochs=1", "ablate.seeds=2", "trainer.accelerator=cpu", "logger=[csv]")
    commands = (("evaluate", *EVALUATE), ("ablate", *short), ("crossvalidate", *TRAIN))
    for command in commands:
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
            run(*command)
