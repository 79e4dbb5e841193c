"""A large table is typed once; what is opened again is what was made."""

import json

import numpy as np
import pandas as pd
import pytest
from dlproof.data import table_cache
from dlproof.data.table_cache import FOLDER, remember, remember_array
from dlproof.data.table_files import hash_rows


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A file that counts as large."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(table_cache, "LARGE", 4)
    file = tmp_path / "raw.csv"
    file.write_text("a,b\n1,x\n")
    return file


def make_table():
    cells = {
        "x": [0.1, np.nan, 1e300],
        "name": ["a", None, "\u00e9, \u201cb\u201d"],
        "y": [1.0, 2, 3],
    }
    table = pd.DataFrame(cells, index=["row-1", "row-2", "row 3"])
    table.attrs = {"ignored": ["key"]}
    return table


def test_a_table_is_made_once_and_comes_back_as_it_was(path):
    made = []

    def make():
        made.append(1)
        return make_table()

    first = remember(path, {}, make)
    table_cache.open_table.cache_clear()
    again = remember(path, {}, make)
    assert len(made) == 1
    for found in (first, again):
        pd.testing.assert_frame_equal(found, make_table())
        assert found.attrs == {"ignored": ["key"]}


@pytest.mark.parametrize("change", ["file", "settings"])
def test_another_file_or_other_settings_make_another_table(path, change):
    remember(path, {}, make_table)
    if change == "file":
        path.write_text("a,b\n2,x\n")
    found = remember(
        path, {"drop": ["b"]} if change == "settings" else {}, lambda: make_table() * 2
    )
    assert found.loc["row-1", "y"] == 2
    assert len(list(FOLDER.iterdir())) == 1  # the older one went


def test_a_small_file_leaves_nothing_on_the_disk(path, monkeypatch):
    monkeypatch.setattr(table_cache, "LARGE", 10**6)
    remember(path, {}, make_table)
    remember_array(path, {}, "near", lambda: np.arange(3))
    assert not FOLDER.exists()


def test_what_was_searched_in_a_table_is_searched_once(path):
    for value in (1, 2):
        found = remember_array(path, {}, "near", lambda value=value: np.full(3, value))
        assert found.tolist() == [1, 1, 1]


def test_a_table_of_other_types_is_made_each_time(path):
    table = pd.DataFrame({"flag": [True, False]})
    assert remember(path, {}, lambda: table) is table


@pytest.mark.parametrize("cell", ['"', "\\", "\n", "\u00e9", "a\tb", "plain", " "])
def test_hashes_of_rows_are_those_of_their_json(cell):
    import hashlib

    table = pd.DataFrame({'na"me': ["x", cell, None], "n": ["1", "2", "3"]})
    start = json.dumps(list(table.columns))
    rows = [["x", "1"], [cell, "2"], ["", "3"]]
    wanted = [hashlib.sha256((start + json.dumps(row)).encode()).hexdigest() for row in rows]
    assert hash_rows(table) == wanted
