"""A difference is shown where there is one, and hardly ever where there is none."""

import numpy as np
import pytest
from dlproof import tasks
from dlproof.significance import (
    BETTER,
    UNSURE,
    WORSE,
    Spread,
    compare,
    correct,
    find_mcnemar_p,
    find_smallest,
    judge,
    split_by_item,
)
from scipy import stats

SIMULATIONS, ITEMS = 200, 300
HOW = {"resamples": 150, "confidence": 0.95, "seed": 0}


def two_classifiers(generator, gain, runs=1, spread=0.0):
    """Targets, and models (N, runs, 3) that share the hard items; the first errs less by `gain`.

    Of several runs, each errs by as much more or less as its seed has it.
    """
    targets, hard = generator.integers(3, size=ITEMS), generator.random(ITEMS)
    models = []
    for bonus in (gain / 2, -gain / 2):
        lucks = bonus + spread * generator.standard_normal(runs)
        wrong = 0.7 * hard[:, None] + 0.3 * generator.random((ITEMS, runs)) > 0.75 + lucks
        models.append(0.1 + 0.7 * np.eye(3)[(targets[:, None] + wrong) % 3])
    return targets, *models


def two_regressors(generator, gain, runs=1, spread=0.0):
    """The same of numbers whose errors have long tails."""
    targets, hard = generator.normal(size=ITEMS), generator.standard_t(4, ITEMS)
    errors = []
    for bonus in (-gain / 2, gain / 2):
        own = generator.standard_t(4, (ITEMS, runs))
        lucks = 1 + bonus + spread * generator.standard_normal(runs)
        errors.append(targets[:, None] + lucks * (hard[:, None] + own) / 2)
    return targets, *errors


RUNS = {"runs": 3, "spread": 0.03}


@pytest.mark.parametrize(
    ("make", "metric", "sign", "planted", "options", "test"),
    [
        (two_classifiers, tasks.accuracy, 1, 0.06, {}, "McNemar"),
        (two_classifiers, tasks.accuracy, 1, 0.15, RUNS, "paired t, over runs"),
        (two_regressors, tasks.mae, -1, 0.25, {}, "paired t"),
        (two_regressors, tasks.rmse, -1, 0.25, {}, "bootstrap"),
    ],
)
def test_200_equal_models_hardly_ever_differ_and_200_better_ones_mostly_do(
    make, metric, sign, planted, options, test
):
    generator, shares = np.random.default_rng(0), {}
    for gain in (0.0, planted):
        verdicts = []
        for _ in range(SIMULATIONS):
            row = compare(metric, sign, *make(generator, gain, **options), **HOW)
            assert row["test"] == test
            verdicts.append(judge(row["interval"], row["p"]))
        shares[gain] = {each: verdicts.count(each) / SIMULATIONS for each in (BETTER, WORSE)}
    assert shares[0.0][BETTER] <= 0.05, shares
    assert shares[0.0][WORSE] <= 0.05, shares
    assert shares[planted][BETTER] >= 0.75, shares
    assert shares[planted][WORSE] == 0.0, shares


def test_a_family_of_equal_models_has_an_error_in_one_of_twenty():
    """A champion and five baselines, none of which is worse."""
    generator, errors = np.random.default_rng(0), 0
    for _ in range(500):
        wrong = generator.random((7, 400)) < 0.1
        p_values = {
            str(other): find_mcnemar_p(wrong[other].astype(int) - wrong[0]) for other in range(1, 7)
        }
        errors += min(correct(p_values).values()) < 0.05
    assert errors / 500 <= 0.05


def test_p_values_are_corrected_by_holms_steps():
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    wanted = {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}  # R's p.adjust(…, "holm")
    assert correct(p_values) == pytest.approx(wanted)
    assert list(correct(p_values)) == list(p_values)
    assert correct({"a": 0.7, "b": 0.6}) == {"a": 1.0, "b": 1.0}
    assert correct({"a": 0.04}) == {"a": 0.04}
    assert correct({}) == {}


def test_what_beats_guessing_surely_costs_a_comparison_with_the_champion_nothing():
    assert correct({"random": 1e-9, "constant": 1e-9, "champion": 0.04})["champion"] == 0.04


@pytest.mark.parametrize(
    ("mine", "theirs", "p"),
    [
        (10, 2, 2 * (1 + 12 + 66) / 2**12),
        (6, 0, 2 / 2**6),
        (5, 0, 2 / 2**5),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemars_p_is_that_of_a_fair_coin(mine, theirs, p):
    difference = np.repeat([1, -1, 0], [mine, theirs, 100])
    assert find_mcnemar_p(difference) == pytest.approx(p)
    assert find_mcnemar_p(-difference) == pytest.approx(p)


def test_one_spread_is_the_paired_t_test_and_two_are_welchs():
    generator = np.random.default_rng(0)
    targets, mine, theirs = two_regressors(generator, 0.1)
    row = compare(tasks.mae, -1, targets, mine, theirs, **HOW)
    errors = [np.abs(each[:, 0] - targets) for each in (mine, theirs)]
    assert row["p"] == pytest.approx(stats.ttest_rel(*errors).pvalue)
    one, other = generator.normal(0.2, 1, 5), generator.normal(0, 3, 4)
    spread = Spread([(each.std(ddof=1) / len(each) ** 0.5, len(each) - 1) for each in (one, other)])
    welch = stats.ttest_ind(one, other, equal_var=False)
    gain = one.mean() - other.mean()
    assert spread.find_p(gain) == pytest.approx(welch.pvalue)
    assert spread.find_interval(gain, 0.9) == pytest.approx(tuple(welch.confidence_interval(0.9)))


def test_models_that_say_the_same_do_not_differ():
    for make, metric in ((two_classifiers, tasks.accuracy), (two_regressors, tasks.mae)):
        targets, model, _ = make(np.random.default_rng(0), 0.0)
        row = compare(metric, -1, targets, model, model, **HOW)
        assert (row["p"], str(row["gain"]), judge(row["interval"], row["p"])) == (
            1.0,
            "0.0",
            UNSURE,
        )


def test_runs_that_vary_more_than_they_differ_show_nothing():
    """The same items show a difference of the first runs, and not one of the trainings."""
    targets, mine, theirs = two_classifiers(np.random.default_rng(3), 0.1, runs=3, spread=0.3)
    whole = compare(tasks.accuracy, 1, targets, mine, theirs, **HOW)
    single = compare(tasks.accuracy, 1, targets, mine[:, :1], theirs[:, :1], **HOW)
    assert judge(single["interval"], single["p"]) != UNSURE
    assert judge(whole["interval"], whole["p"]) == UNSURE


@pytest.mark.parametrize(
    ("interval", "p", "verdict"),
    [
        ((0.01, 0.03), 0.01, BETTER),
        ((-0.03, -0.01), 0.01, WORSE),
        ((0.01, 0.03), 0.06, UNSURE),  # the corrected test does not show it
        ((-0.01, 0.03), 0.01, UNSURE),  # the interval does not
        ((0.01, 0.03), 0.05, UNSURE),
        ((np.nan, np.nan), 0.01, UNSURE),
    ],
)
def test_interval_and_test_must_both_show_a_difference(interval, p, verdict):
    assert judge(interval, p) == verdict


def test_only_means_over_items_are_split_by_item():
    targets, probabilities, _ = two_classifiers(np.random.default_rng(0), 0.0)
    hits = split_by_item(tasks.accuracy, targets, probabilities[:, 0])
    np.testing.assert_array_equal(hits, targets == probabilities[:, 0].argmax(axis=1))
    for metric in (tasks.macro("f1"), tasks.auroc, tasks.calibration_error):
        assert split_by_item(metric, targets, probabilities[:, 0]) is None
    numbers, predictions, _ = two_regressors(np.random.default_rng(0), 0.0)
    errors = split_by_item(tasks.mse, numbers, predictions[:, 0])
    np.testing.assert_allclose(errors, (numbers - predictions[:, 0]) ** 2)
    for metric in (tasks.rmse, tasks.r2):
        assert split_by_item(metric, numbers, predictions[:, 0]) is None


def test_the_smallest_difference_is_shown_in_four_of_five_cases():
    """Of 2,000 items of which a tenth tell two models apart."""
    items, apart = 2000, 0.1
    smallest = find_smallest((apart / items) ** 0.5, items)
    draws = np.random.default_rng(0).multinomial(
        items, [(apart + smallest) / 2, (apart - smallest) / 2, 1 - apart], size=2000
    )
    shown = [stats.binomtest(int(won), int(won + lost)).pvalue < 0.05 for won, lost, _ in draws]
    assert np.mean(shown) == pytest.approx(0.8, abs=0.05)


def test_models_that_agree_on_all_items_would_still_have_to_differ_on_eight():
    assert find_smallest(0.0, 200) * 200 == pytest.approx(7.6, abs=0.1)
    assert find_smallest(0.0) == 0.0
