"""Weights make every class count the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from {{ cookiecutter.package_name }}.data.balance import (
    class_weights,
    sampling_weights,
)

pytestmark = pytest.mark.unit
TARGETS = st.lists(st.integers(0, 5), min_size=1, max_size=60).map(np.array)


@given(TARGETS)
def test_class_weights_have_mean_one_over_items_and_equal_class_totals(targets):
    weights = class_weights(targets, 6)
    assert weights[targets].mean() == pytest.approx(1, rel=1e-5)
    totals = [weights[targets][targets == code].sum() for code in np.unique(targets)]
    np.testing.assert_allclose(totals, totals[0], rtol=1e-5)
    assert (weights[np.setdiff1d(np.arange(6), targets)] == 0).all()


@given(TARGETS)
def test_sampling_draws_every_class_equally_often(targets):
    chances = sampling_weights(targets)
    classes = np.unique(targets)
    assert chances.sum() == pytest.approx(1)
    for code in classes:
        assert chances[targets == code].sum() == pytest.approx(1 / len(classes))
