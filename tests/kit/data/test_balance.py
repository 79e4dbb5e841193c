"""Rare classes count as each option says, and only in training."""

import numpy as np
import pytest
from dlproof.data.balance import Balance, ClassWeights, UnderSample, WeightedSampler
from hypothesis import given
from hypothesis import strategies as st

TARGETS = st.lists(st.integers(0, 5), min_size=1, max_size=60).map(np.array)
SEEDS = st.integers(0, 100)


@given(TARGETS)
def test_class_weights_have_mean_one_over_items_and_equal_class_totals(targets):
    weights = ClassWeights().weigh(targets, 6)
    assert weights[targets].mean() == pytest.approx(1, rel=1e-5)
    totals = [weights[targets][targets == code].sum() for code in np.unique(targets)]
    np.testing.assert_allclose(totals, totals[0], rtol=1e-5)
    assert (weights[np.setdiff1d(np.arange(6), targets)] == 0).all()


@given(TARGETS, SEEDS)
def test_without_balance_every_item_is_drawn_once(targets, seed):
    order = Balance().draw(targets, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(targets)))


def test_the_weighted_sampler_draws_every_class_equally_often():
    targets = np.repeat([0, 1, 2], [9000, 900, 100])
    order = WeightedSampler().draw(targets, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(targets[order]) / len(order), 1 / 3, atol=0.02)


@given(TARGETS, SEEDS)
def test_under_sampling_draws_each_class_as_often_as_the_rarest_and_no_item_twice(targets, seed):
    order = UnderSample().draw(targets, np.random.default_rng(seed))
    least = np.unique(targets, return_counts=True)[1].min()
    assert len(set(order)) == len(order)
    assert set(np.unique(targets[order], return_counts=True)[1]) == {least}


def test_under_sampling_meets_every_item_in_time():
    targets = np.repeat([0, 1], [60, 6])
    generator = np.random.default_rng(0)
    met = {item for _ in range(60) for item in UnderSample().draw(targets, generator)}
    assert len(met) == 66
