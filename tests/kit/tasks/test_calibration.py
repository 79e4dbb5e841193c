"""What turns predictions into answers: temperatures, thresholds, half-widths do what they say."""

import numpy as np
import pytest
import torch
from dlproof.tasks import TemperedSoftmax
from dlproof.tasks.calibration import (
    choose,
    find_half_width,
    fit_temperature,
    fit_thresholds,
    temper,
)
from dlproof.tasks.classification_metrics import calibration_error
from hypothesis import given
from hypothesis import strategies as st


def draw(count, classes, seed, spread=1.5):
    """Targets drawn from probabilities, which are thus as sure as they are right."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(count, classes)) * spread
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = (generator.random(count)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return np.minimum(targets, classes - 1), probabilities


def measure_cost(targets, probabilities, thresholds, costs):
    return costs[targets, choose(probabilities, thresholds)].mean()


@pytest.mark.parametrize("planted", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 7])
def test_a_planted_temperature_is_found_and_mends_the_confidence(planted, classes):
    targets, right = draw(4000, classes, seed=1)
    said = temper(right, 1 / planted)
    found = fit_temperature(targets, said)
    assert found == pytest.approx(planted, rel=0.1)
    before, after = (calibration_error(targets, p) for p in (said, temper(said, found)))
    assert after < 0.03
    assert planted == 1 or after < before / 2


def test_a_model_without_an_error_is_not_made_as_sure_as_can_be():
    targets = np.arange(20) % 2
    said = np.where(np.eye(2)[targets] == 1, 0.9, 0.1)
    sure = temper(said, fit_temperature(targets, said)).max()
    assert 0.9 < sure < 1 - 1 / 50


def test_the_exported_layer_tempers_as_the_report_does():
    logits = torch.randn(50, 4) * 3
    plain = logits.softmax(dim=1).numpy()
    assert TemperedSoftmax(2.5)(logits).numpy() == pytest.approx(temper(plain, 2.5), abs=1e-6)
    assert TemperedSoftmax(1.0)(logits).numpy() == pytest.approx(plain)


@given(st.integers(2, 60), st.floats(0.1, 10), st.integers(0, 99))
def test_of_two_classes_the_threshold_is_the_best_there_is(count, ratio, seed):
    targets, probabilities = draw(count, 2, seed)
    costs = np.array([[0, 1], [ratio, 0]])
    thresholds = fit_thresholds(targets, probabilities, costs)
    edges = np.sort(probabilities[:, 1])
    every = [1e-9, *(edges[:-1] + edges[1:]) / 2, 1 - 1e-9]
    best = min(measure_cost(targets, probabilities, [1 - t, t], costs) for t in every)
    if thresholds is None:
        assert ratio == 1
    else:
        assert measure_cost(targets, probabilities, thresholds, costs) == pytest.approx(best)
        assert sum(thresholds) == pytest.approx(1)


@given(st.integers(3, 6), st.integers(5, 80), st.integers(0, 99))
def test_thresholds_never_cost_more_than_the_likeliest_class_or_the_theory(classes, count, seed):
    targets, probabilities = draw(count, classes, seed)
    costs = np.random.default_rng(seed).integers(0, 9, (classes, classes)) * 1.0
    np.fill_diagonal(costs, 0)
    thresholds = fit_thresholds(targets, probabilities, costs)
    if thresholds is None:
        return
    found = measure_cost(targets, probabilities, thresholds, costs)
    theory = 1 / np.maximum(costs.sum(axis=1), 1e-6 * costs.max())
    for others in (None, list(theory)):
        assert found <= measure_cost(targets, probabilities, others, costs) + 1e-9


def test_thresholds_save_on_new_items_what_the_theory_does():
    costs = np.array([[0, 1, 1], [20, 0, 1], [5, 1, 0]])
    thresholds = fit_thresholds(*draw(3000, 3, seed=2), costs)
    new = draw(20_000, 3, seed=3)
    likeliest = measure_cost(*new, None, costs)
    least = (new[1] @ costs).min(axis=1).mean()  # Bayes' decision, which knows the probabilities
    assert measure_cost(*new, thresholds, costs) < likeliest - 0.8 * (likeliest - least)


def test_without_a_difference_of_costs_the_likeliest_class_is_answered():
    targets, probabilities = draw(50, 3, seed=4)
    assert fit_thresholds(targets, probabilities, 3.0 * (1 - np.eye(3))) is None
    assert (choose(probabilities, None) == probabilities.argmax(axis=1)).all()


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_intervals_hold_the_next_value_as_often_as_they_say(confidence):
    generator = np.random.default_rng(5)
    residuals = np.abs(generator.standard_t(3, size=(3000, 40)))
    held = [row[0] <= find_half_width(row[1:], confidence) for row in residuals]
    assert np.mean(held) == pytest.approx(confidence, abs=0.02)


def test_too_few_items_have_no_interval_of_a_high_confidence():
    assert find_half_width(np.arange(8.0), 0.9) is None
    assert find_half_width(np.arange(9.0), 0.9) == 8.0
