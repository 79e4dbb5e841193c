"""Each disturbance of rows does what it says, alike for one seed, and leaves the given ones."""

import numpy as np
import pytest
from dlproof.data.table_disturb import DISTURBANCES

STRENGTHS = {"noise": 0.5, "missing": 0.4, "unit": 10.0, "unknown": 1.0, "out_of_range": 20.0}
STATE = {
    "numeric": {
        "width": {"fill": 1.0, "mean": 1.0, "std": 2.0},
        "height": {"fill": 50.0, "mean": 50.0, "std": 10.0},
        "time": {"fill": 0.0, "mean": 0.0, "std": 3.0, "offset": 1e6},
    },
    "categories": {"colour": ["green", "red"], "shape": ["flat"]},
}
DEVIATIONS = np.array([2.0, 10.0, 3.0])


@pytest.fixture
def rows():
    """Three numbers, some missing, and two texts."""
    draws = np.random.default_rng(0)
    numeric = draws.normal([1, 50, 0], DEVIATIONS, (200, 3)).astype(np.float32)
    numeric[::10, 0] = np.nan
    codes = draws.integers(1, 3, (200, 2))
    return {"numeric": numeric, "categorical": np.minimum(codes, [2, 1])}


def disturb(rows, kind, strength, seed=0, state=STATE):
    return DISTURBANCES[kind].change(rows, state, strength, np.random.default_rng(seed))


def test_each_is_tried():
    assert STRENGTHS.keys() == DISTURBANCES.keys()


@pytest.mark.parametrize("kind", STRENGTHS)
def test_shapes_and_types_stay_and_one_seed_gives_one_result(rows, kind):
    before = {name: array.copy() for name, array in rows.items()}
    first, again = (disturb(rows, kind, STRENGTHS[kind]) for _ in range(2))
    for name, array in before.items():
        assert (first[name].shape, first[name].dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(first[name], again[name])
        np.testing.assert_array_equal(rows[name], array)
    assert not all(np.array_equal(first[n], rows[n], equal_nan=True) for n in rows)


@pytest.mark.parametrize("kind", ["noise", "missing", "unit", "out_of_range"])
def test_another_seed_draws_otherwise(rows, kind):
    one, other = (disturb(rows, kind, STRENGTHS[kind], seed)["numeric"] for seed in range(2))
    assert not np.array_equal(one, other, equal_nan=True)


def test_noise_is_told_in_deviations_and_gaps_stay(rows):
    moved = disturb(rows, "noise", 0.5)["numeric"] - rows["numeric"]
    np.testing.assert_allclose(np.nanstd(moved, axis=0), 0.5 * DEVIATIONS, rtol=0.2)
    np.testing.assert_array_equal(np.isnan(moved), np.isnan(rows["numeric"]))


@pytest.mark.parametrize(("strength", "cells"), [(0.01, 1), (0.4, 2), (1.0, 5)])
def test_so_many_cells_of_every_row_are_lost(rows, strength, cells):
    rows["numeric"] = np.nan_to_num(rows["numeric"])
    found = disturb(rows, "missing", strength)
    lost = np.isnan(found["numeric"]).sum(axis=1) + (found["categorical"] == 0).sum(axis=1)
    assert set(lost) == {cells}
    kept = ~np.isnan(found["numeric"])
    np.testing.assert_array_equal(found["numeric"][kept], rows["numeric"][kept])


def test_one_number_of_a_row_is_in_another_unit(rows):
    found = disturb(rows, "unit", 10.0)["numeric"]
    offset = [0.0, 0.0, 1e6]
    times = (found + offset) / (np.float64(rows["numeric"]) + offset)
    is_other = np.isclose(times, 10)
    assert is_other.sum() + np.isnan(times[:, 0]).sum() >= 200
    assert (is_other.sum(axis=1) <= 1).all()
    np.testing.assert_allclose(times[~is_other & ~np.isnan(times)], 1)


def test_words_become_unknown_and_numbers_stay(rows):
    found = disturb(rows, "unknown", 1.0)
    assert not found["categorical"].any()
    np.testing.assert_array_equal(found["numeric"], rows["numeric"])
    assert 0.3 < (disturb(rows, "unknown", 0.5)["categorical"] == 0).mean() < 0.7


def test_what_is_out_of_range_depends_on_no_number_of_the_row(rows):
    found = disturb(rows, "out_of_range", 20.0)["numeric"]
    far = (found - np.array([1.0, 50.0, 0.0])) / DEVIATIONS
    np.testing.assert_allclose(np.abs(far), 20, rtol=1e-5)
    assert DISTURBANCES["out_of_range"].hides


def test_what_no_float32_holds_ends_at_its_end(rows):
    assert np.isfinite(disturb(rows, "out_of_range", 1e300)["numeric"]).all()


@pytest.mark.parametrize("kind", STRENGTHS)
def test_a_table_of_one_kind_of_columns_is_no_error(rows, kind):
    words = {"numeric": rows["numeric"][:, :0], "categorical": rows["categorical"]}
    numbers = {"numeric": rows["numeric"], "categorical": rows["categorical"][:, :0]}
    for given, rest in ((words, "numeric"), (numbers, "categories")):
        found = disturb(given, kind, STRENGTHS[kind], state=STATE | {rest: {}})
        assert {n: a.shape for n, a in found.items()} == {n: a.shape for n, a in given.items()}
