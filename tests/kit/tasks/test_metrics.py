"""Metrics equal scikit-learn's and torchmetrics', one draw or many, and say what is undefined."""

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from dlproof import tasks
from dlproof.checklist.evaluation import compute_classification
from dlproof.intervals import bootstrap, draw
from dlproof.weighing import prepare
from hypothesis import given
from hypothesis import strategies as st
from own.problem.classification import Classification
from own.problem.regression import Regression
from sklearn import metrics as sk
from torchmetrics.functional.classification import multiclass_calibration_error


def rank(score, targets, probabilities):
    """Mean over the classes that occur; NaN for one alone."""
    present = np.unique(targets)
    if len(present) < 2:
        return np.nan
    return np.mean([score(targets == code, probabilities[:, code]) for code in present])


def calibrate(targets, probabilities):
    tensors = torch.from_numpy(probabilities), torch.from_numpy(targets)
    return float(multiclass_calibration_error(*tensors, probabilities.shape[1], norm="l1"))


def averaged(name, average, targets, probabilities):
    score = getattr(sk, f"{name}_score")
    return score(targets, probabilities.argmax(axis=1), average=average, zero_division=0)


CLASSES = {
    "accuracy": lambda t, p: sk.accuracy_score(t, p.argmax(axis=1)),
    "precision_macro": partial(averaged, "precision", "macro"),
    "recall_macro": partial(averaged, "recall", "macro"),
    "f1_macro": partial(averaged, "f1", "macro"),
    "auroc": partial(rank, sk.roc_auc_score),
    "precision_weighted": partial(averaged, "precision", "weighted"),
    "f1_weighted": partial(averaged, "f1", "weighted"),
    "average_precision": partial(rank, sk.average_precision_score),
    "log_loss": lambda t, p: sk.log_loss(t, p, labels=range(p.shape[1])),
    "calibration_error": calibrate,
}
NUMBERS = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "r2": lambda t, p: sk.r2_score(t, p) if len(np.unique(t)) > 1 else np.nan,
}


def make_classes(seed, items, classes, grain):
    """Targets, some classes of which may not occur, and probabilities, with ties by the grain."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(generator.integers(1, classes + 1), size=items)
    probabilities = np.round(generator.dirichlet(np.ones(classes), items), grain)
    probabilities += 1e-6 * np.sqrt([2, 3, 5, 7, 11, 13][:classes])  # so that none is a bin's edge
    return targets, probabilities / probabilities.sum(axis=1, keepdims=True)


def make_numbers(seed, items, offset):
    generator = np.random.default_rng(seed)
    targets = generator.normal(offset, size=items)
    return targets, targets + generator.normal(size=items)


@given(st.integers(0, 999), st.integers(1, 60), st.integers(2, 6), st.integers(1, 8))
def test_metrics_of_classes_are_those_of_scikit_learn(seed, items, classes, grain):
    targets, probabilities = make_classes(seed, items, classes, grain)
    found = Classification("accuracy", "max").metrics(targets, probabilities)
    assert found.keys() == CLASSES.keys()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, score in CLASSES.items():
            wanted = score(targets, probabilities)
            assert found[name] == pytest.approx(wanted, abs=1e-6, nan_ok=True), name


@given(st.integers(0, 999), st.integers(1, 60), st.integers(2, 6), st.integers(1, 8))
def test_the_check_computes_them_in_another_way_and_agrees(seed, items, classes, grain):
    targets, probabilities = make_classes(seed, items, classes, grain)
    found = Classification("accuracy", "max").metrics(targets, probabilities)
    computed = compute_classification(targets, probabilities)
    assert computed.keys() == {name for name, value in found.items() if not np.isnan(value)}
    for name, value in computed.items():
        assert value == pytest.approx(found[name], abs=1e-9), name


@given(st.integers(0, 999), st.integers(1, 60), st.sampled_from([0.0, 1e6]))
def test_metrics_of_numbers_are_those_of_scikit_learn(seed, items, offset):
    targets, predictions = make_numbers(seed, items, offset)
    found = Regression("mae", "min").metrics(targets, predictions)
    assert found.keys() == NUMBERS.keys()
    for name, score in NUMBERS.items():
        assert found[name] == pytest.approx(score(targets, predictions), rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("task", [Classification("accuracy", "max"), Regression("mae", "min")])
def test_many_draws_at_once_are_those_items_one_by_one(task):
    classes = task.name == "classification"
    data = make_classes(3, 12, 4, 1) if classes else make_numbers(3, 12, 0.0)
    (weights,) = draw(12, 40, seed=1)
    for name, metric in task.METRICS.items():
        plain = lambda t, p, score=metric.score: score(t, p)  # noqa: E731 - one draw at a time
        found, wanted = (prepare(each, *data)(weights) for each in (metric.score, plain))
        assert found == pytest.approx(wanted, abs=1e-9, nan_ok=True), name


def test_a_draw_counts_as_many_items_as_there_are_and_repeats_with_its_seed():
    drawn = np.concatenate(list(draw(700_000, 3, seed=5)))  # a draw at a time
    assert drawn.shape == (3, 700_000)
    assert set(drawn.sum(axis=1)) == {700_000}
    assert 0.36 < (drawn == 0).mean() < 0.375  # 1/e is never drawn
    assert np.array_equal(drawn, np.concatenate(list(draw(700_000, 3, seed=5))))


@pytest.mark.parametrize(
    ("metric", "targets", "predictions"),
    [
        (tasks.auroc, np.zeros(9, int), np.full((9, 2), 0.5)),
        (tasks.average_precision, np.zeros(9, int), np.full((9, 2), 0.5)),
        (tasks.r2, np.full(9, 4.2), np.arange(9.0)),
        (tasks.r2, np.array([4.2]), np.array([4.0])),
    ],
)
def test_what_is_not_defined_has_no_value_and_no_interval(metric, targets, predictions):
    assert np.isnan(metric(targets, predictions))
    how = {"resamples": 50, "confidence": 0.95, "seed": 0}
    assert np.isnan(bootstrap(metric, targets, predictions, **how)).all()


def test_draws_in_which_a_metric_is_not_defined_do_not_count():
    targets = np.array([0, 0, 0, 0, 0, 1])  # a third of the draws has no 1
    probabilities = np.column_stack([1 - targets, targets]) * 0.6 + 0.2
    probabilities[4] = (0.1, 0.9)
    low, high = bootstrap(
        tasks.auroc, targets, probabilities, resamples=400, confidence=0.95, seed=0
    )
    assert 0 < low < tasks.auroc(targets, probabilities) < high <= 1
