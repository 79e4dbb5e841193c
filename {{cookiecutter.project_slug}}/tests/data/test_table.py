"""Rows become numbers and codes, the same way in training and in service; faults are named."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from dlproof import UserError
from dlproof.data import load_store

from {{ cookiecutter.package_name }}.data.table import Table

pytestmark = pytest.mark.unit
SETTINGS = SimpleNamespace(impute="median", max_categories=5)
CSV = """width,"colour, name",flag,target
1.5,red,True,a
 2 ,grün,False,b
NA,red,,a
4e0,,True,b
"""


def write(tmp_path, content, **options):
    path = tmp_path / "own.csv"
    path.write_text(content, encoding="utf-8")
    return Table(str(path), "target", **options)


def fit(table):
    raw = table.read(table.list_items())
    table.refuse_unusable(SETTINGS)
    return raw, table.fit(raw, SETTINGS)


def test_an_item_is_its_row_and_its_hash_leaves_the_target_out(tmp_path):
    items = write(tmp_path, "x,target\n1,a\n2,b\n1,b\n").list_items()
    assert items["id"].tolist() == ["row-0000001", "row-0000002", "row-0000003"]
    assert items["label"].tolist() == ["a", "b", "b"]
    assert items["hash"][0] == items["hash"][2] != items["hash"][1]
    assert items["source"][2].endswith("own.csv row 3")


def test_declared_columns_name_the_item_and_its_group_and_are_not_features(tmp_path):
    content = "x,who,when,code,target\n1,p,2024-01-31,u,a\n2,q,2024-02-01,v,b\n"
    table = write(tmp_path, content, id="code", group="who", time="when")
    items = table.list_items()
    assert items["id"].tolist() == ["u", "v"]
    assert items["group"].tolist() == ["p", "q"]
    assert items["time"].tolist() == ["2024-01-31", "2024-02-01"]
    assert (items["origin"] == "").all()
    assert list(table.read(items).columns) == ["x"]


def test_numbers_and_texts_are_distinguished_and_missing_cells_kept(tmp_path):
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


def test_what_float32_would_round_off_is_counted_from_its_mean(tmp_path):
    values = [1_717_000_000_000 + step for step in (3, 1, 2, 9, 5)]
    rows = "".join(f"{value},{n % 3},a\n" for n, value in enumerate(values))
    table = write(tmp_path, f"ms,y,target\n{rows}")
    raw, state = fit(table)
    fitted = state["numeric"]["ms"]
    assert fitted["offset"] == np.mean(values)
    assert "offset" not in state["numeric"]["y"]
    column = table.encode(raw, state)["numeric"][:, 0]
    found = (column - fitted["mean"]) / fitted["std"]
    np.testing.assert_allclose(found, (np.array(values) - np.mean(values)) / np.std(values), 1e-6)
    assert table.summarise(table.encode(raw, state), state)["ms"].tolist() == values


def test_a_column_that_counts_the_rows_is_left_out_with_a_warning_and_may_come_later(tmp_path):
    rows = "".join(f"{n},{n * 7 % 5},{'ab'[n % 2]}\n" for n in range(30))
    table = write(tmp_path, f"Unnamed: 0,x,target\n{rows}")
    items = table.list_items()
    raw, state = fit(table)
    assert list(raw) == ["x"]
    assert state["ignored"] == ["Unnamed: 0"]
    assert "'Unnamed: 0' is named like the index of a table" in items.attrs["warnings"][0]
    assert len(table.encode(raw.assign(**{"Unnamed: 0": 1}), state)["numeric"]) == 30


def test_a_constant_column_divides_by_one(tmp_path):
    _, state = fit(write(tmp_path, "x,y,target\n0.1,1,a\n0.1,2,b\n0.1,3,b\n"))
    assert state["numeric"]["x"]["std"] == 1.0


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_table_of_one_kind_has_an_array_of_width_zero(tmp_path, kind):
    table = write(tmp_path, "x,target\n" + ("1,a\n2,b\n" if kind == "numeric" else "u,a\nv,b\n"))
    raw, state = fit(table)
    widths = {name: array.shape for name, array in table.encode(raw, state).items()}
    assert widths == {name: (2, int(name == kind)) for name in ("numeric", "categorical")}


def test_an_unseen_category_is_code_zero_and_an_unknown_column_refused(tmp_path):
    table = write(tmp_path, CSV)
    raw, state = fit(table)
    assert table.encode(raw.assign(flag="perhaps"), state)["categorical"][:, 1].tolist() == [0] * 4
    with pytest.raises(UserError, match="'extra' is unknown"):
        table.encode(raw.assign(extra=1), state)
    with pytest.raises(UserError, match=r"column 'width', row .*1: 'wide'"):
        table.encode(raw.assign(width="wide"), state)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("x,target\n", "no rows"),
        ("x,label\n1,a\n", r"no column 'target' \(data.target\)"),
        ("x,target\n1,\n2,\n", r"column 'target' \(data.target\) is empty"),
        ("x,y,target\n,1,a\n,2,b\n", r"column 'x' is empty: data.columns=\{x: ignore\}"),
        ("x,target\n" + "".join(f"t{n},a\n" for n in range(9)), "9 different texts"),
        ("x,target\n" + "".join(f"{n},a\n" for n in range(9)) + "?!,b\n", r"row 10: .* is '\?!'"),
    ],
)
def test_an_unusable_file_is_refused_with_reason_and_remedy(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        fit(write(tmp_path, content))


def test_a_column_that_only_train_lacks_is_refused_too(tmp_path):
    table = write(tmp_path, "x,y,target\n,1,a\n,2,b\n3,4,a\n")
    raw = table.read(table.list_items())
    with pytest.raises(UserError, match=r"column 'x' is empty in train: add it to data\.drop"):
        table.fit(raw[:2], SETTINGS)


@pytest.mark.pipeline
def test_your_own_table_goes_through_the_data_phase_and_odd_rows_to_the_quarantine(project, run):
    table = pd.read_csv("raw.csv")
    table["id"] = range(len(table))
    table = pd.concat([table, table.iloc[[0]], table.iloc[[1]].assign(target=None)])
    table.to_csv("own.csv", index=False)
    for command in ("ingest", "clean", "split", "preprocess"):
        run(command, "data.path=own.csv", "data.drop=[id]")
    reasons = pd.read_csv("data/quarantine.csv")["reason"].tolist()
    assert reasons == ["same content as row-0000001", "has no label"]
    store = load_store("data")
    store.open_test()
    assert store.arrays["numeric"].shape == (120, 2)
    assert np.isnan(store.arrays["numeric"]).sum() == 6
    assert (np.asarray(store.arrays["categorical"]) == 0).sum() == 6
    assert store.state["data"]["categories"] == {"colour": ["green", "red"]}
