"""Rows that are the same but for spelling, rounding and a cell are found; natural repeats stay."""

import numpy as np
import pandas as pd
import pytest
from dlproof.data.table_near import find_near_rows

LIKE = 0.9


def make_rows(count=500, numbers=8, texts=4):
    """Measurements and names of some kinds, some cells missing."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.lognormal(3, 1, (count, numbers))).add_prefix("n")
    for column in range(texts):
        kinds = [f"Kind {kind} of {column}" for kind in range(3 + column)]
        table[f"t{column}"] = generator.choice(kinds, count).astype(object)
    return table.mask(generator.random(table.shape) < 0.05)


def respell(table):
    return table.apply(
        lambda column: column if column.name[0] == "n" else "  " + column.str.upper() + " "
    )


def change_a_cell(table):
    column = np.random.default_rng(1).integers(0, table.shape[1], len(table))
    return table.mask(np.arange(table.shape[1]) == column[:, None])


CHANGES = {
    "spelling": respell,
    "rounding": lambda table: table.apply(lambda c: c.round(5) if c.name[0] == "n" else c),
    "a cell": change_a_cell,
}


@pytest.mark.parametrize("change", CHANGES)
def test_nearly_every_changed_copy_is_found_and_nothing_else(change):
    table = make_rows()
    both = pd.concat([table, CHANGES[change](table)], ignore_index=True)
    clusters = find_near_rows(both, LIKE)
    assert len(set(clusters[: len(table)])) == len(table)
    assert (clusters[len(table) :] == clusters[: len(table)]).mean() >= 0.98


def test_two_changed_cells_of_twelve_are_another_row():
    table = make_rows()
    changed = table.copy()
    changed.iloc[:, :2] *= 2
    clusters = find_near_rows(pd.concat([table, changed.dropna()], ignore_index=True), LIKE)
    assert len(set(clusters)) == len(clusters)


@pytest.mark.parametrize(
    "columns",
    [
        {"age": 60, "sex": 2},
        {f"answer {number}": 2 for number in range(8)},
        {"constant": 1, "grade": 5},
    ],
)
def test_equal_rows_of_a_coarse_table_are_no_near_duplicates(columns):
    generator = np.random.default_rng(0)
    drawn = {name: generator.integers(0, kinds, 2_000) for name, kinds in columns.items()}
    clusters = find_near_rows(pd.DataFrame(drawn, dtype="float64"), LIKE)
    assert len(set(clusters)) == 2_000


def test_cells_that_most_rows_have_are_no_evidence():
    generator = np.random.default_rng(0)
    rare = pd.DataFrame((generator.random((2_000, 50)) < 0.01).astype(float))
    assert len(set(find_near_rows(rare, LIKE))) > 0.9 * 2_000


def test_zero_infinity_and_missing_are_cells_like_others():
    values = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-310, 1e308]
    table = pd.DataFrame({f"n{column}": np.roll(values, column) for column in range(20)})
    assert len(find_near_rows(pd.concat([table, table]), LIKE)) == 14
