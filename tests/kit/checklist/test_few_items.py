"""Sets of 20 to 60 items, and numbers that drift: what more items would decide fails no check."""

from types import SimpleNamespace

import numpy as np
import pytest
from dlproof.checklist import data, data_labels, data_split, problem, training_log
from dlproof.checklist.evidence import NotYetError
from omegaconf import OmegaConf


def see(name="classification", mode="max", answers=None, log=None, split="stratified", **figures):
    """A project with these figures of its stages, answers and log."""
    cfg = {
        "task": {"name": name, "mode": mode},
        "labels": {"spot_check": 50},
        "schedule": {"warmup": 0.05},
        "split": {"name": split},
    }
    return SimpleNamespace(
        cfg=OmegaConf.create(cfg),
        figures=figures.get,
        report=lambda stage: SimpleNamespace(figures=figures[stage], pictures={"sheet.png": ""}),
        answer=(answers or {}).get,
        log=log,
    )


@pytest.mark.parametrize(
    ("items", "smallest", "more"),
    [
        (40, 14, "40 items, the fewest of a: 14; .* collect 60 more, and 20 of every class"),
        (60, 30, "60 items, the fewest of a: 30; .* collect 40 more$"),
        (60, None, "60 items; .* collect 40 more$"),
    ],
)
def test_of_few_items_how_many_more_it_takes_is_to_do(items, smallest, more):
    explore = {"items": items, "labels": {"smallest": {"a": smallest}}}
    project = see("classification" if smallest else "regression", explore=explore)
    with pytest.raises(NotYetError, match=more):
        data.every_class_has_enough_items(project)


@pytest.mark.parametrize(("smallest", "holds"), [(20, True), (19, False)])
def test_of_many_items_a_class_of_few_fails(smallest, holds):
    project = see(explore={"items": 100, "labels": {"smallest": {"a": smallest}}})
    assert data.every_class_has_enough_items(project).holds == holds


def sign_labels(found, planted, items, **signed):
    """The verdict on labels of which so many were made wrong on trial, and found."""
    signed = {"sheet": "1a", "checked": items, "wrong": 0, "how": "by eye"} | signed
    labels = {
        "items": items,
        "planted": planted,
        "planted_recall": round(found / planted, 4),
        "suspects": {"count": 1},
        "sheet": "1a",
    }
    project = see(answers={"data.label_check": signed}, labels=labels)
    return data_labels.labels_are_checked(project)


@pytest.mark.parametrize(("found", "planted", "items"), [(0, 2, 20), (0, 3, 60), (1, 3, 48)])
def test_labels_of_few_items_are_checked_by_a_person_where_the_trial_says_nothing(
    found, planted, items
):
    held = sign_labels(found, planted, items)
    assert held.holds
    assert "too few to judge by" in held.figure
    assert not sign_labels(found, planted, items, checked=items - 11).holds
    assert not sign_labels(found, planted, items, sheet="2b").holds


@pytest.mark.parametrize(("found", "planted"), [(0, 5), (1, 10), (30, 90)])
def test_a_detector_that_misses_more_than_chance_does_proves_nothing(found, planted):
    assert not sign_labels(found, planted, 20 * planted).holds


def watch_loss(losses, steps):
    """The verdict on the losses of epochs of so many steps."""
    epochs = len(losses)
    train = {"steps": steps * epochs, "epochs": epochs, "total_steps": 1000}
    return training_log.loss_falls_from_the_first_epoch(
        see(log={"train/loss": losses}, train=train)
    )


def fall(epochs, start=0.7):
    """A loss that falls from the warm-up's end on, and rises by chance at its start."""
    return [start, start + 0.01, *(start * 0.99**epoch for epoch in range(epochs - 2))]


def test_epochs_of_one_step_are_taken_together_until_the_warm_up_is_over():
    found = watch_loss(fall(1000), steps=1)
    assert found.holds
    assert "means of 50 epochs each" in found.figure
    assert not watch_loss([0.7] * 1000, steps=1).holds
    with pytest.raises(NotYetError, match="run `train` for 100 epochs or more"):
        watch_loss(fall(60), steps=1)


@pytest.mark.parametrize("steps", [10, 23, 500])
def test_epochs_that_train_are_held_one_by_one(steps):
    assert not watch_loss(fall(30), steps).holds
    assert watch_loss([0.7, 0.6], steps).holds


def ask_minimum(minimum, items, mode="max", name="classification", **scores):
    """The verdict on a minimum, where baselines scored so."""
    found = {baseline: {"metric": score} for baseline, score in scores.items()}
    baselines = {"scores": found, "metric": "metric", "validation_items": items}
    project = see(name, mode, {"success.minimum": minimum}, baselines=baselines)
    return problem.minimum_is_above_chance(project)


@pytest.mark.parametrize(
    ("minimum", "given"),
    [
        (0.7, {"random": 0.83, "constant": 0.67}),
        (0.7, {"random": 0.5, "constant": 0.83}),
        (5.0, {"random": 9.0, "constant": 4.5, "mode": "min", "name": "regression"}),
    ],
)
def test_a_minimum_that_luck_on_few_items_reaches_is_to_do(minimum, given):
    with pytest.raises(NotYetError, match=r"by luck on 6 items or not: more validation items"):
        ask_minimum(minimum, 6, **given)
    assert not ask_minimum(minimum, 1000, **given).holds


def test_a_minimum_below_what_knows_nothing_fails_on_few_items_too():
    assert not ask_minimum(0.3, 12, random=0.25, constant=0.75).holds
    assert ask_minimum(0.8, 6, random=0.5, constant=0.67).holds
    assert not ask_minimum(0.8, 6, random=0.5).holds


def place_numbers(monkeypatch, numbers, dates=False):
    """The verdict on strata of numbers in the order of time, the last fifth not trained on."""
    count = len(numbers)
    held = count // 10
    splits = ["train"] * (count - 2 * held) + ["validation"] * held + ["test"] * held
    ranks = np.argsort(np.argsort(numbers)) * min(10, max(1, count // 10)) // count
    days = np.datetime64("2024-01-01") + np.arange(count)
    rows = [
        {"split": split, "label": str(number), "time": str(days[at] if dates else at / 1000)}
        for at, (split, number) in enumerate(zip(splits, numbers, strict=True))
    ]
    monkeypatch.setattr(data_split, "read_split", lambda project: rows)
    strata = {f"quantile_{rank}": dict.fromkeys(data_split.SPLITS, 0) for rank in ranks}
    for rank, split in zip(ranks, splits, strict=True):
        strata[f"quantile_{rank}"][split] += 1
    project = see("regression", split="temporal")
    project.figures = {"split": {"strata": strata}}.get
    return data_split.dev_and_test_hold_every_class(project)


@pytest.mark.parametrize("dates", [True, False])
@pytest.mark.parametrize("count", [20, 40, 60])
@pytest.mark.parametrize("slope", [8.0, -8.0])
def test_quantiles_that_a_drift_leaves_out_of_a_split_by_time_are_no_fault(
    monkeypatch, count, slope, dates
):
    noise = np.random.default_rng(0).normal(size=count)
    found = place_numbers(monkeypatch, slope * np.arange(count) / count + noise, dates)
    assert found.holds
    assert f"a drift of {'+' if slope > 0 else '-'}" in found.figure
    assert found.figure.endswith("over all the time explains it")


def test_numbers_that_leap_where_training_ends_are_explained_by_no_drift(monkeypatch):
    numbers = np.random.default_rng(0).normal(size=400)
    numbers[320:] += 10
    assert not place_numbers(monkeypatch, numbers).holds


def count_classes(monkeypatch, counts, split):
    """The verdict on classes with so many items in train, validation and test."""
    rows = [
        {"split": part, "label": name}
        for name, row in counts.items()
        for part, items in zip(data_split.SPLITS, row, strict=True)
        for _ in range(items)
    ]
    monkeypatch.setattr(data_split, "read_split", lambda project: rows)
    return data_split.dev_and_test_hold_every_class(see(split=split))


def test_a_class_that_chance_left_out_of_a_split_is_to_do_and_one_of_many_items_fails(monkeypatch):
    few = {"a": (20, 3, 3), "b": (10, 0, 2)}
    with pytest.raises(NotYetError, match=r"of b in validation, .*: 37 items .*split=stratified"):
        count_classes(monkeypatch, few, "random")
    assert not count_classes(monkeypatch, {"a": (80, 10, 10), "b": (45, 0, 5)}, "random").holds
    assert count_classes(monkeypatch, {"a": (16, 2, 2), "b": (8, 1, 1)}, "stratified").holds
