"""Bootstrap intervals cover what they should."""

import numpy as np
import pytest
from dlproof import tasks
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


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),  # Clopper and Pearson's, by R's binom.test
    [(20, 20, 0.8316, 1.0), (19, 20, 0.7513, 0.9987), (0, 20, 0.0, 0.1684), (1, 1, 0.025, 1.0)],
)
def test_a_share_of_few_items_is_as_uncertain_as_it_is(hits, count, low, high):
    predictions = (np.arange(count) >= hits).astype(float)
    found = bootstrap(accuracy, np.zeros(count), predictions, **SETTINGS)
    assert found == pytest.approx((low, high), abs=1e-4)


def make_probabilities(classes, targets, sure=0.9):
    """Each item's true class is the likeliest."""
    rest = (1 - sure) / (classes - 1)
    return np.where(np.eye(classes)[targets] == 1, sure, rest)


@pytest.mark.parametrize("metric", [tasks.accuracy, tasks.macro("f1"), tasks.auroc])
def test_a_model_without_an_error_is_not_sure_to_have_none(metric):
    targets = np.arange(20) % 3
    low, high = bootstrap(metric, targets, make_probabilities(3, targets), **SETTINGS)
    assert 0.8 < low < 0.9
    assert high == 1.0


def test_more_items_without_an_error_say_more():
    lows = []
    for count in (10, 100, 1000):
        targets = np.arange(count) % 2
        low, _ = bootstrap(tasks.auroc, targets, make_probabilities(2, targets), **SETTINGS)
        lows.append(low)
    assert lows == pytest.approx([1 - 0.3085, 1 - 0.0362, 1 - 0.0037], abs=1e-3)


def test_two_models_without_an_error_may_still_differ():
    targets = np.arange(20) % 3
    both = [make_probabilities(3, targets, sure) for sure in (0.9, 0.7)]
    low, high = bootstrap(tasks.accuracy, targets, *both, **SETTINGS)
    assert (low, high) == pytest.approx((-0.1684, 0.1684), abs=1e-4)


def test_a_mean_that_is_no_share_is_bootstrapped():
    generator = np.random.default_rng(0)
    targets = generator.normal(size=200)
    predictions = targets + generator.normal(size=200)
    low, high = bootstrap(tasks.mae, targets, predictions, **SETTINGS)
    errors = np.abs(predictions - targets)
    half = 1.96 * errors.std() / 200**0.5
    assert (low, high) == pytest.approx((errors.mean() - half, errors.mean() + half), abs=0.02)


@pytest.mark.parametrize("metric", [tasks.accuracy, tasks.macro("f1")])
def test_one_item_says_hardly_anything(metric):
    low, high = bootstrap(metric, np.array([1]), np.array([[0.2, 0.8]]), **SETTINGS)
    assert high - low >= 0.97


def test_the_error_of_one_item_is_all_that_is_known_of_it():
    assert bootstrap(tasks.mae, np.array([5.0]), np.array([8.0]), **SETTINGS) == (3.0, 3.0)


@pytest.mark.parametrize("true", [0.7, 0.95])
def test_intervals_of_few_items_cover_the_true_share(true):
    """Percentiles of draws would cover it in 64 of 100 splits of 20 items, where it is 0.95."""
    generator, covered = np.random.default_rng(0), 0
    for _ in range(300):
        predictions = (generator.random(20) > true).astype(float)
        low, high = bootstrap(accuracy, np.zeros(20), predictions, **SETTINGS)
        covered += low <= true <= high
    assert covered >= 0.95 * 300


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
