"""Bootstrap intervals cover what they should."""

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.evaluation.intervals import bootstrap

pytestmark = pytest.mark.unit
SETTINGS = {"resamples": 500, "confidence": 0.95, "seed": 0}


def accuracy(targets, predictions):
    return float((targets == predictions).mean())


def test_the_interval_of_a_share_matches_the_binomial():
    targets = np.zeros(400)
    predictions = (np.arange(400) < 80).astype(float)
    low, high = bootstrap(accuracy, targets, predictions, **SETTINGS)
    half = 1.96 * np.sqrt(0.8 * 0.2 / 400)
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.01)


def test_equal_models_differ_by_nothing():
    targets = np.arange(100) % 2
    guess = np.zeros(100)
    assert bootstrap(accuracy, targets, guess, guess, **SETTINGS) == (0.0, 0.0)


def test_a_better_model_has_an_interval_above_zero():
    targets = np.zeros(300)
    worse = (np.arange(300) < 90).astype(float)
    low, _ = bootstrap(accuracy, targets, targets, worse, **SETTINGS)
    assert low > 0.2
