"""Items are known again by id or content; what was tested is not trained on in silence."""

import json
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.data.split_history import match, match_rows
from dlproof.errors import UserError

from ..projects import TABLE

STAGES = ("ingest", "clean", "split")
pytestmark = pytest.mark.parametrize("sort", [TABLE], indirect=True)


@pytest.fixture
def package():
    return "own"


def make_rows(count, seed=0):
    draw = random.Random(seed)
    return [
        {"x": f"{draw.gauss(n % 2, 1):.6f}", "y": f"{draw.gauss(0, 1):.6f}", "target": "ab"[n % 2]}
        for n in range(count)
    ]


def write(rows, path="raw.csv"):
    pd.DataFrame(rows).to_csv(path, index=False)


def split(run, *overrides):
    """Runs the stages; returns the figures of `split` and content -> split."""
    for stage in STAGES:
        figures = run(stage, *overrides).figures
    items = pd.read_csv("data/clean.csv", dtype=str)
    placed = items.merge(pd.read_csv("data/splits.csv", dtype=str), on="id")
    return figures, dict(zip(placed["hash"], placed["split"], strict=True))


def count_moves(before, now):
    return sum(before[content] != now[content] for content in before if content in now)


def test_rows_without_an_id_keep_their_split_wherever_they_stand(project, run):
    rows = make_rows(120)
    write(rows[20:])
    _, before = split(run)
    write(rows)  # the newest on top, as exports sort them
    figures, now = split(run)
    assert figures["history"] == {"kept": 100, "new": 20, "moved": 0, "gone": 0}
    assert count_moves(before, now) == 0
    write(random.Random(1).sample(rows, len(rows)))
    figures, again = split(run)
    assert figures["history"]["kept"] == 120
    assert again == now


def test_a_row_that_goes_and_comes_back_is_no_new_one(project, run):
    rows = make_rows(120)
    write(rows)
    _, before = split(run)
    write(rows[60:])
    assert split(run)[0]["history"]["gone"] == 60
    write(rows[::-1])
    figures, now = split(run)
    assert figures["history"] == {"kept": 120, "new": 0, "moved": 0, "gone": 0}
    assert now == before


def test_rows_whose_columns_are_others_are_taken_by_number_and_that_is_said(project, run):
    write(make_rows(100))
    _, before = split(run)
    figures, now = split(run, "data.drop=[y]")
    assert list(now.values()) == list(before.values())
    assert figures["history"]["kept"] == 100
    assert "100 rows, the first row-0000001, have other cells" in " ".join(figures["warnings"])


def test_rows_that_nothing_tells_again_stop_the_split(project, run):
    rows = make_rows(100)
    write(rows)
    split(run)
    write(random.Random(3).sample(rows, len(rows)))
    with pytest.raises(UserError, match=r"0 are recognised.*data\.id=…\), or remove data/splits"):
        split(run, "data.drop=[y]")
    Path("data/splits.csv").unlink()
    assert split(run, "data.drop=[y]")[0]["history"]["new"] == 100


def test_another_data_set_does_not_take_over_a_split_by_its_ids(project, run):
    named = [row | {"key": str(number)} for number, row in enumerate(make_rows(100))]
    write(named)
    split(run, "data.id=key")
    write([row | {"key": str(n)} for n, row in enumerate(make_rows(100, seed=9))], "other.csv")
    figures, _ = split(run, "data.id=key", "data.path=other.csv")
    assert figures["history"]["kept"] == 0
    (sentence,) = figures["warnings"]
    assert "was made for the data set csv raw.csv: 0 of 100 items here" in sentence
    assert figures["data"] == {"name": "csv", "place": "other.csv"}


def test_a_copy_of_the_data_under_another_name_keeps_the_split(project, run):
    rows = make_rows(100)
    write(rows)
    _, before = split(run)
    write(rows + make_rows(20, seed=5), "newer.csv")
    figures, now = split(run, "data.path=newer.csv")
    assert count_moves(before, now) == 0
    assert figures["history"]["kept"] == 100


def test_when_cleaning_changes_the_old_split_is_said_to_stay(project, run):
    rows = make_rows(100)
    write(rows + rows[:5])
    split(run)
    figures, _ = split(run, "clean.duplicates=drop")
    (sentence,) = figures["warnings"]
    assert "(clean.duplicates auto -> drop): items keep their split" in sentence
    assert "remove data/splits.csv to split afresh" in sentence


def test_other_settings_of_the_split_are_said_to_move_what_was_tested(project, run):
    write(make_rows(100))
    split(run)
    figures, _ = split(run, "seed=7")
    assert "-> 7): all items are assigned afresh" in figures["warnings"][0]


def test_a_row_that_joins_a_tested_group_to_a_trained_one_stops_the_split(project, run):
    rows = [row | {"who": f"p{n}"} for n, row in enumerate(make_rows(100))]
    write(rows)
    _, before = split(run, "data.group=who")
    names = list(before)
    tested = next(n for n, name in enumerate(names) if before[name] == "test")
    trained = next(n for n, name in enumerate(names) if before[name] == "train")
    joined = [row | {"who": "one"} if n in (tested, trained) else row for n, row in enumerate(rows)]
    write(joined)
    with pytest.raises(UserError, match="1 items that were tested would be trained on: 1 groups"):
        split(run, "data.group=who")
    figures, now = split(run, "data.group=who", "split.moved=allow")
    assert figures["history"]["moved"] == 1
    assert now[names[tested]] == "train"


def test_a_split_by_time_says_what_it_no_longer_tests(project, run):
    rows = [row | {"day": f"2024-01-{1 + n // 4:02d}"} for n, row in enumerate(make_rows(120))]
    settings = ("data.time=day", "split=temporal")
    write(rows[:60])
    split(run, *settings)
    write(rows)
    figures, _ = split(run, *settings)
    assert figures["history"]["moved"] > 0
    told = " ".join(figures["warnings"])
    assert "were in test before are in train or validation now" in told


def test_a_renamed_file_with_a_name_for_good_is_the_same_item(sort):
    past = pd.DataFrame(
        {"id": ["a", "b"], "hash": ["1", "2"], "label": "x", "bin": ["test", "train"], "last": True}
    )
    items = pd.DataFrame({"id": ["b", "c", "d"], "hash": ["9", "1", ""], "label": "x"})
    was, here = match(items, past, names=True)
    assert was.tolist() == ["train", "test", ""]
    assert here.tolist() == [True, True]
    assert match(items, past, names=False)[0].tolist() == ["", "test", ""]


@pytest.mark.parametrize("turned", [True, False])
def test_numbers_name_rows_only_where_labels_stayed_in_place(sort, turned):
    labels = list(np.random.default_rng(0).choice(["a", "b"], 40))
    ids = [f"row-{n}" for n in range(40)]
    hashes = [str(n) for n in range(40)]
    past = pd.DataFrame({"id": ids, "hash": hashes, "label": labels, "bin": "test", "last": True})
    items = pd.DataFrame({"id": ids, "hash": "new", "label": labels[:: -1 if turned else 1]})
    found = match_rows(items, past, pd.Series("", index=items.index))
    assert (found == "test").sum() == (0 if turned else 40)


def test_the_history_is_an_output_that_the_report_names(project, run):
    write(make_rows(60))
    split(run)
    report = json.loads(Path("reports/split.json").read_text())
    assert set(report["files"]) == {"data/splits.csv", "data/split_history.csv"}
