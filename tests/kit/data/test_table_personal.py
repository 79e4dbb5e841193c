"""Columns are known by their names and cells by their form; measurements raise no alarm."""

import numpy as np
import pandas as pd
import pytest
from dlproof.data.table_personal import draw_rows, find_personal


def look(table):
    cells = pd.DataFrame(table, dtype=object)
    rows = draw_rows(len(cells))
    return set(find_personal(cells.iloc[rows], rows))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Name", "name"),
        ("firstName", "name"),
        ("Patient name", "name"),
        ("e-mail", "email"),
        ("home_phone", "phone"),
        ("DateOfBirth", "birth"),
        ("date of birth", "birth"),
        ("zip", "address"),
        ("SSN", "identity"),
        ("longitude", "location"),
    ],
)
def test_a_column_is_known_by_its_name(name, kind):
    assert look({name: ["x", "y"]}) == {(kind, f"column {name}")}


@pytest.mark.parametrize("name", ["product_name", "filename", "ratio", "mean_radius", "tip", "age"])
def test_a_harmless_name_is_let_pass(name):
    assert look({name: ["x", "y"]}) == set()


def test_cells_are_named_by_column_and_row_and_their_content_is_not():
    found = look({"note": ["nothing", None, "ask ada@example.org"]})
    assert found == {("email", "column note, row 3")}


def test_bare_numbers_are_cards_only_where_nearly_all_are():
    generator = np.random.default_rng(0)
    numbers = [str(number) for number in generator.integers(4e15, 5e15, 200)]
    assert look({"serial": numbers}) == set()
    assert len(look({"serial": ["4111111111111111", "5500000000000004"]})) == 2
