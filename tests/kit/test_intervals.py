"""Bootstrap intervals cover what they should."""

import numpy as np
import pytest
from dlproof.intervals import bootstrap, corrected_interval
from scipy import stats

SETTINGS = {"resamples": 500, "confidence": 0.95, "seed": 0}


def accuracy(targets, predictions):
    return float((targets == predictions).mean())


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_the_interval_of_a_share_matches_the_binomial(confidence):
    targets = np.zeros(2_000)
    predictions = (np.arange(2_000) < 400).astype(float)
    settings = {"resamples": 4_000, "confidence": confidence, "seed": 0}
    low, high = bootstrap(accuracy, targets, predictions, **settings)
    half = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(0.8 * 0.2 / 2_000)
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.002)


def test_equal_models_differ_by_nothing():
    targets = np.arange(100) % 2
    guess = np.zeros(100)
    assert bootstrap(accuracy, targets, guess, guess, **SETTINGS) == (0.0, 0.0)


def test_a_better_model_has_an_interval_above_zero():
    targets = np.zeros(300)
    worse = (np.arange(300) < 90).astype(float)
    low, high = bootstrap(accuracy, targets, targets, worse, **SETTINGS)
    assert 0.2 < low < 0.3 < high
    assert bootstrap(accuracy, targets, worse, targets, **SETTINGS) == (-high, -low)


def test_the_interval_over_folds_is_the_corrected_one():
    values = np.array([0.8, 0.9, 1.0])
    half = 4.302653 * np.sqrt((1 / 3 + 1 / 2) * 0.01)  # t at 97.5 % with 2 degrees of freedom
    assert corrected_interval(values, 0.5, 0.95) == pytest.approx((0.9 - half, 0.9 + half))


def test_the_interval_over_folds_is_wider_than_that_of_independent_values():
    values = np.random.default_rng(0).normal(0.9, 0.01, 5)
    naive = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert corrected_interval(values, 0, 0.95) == pytest.approx(naive)
    low, high = corrected_interval(values, 0.25, 0.95)
    assert (high - low) / (naive[1] - naive[0]) == pytest.approx(1.5)
