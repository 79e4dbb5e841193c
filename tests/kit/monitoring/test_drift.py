"""Drift is an effect size: it fires on real shifts, and neither on chance nor on sample size."""

import json

import numpy as np
import pytest
from dlproof.monitoring.drift import (
    count_values,
    describe_distribution,
    expected_counts,
    measure_drift,
    population_stability,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from own.monitoring.monitor import judge

MAX_PSI = 0.2
FEATURES = 20


def make_window(generator, count, shift=0.0):
    window = {f"input/{number}": generator.normal(size=count) for number in range(FEATURES)}
    window["input/3"] = window["input/3"] + shift
    return window | {"prediction": generator.choice(list("abc"), count, p=[0.6, 0.3, 0.1])}


def compare(generator, size, shift=0.0, reference_size=400):
    """The verdict on a window of `size` items; one of the features is shifted."""
    training = make_window(generator, reference_size)
    reference = {name: describe_distribution(values) for name, values in training.items()}
    return judge(make_window(generator, size, shift), reference, MAX_PSI)


@pytest.mark.parametrize("size", [30, 100, 1000])
def test_an_unshifted_stream_is_quiet_at_any_size(size):
    generator = np.random.default_rng(0)
    assert sum(compare(generator, size)["drift"] for _ in range(60)) <= 3


@pytest.mark.parametrize(("size", "shift"), [(30, 2.0), (100, 1.0), (1000, 0.6)])
def test_a_shifted_feature_is_found_and_named(size, shift):
    generator = np.random.default_rng(1)
    for _ in range(20):
        verdict = compare(generator, size, shift)
        assert verdict["drift"]
        assert verdict["drifted"][0] == "input/3"


def test_a_tiny_shift_is_no_drift_however_many_items_show_it():
    generator = np.random.default_rng(2)
    verdict = compare(generator, 200_000, 0.1, reference_size=50_000)
    assert not verdict["drift"]
    assert verdict["watched"]["input/3"]["shift"] == pytest.approx(0.1, abs=0.02)


def test_missing_values_new_categories_and_changed_shares_are_drift():
    generator = np.random.default_rng(3)
    numbers = generator.normal(size=500)
    words = generator.choice(["red", "green"], 500)
    windows = {
        "missing": (numbers, np.where(np.arange(500) % 3, numbers, np.nan)),
        "new": (words, np.where(np.arange(500) % 3, words, "blue")),
        "shares": (words, np.where(np.arange(500) % 5, "red", words)),
        "constant": (np.full(500, 2.0), np.full(500, 2.1)),
        "code": (np.arange(500) % 3 * 1.0, np.zeros(500)),
    }
    for name, (before, after) in windows.items():
        reference = describe_distribution(before)
        assert measure_drift(before, reference, 1)["psi"] < 0.01, name
        measured = measure_drift(after, reference, 1)
        assert measured["psi"] > max(MAX_PSI, measured["chance"]), name


@settings(deadline=None)
@given(
    arrays.arrays(np.float32, st.integers(2, 80), elements=st.floats(-1e6, 1e6, width=32)),
    arrays.arrays(np.float64, st.integers(1, 80), elements=st.floats(allow_nan=True)),
)
def test_any_values_are_counted_once_and_give_a_finite_index(before, after):
    reference = json.loads(json.dumps(describe_distribution(before)))
    assert expected_counts(reference).sum() == pytest.approx(len(before))
    assert count_values(after, reference).sum() == len(after)
    assert 0 <= population_stability(after, reference) < 100
    counted = count_values(before, reference)
    np.testing.assert_allclose(counted, expected_counts(reference), atol=1e-6)
