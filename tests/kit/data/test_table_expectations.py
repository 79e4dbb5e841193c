"""pandera's schema holds at ingest and when serving: the same rows, the same words."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from dlproof.data.table_expectations import check_rules, expect_rows, infer_column
from dlproof.errors import UserError
from hypothesis import given
from hypothesis import strategies as st
from own.data.table import Table

SCHEMA = """\
schema_type: dataframe
columns:
  width: {dtype: float64, greater_than: 0, less_than_or_equal_to: 30, nullable: true}
  colour: {dtype: str, isin: [red, green], nullable: true}
strict: true
"""


def read(cells):
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    return numbers if numbers.count() == cells.count() else cells


def expect(tmp_path, table, schema=SCHEMA, others=None):
    (tmp_path / "schema.yaml").write_text(schema)
    features = pd.DataFrame(table, dtype=object).apply(read)
    others = pd.DataFrame(others, index=features.index)
    return expect_rows(features, others, tmp_path / "schema.yaml", Path("raw.csv"))


def test_rows_outside_range_or_list_are_told_with_value_and_bound(tmp_path):
    table = {"width": ["1", "31", None, "0"], "colour": ["red", None, "blue", "green"]}
    _, reasons = expect(tmp_path, table)
    assert reasons == {
        1: "column 'width' is 31.0, not less_than_or_equal_to(30)",
        2: "column 'colour' is 'blue', not isin(['red', 'green'])",
        3: "column 'width' is 0.0, not greater_than(0)",
    }


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"width": ["1"]}, "raw.csv has no column 'colour', which"),
        ({"width": ["1"], "colour": ["red"], "x": ["1"]}, "raw.csv has a column 'x', which"),
        (
            {"width": ["1", "w"], "colour": ["red", "red"]},
            "row 2: column 'width' is 'w', not a float",
        ),
        ({"width": ["1", "2"], "colour": ["7", "8"]}, r"data\.columns=\{colour: category\}"),
        ({"width": ["1", None], "colour": ["7", None]}, "'colour' is read as numbers, and"),
    ],
)
def test_a_column_missing_unknown_or_of_another_type_is_refused(tmp_path, table, sentence):
    with pytest.raises(UserError, match=sentence):
        expect(tmp_path, table)


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("columns: [", "is not YAML"),
        ("a text", "is not a schema"),
        (SCHEMA.replace("isin", "is_in"), "column 'colour' has 'is_in'; known are"),
        (SCHEMA.replace("strict", "stricter"), "has 'stricter'; known are"),
        (SCHEMA.replace("float64", "float63"), "column 'width' needs dtype: float64 or str"),
        (SCHEMA.replace("than: 0", "than: none"), "column 'width' is .TypeError"),
    ],
)
def test_a_wrong_schema_is_refused_and_a_misspelt_word_not_overlooked(tmp_path, schema, sentence):
    with pytest.raises(UserError, match=sentence):
        expect(tmp_path, {"width": ["1"], "colour": ["red"]}, schema)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_a_draft_leaves_room_around_every_number_that_was_seen(values):
    bounds = infer_column(pd.Series(values))
    assert bounds["greater_than_or_equal_to"] <= min(values)
    assert bounds["less_than_or_equal_to"] >= max(values)


CHECKS = st.fixed_dictionaries(
    {},
    optional={
        "greater_than": st.integers(-3, 3),
        "greater_than_or_equal_to": st.integers(-3, 3),
        "less_than": st.integers(-3, 3),
        "less_than_or_equal_to": st.integers(-3, 3),
        "isin": st.lists(st.integers(-3, 3), min_size=1),
        "notin": st.lists(st.integers(-3, 3), min_size=1),
    },
)


@given(
    checks=CHECKS,
    nullable=st.booleans(),
    values=st.lists(st.none() | st.integers(-4, 4), min_size=1, max_size=4),
)
def test_the_service_refuses_exactly_the_rows_that_pandera_does(
    tmp_path_factory, checks, nullable, values
):
    column = {"dtype": "float64", "nullable": nullable, **checks}
    schema = json.dumps({"schema_type": "dataframe", "columns": {"x": column}})
    table = {"x": [None if value is None else str(value) for value in values]}
    rules, reasons = expect(tmp_path_factory.mktemp("schema"), table, schema)
    for row, value in enumerate(values):
        table = pd.DataFrame({"x": [value]}, dtype=float, index=[row])
        if row in reasons:
            with pytest.raises(UserError) as refused:
                check_rules(table, rules)
            assert str(refused.value) == f"row {row}: {reasons[row]}."
        else:
            check_rules(table, rules)


def test_a_request_outside_the_rules_names_row_column_value_and_bound(tmp_path):
    rules, _ = expect(tmp_path, {"width": ["1", "2"], "colour": ["red", "green"]})
    fitted = {"median": 1.0, "mean": 1.0, "std": 1.0}
    state = {
        "numeric": {"width": fitted},
        "categories": {"colour": ["green", "red"]},
        "expectations": {"rules": rules},
    }
    table = Table("unused", "target")

    def ask(*rows):
        async def read():
            return json.dumps({"rows": rows}).encode()

        received = asyncio.run(table.receive(SimpleNamespace(body=read), state))
        return table.encode(received, state)

    rows = [{"width": 3, "colour": "red"}, {"width": None, "colour": None}]
    assert ask(*rows)["numeric"].shape == (2, 1)
    with pytest.raises(UserError, match=r"row 2: column 'width' is 99.0, not less_than"):
        ask({"width": 3, "colour": "red"}, {"width": 99, "colour": "red"})
    with pytest.raises(UserError, match=r"row 1: column 'colour' is 'blue', not isin"):
        ask({"width": 3, "colour": "blue"})
