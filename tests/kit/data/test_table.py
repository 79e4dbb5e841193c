"""Rows become numbers and codes, the same way in training and in service; faults are named."""

import asyncio
import json
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from dlproof.data.store import load_store
from dlproof.errors import UserError
from dlproof.files import hash_file
from hypothesis import given
from hypothesis import strategies as st
from own.data.table import Table

from ..projects import TABLE

SETTINGS = SimpleNamespace(impute="median", max_categories=5)
CSV = """width,"colour, name",flag,target
1.5,red,True,a
 2 ,grün,False,b
NA,red,,a
4e0,,True,b
"""


def write(tmp_path, content, **options):
    path = tmp_path / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Table(str(path), "target", **options)


def fit(table):
    items = table.list_items()
    table.refuse_unusable(SETTINGS)
    raw = table.read(items)
    return raw, table.fit(raw, SETTINGS)


def test_numbers_and_texts_are_told_apart_and_missing_cells_kept(tmp_path):
    table = write(tmp_path, CSV)
    raw, state = fit(table)
    assert state["shapes"] == {"numeric": [1], "categorical": [2]}
    assert state["numeric"]["width"]["fill"] == 2.0
    assert state["categories"] == {"colour, name": ["grün", "red"], "flag": ["False", "True"]}
    arrays = table.encode(raw, state)
    np.testing.assert_array_equal(arrays["numeric"][:, 0], np.float32([1.5, 2, np.nan, 4]))
    assert arrays["categorical"].tolist() == [[2, 2], [1, 1], [2, 0], [0, 2]]
    assert arrays["numeric"].dtype == np.float32
    assert arrays["categorical"].dtype == np.int64


def test_the_mean_fills_missing_numbers_where_the_config_says_so(tmp_path):
    table = write(tmp_path, "x,target\n1,a\n2,b\n,b\n9,a\n")
    raw = table.read(table.list_items())
    for impute, fill in (("median", 2.0), ("mean", 4.0)):
        settings = SimpleNamespace(impute=impute, max_categories=5)
        assert table.fit(raw, settings)["numeric"]["x"]["fill"] == fill


def test_rows_that_lack_a_value_are_named_with_the_column(tmp_path):
    table = write(tmp_path, "x,y,target\n1,2,a\n?,2,b\n1,,\n")
    found = table.find_missing(table.list_items())
    assert found == {
        "row-0000002": "has no value in column 'x'",
        "row-0000003": "has no value in column 'y'",
    }


def test_an_item_is_its_row_and_its_hash_leaves_the_target_out(tmp_path):
    items = write(tmp_path, "x,target\n1,a\n2,b\n1,b\n").list_items()
    assert items["id"].tolist() == ["row-0000001", "row-0000002", "row-0000003"]
    assert items["hash"][0] == items["hash"][2] != items["hash"][1]
    assert items["source"][2].endswith("own.csv row 3")


def test_the_state_is_plain_json_and_encodes_the_same_after_a_round_trip(tmp_path):
    table = write(tmp_path, CSV)
    raw, state = fit(table)
    again = table.encode(raw, json.loads(json.dumps(state)))
    for name, array in table.encode(raw, state).items():
        np.testing.assert_array_equal(array, again[name])


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_table_of_one_kind_has_an_array_of_width_zero(tmp_path, kind):
    table = write(tmp_path, "x,target\n" + ("1,a\n2,b\n" if kind == "numeric" else "u,a\nv,b\n"))
    raw, state = fit(table)
    widths = {name: array.shape for name, array in table.encode(raw, state).items()}
    assert widths == {name: (2, int(name == kind)) for name in ("numeric", "categorical")}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("x,target\n", "no rows"),
        ("x,x,target\n1,2,a\n", "two columns named 'x'"),
        (",x,target\n0,1,a\n", "no name for column 1"),
        ("1,2,3\n4,5,6\n", "has no header"),
        ("x,label\n1,a\n", r"no column 'target' \(data.target\)"),
        ("target\na\nb\n", "no column besides"),
        ("x;target\n1;a\n", "not separated by commas"),
        ("x,target\n1,a\n1,2,3,a\n", "unequal length"),
        ("x,target\n1,a,9\n2,b,9\n", "unequal length"),
        ("x,target\nä,a\n".encode("latin-1"), "not UTF-8"),
        ("x,target\n,a\n,b\n", "column 'x' is empty"),
        ("x,target\n" + "".join(f"2024-01-{d},a\n" for d in range(10, 30)), "holds dates"),
        ("x,target\n" + "".join(f"{d} May 2024,a\n" for d in range(1, 9)), r"date: '%d %b %Y'"),
        ("x,target\n" + "".join(f"{n},a\n" for n in range(9)) + "?!,b\n", r"row 10: .* is '\?!'"),
        ("x,target\n" + "".join(f"t{n},a\n" for n in range(9)), "9 different texts"),
    ],
)
def test_an_unusable_file_is_refused_with_what_and_remedy(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        fit(write(tmp_path, content))


MANY = pd.DataFrame(
    {
        "empty": [""] * 30,
        "good": [number % 7 for number in range(30)],
        "joined": [f"2024-01-{day:02d}" for day in range(1, 31)],
        "spoilt": [*range(29), "oops"],
        "words": [f"word {number}" for number in range(30)],
        "left out": [f"note {number}" for number in range(30)],
        "target": ["a", "b"] * 15,
    }
)


def test_every_column_that_can_be_no_feature_is_named_at_ingest(tmp_path):
    text = MANY.to_csv(index=False)
    with pytest.raises(UserError) as error:
        write(tmp_path, text, drop=["left out"]).list_items()
    told = str(error.value)
    assert all(f"column {name!r}" in told for name in ("empty", "joined", "spoilt"))
    assert "data.columns={a: …, b: …}" in told
    named = dict.fromkeys(("empty", "joined", "spoilt"), "ignore")
    with pytest.raises(UserError) as error:
        write(tmp_path, text, columns=named).refuse_unusable(SETTINGS)
    told = str(error.value)
    assert all(f"column {name!r} has 30 different texts" in told for name in ("words", "left out"))
    assert "data.columns={words: ignore}" in told
    named |= dict.fromkeys(("words", "left out"), "ignore")
    write(tmp_path, text, columns=named).refuse_unusable(SETTINGS)


def test_a_missing_file_and_a_wrong_drop_name_the_setting(tmp_path):
    with pytest.raises(UserError, match=r"data\.path"):
        Table(str(tmp_path / "no.csv"), "target").list_items()
    with pytest.raises(UserError, match=r"data\.drop"):
        write(tmp_path, CSV, drop=["id"]).list_items()


def test_rows_without_values_and_infinite_ones_are_problems(tmp_path):
    table = write(tmp_path, "x,y,target\n1,2,a\n,NA,b\ninf,1,a\n1e300,1,a\n")
    problems = table.find_problems(table.list_items())
    assert list(problems) == ["row-0000002", "row-0000003", "row-0000004"]
    assert "'x'" in problems["row-0000003"]


def test_a_constant_column_divides_by_one(tmp_path):
    _, state = fit(write(tmp_path, "x,y,target\n0.1,1,a\n0.1,2,b\n0.1,3,b\n"))
    assert state["numeric"]["x"]["std"] == 1.0


def test_features_are_finite_with_a_column_for_each_category(tmp_path):
    table = write(tmp_path, CSV)
    raw, state = fit(table)
    features, names = table.features(table.encode(raw, state), state)
    assert names[0] == "width"
    assert names[1:3] == ["colour, name=grün", "colour, name=red"]
    assert features.shape == (4, len(names))
    assert features[:, 0].tolist() == [1.5, 2, 2, 4]  # the median where missing
    assert features[:, 1:3].tolist() == [[0, 1], [1, 0], [0, 1], [0, 0]]


def receive(table, state, body):
    async def read():
        return body if isinstance(body, bytes) else json.dumps(body).encode()

    return asyncio.run(table.receive(SimpleNamespace(body=read), state))


def test_a_request_encodes_as_the_file_did(tmp_path):
    table = write(tmp_path, CSV)
    raw, state = fit(table)
    received = receive(table, state, table.write_request(raw)["json"])
    for name, array in table.encode(raw, state).items():
        np.testing.assert_array_equal(array, table.encode(received, state)[name])


def test_null_is_missing_and_an_unseen_category_unknown_and_named(tmp_path):
    table = write(tmp_path, CSV)
    _, state = fit(table)
    row = {"width": None, "colour, name": None, "flag": "perhaps"}
    raw = receive(table, state, {"rows": [row, row | {"flag": "True"}]})
    arrays = table.encode(raw, state)
    assert np.isnan(arrays["numeric"]).all()
    assert arrays["categorical"].tolist() == [[0, 0], [0, 2]]
    assert table.find_unknown(raw, state) == [{"flag": "perhaps"}, {}]


ROW = {"width": 1, "colour, name": None, "flag": "True"}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "not JSON"),
        (b'{"rows": [{"width": NaN}]}', "send null"),
        ([], "must be"),
        ({"rows": []}, "must be"),
        ({"rows": [{"width": 1}], "more": 1}, "must be"),
        ({"rows": [ROW, {}]}, "row 2"),
        ({"rows": [ROW, ROW | {"breadth": 1}]}, "row 2: column 'breadth' is unknown"),
        ({"rows": [ROW, {"width": 1, "flag": None}]}, "row 2 has no column 'colour, name': send"),
        ({"rows": [{"width": "1"}]}, "row 1, column 'width': '1' is not a finite number"),
        ({"rows": [{"width": True}]}, "True is not a finite number"),
        ({"rows": [{"flag": True}]}, "is not text"),
        (b'{"rows": [{"width": 1e999}]}', "not a finite number"),
        ({"rows": [{"width": 10**400}]}, "not a finite number"),
    ],
)
def test_a_wrong_request_is_answered_with_row_and_column(tmp_path, body, sentence):
    table = write(tmp_path, CSV)
    _, state = fit(table)
    with pytest.raises(UserError, match=sentence):
        table.encode(receive(table, state, body), state)


CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text("aé?", max_size=2)


@given(st.lists(st.dictionaries(st.sampled_from(["x", "t", "?"]), CELLS), max_size=3))
def test_any_rows_are_encoded_or_refused_with_a_sentence(rows):
    table = Table("unused", "target")
    state = {
        "shapes": {"numeric": [1], "categorical": [1]},
        "numeric": {"x": {"fill": 0.0, "mean": 0.0, "std": 1.0}},
        "categories": {"t": ["a", "b"]},
    }
    with suppress(UserError):  # and no other
        arrays = table.encode(receive(table, state, {"rows": rows}), state)
        assert not np.isinf(arrays["numeric"]).any()
        assert arrays["categorical"].max() <= 2


def test_rows_for_prediction_may_hold_the_target_and_no_unknown_column(tmp_path):
    table = write(tmp_path, CSV)
    _, state = fit(table)
    raw, names = table.locate(str(tmp_path / "own.csv"), state)
    assert len(names) == len(table.encode(raw, state)["numeric"]) == 4
    with pytest.raises(UserError, match="'extra' is unknown"):
        table.encode(raw.assign(extra=1), state)
    with pytest.raises(UserError, match="column 'width', row 1: 'wide'"):
        table.encode(raw.assign(width="wide"), state)


@pytest.mark.parametrize(("package", "sort"), [("own", TABLE)], indirect=True)
def test_your_own_table_goes_through_the_data_phase_untouched(project, run):
    table = pd.read_csv("raw.csv")
    table["id"] = range(len(table))
    table = pd.concat([table, table.iloc[[0]], table.iloc[[1]].assign(target=None)])
    table.to_csv("own.csv", index=False)
    before = hash_file("own.csv")
    for command in ("ingest", "explore", "clean", "split", "preprocess"):
        run(command, "data.path=own.csv", "data.drop=[id]", "clean.duplicates=drop")
    assert hash_file("own.csv") == before
    reasons = pd.read_csv("data/quarantine.csv")["reason"].tolist()
    assert reasons == ["same content as row-0000001", "has no label"]
    store = load_store("data")
    store.open_test()
    assert store.arrays["numeric"].shape == (120, 2)
    assert np.isnan(store.arrays["numeric"]).sum() == 6
    assert (np.asarray(store.arrays["categorical"]) == 0).sum() == 6
    assert store.state["data"]["categories"] == {"colour": ["green", "red"]}
