"""What an item may be is written in a file; ingest and service hold items against it."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from {{ cookiecutter.package_name }}.configuration import compose
from {{ cookiecutter.package_name }}.data.expectations import write_expectations
from {{ cookiecutter.package_name }}.errors import UserError

pytestmark = pytest.mark.unit
IMAGES = Path(__file__).parents[2].joinpath("configs", "data", "folder.yaml").exists()
images_only = pytest.mark.skipif(not IMAGES, reason="the project has no images")
tables_only = pytest.mark.skipif(IMAGES, reason="the project has no tables")
SCHEMA = """\
schema_type: dataframe
columns:
  width: {dtype: float64, greater_than: 0, less_than_or_equal_to: 30, nullable: true}
  colour: {dtype: str, isin: [red, green], nullable: true}
strict: true
"""


@pytest.mark.pipeline
def test_a_draft_expects_the_raw_data_as_it_is_and_is_never_written_over(project, run, small):
    path = write_expectations(compose(small))
    assert path == Path("expectations") / ("folder.yaml" if IMAGES else "csv.yaml")
    figures = run("ingest", f"data.expectations={path}").figures["expectations"]
    assert figures["unexpected_items"] == 0
    assert figures["rules"] > 0
    with pytest.raises(UserError, match="is there: edit it"):
        write_expectations(compose(small))


@pytest.mark.pipeline
def test_the_rules_that_ingest_enforced_go_into_the_fitted_state(project, run, small):
    path = write_expectations(compose(small))
    for stage in ("ingest", "clean", "split", "preprocess"):
        run(stage, f"data.expectations={path}")
    enforced = json.loads(Path("data/expectations.json").read_text())
    state = json.loads(Path("data/processed/state.json").read_text())
    assert state["data"]["expectations"] == enforced
    assert enforced["rules"]


@pytest.mark.pipeline
def test_a_changed_file_makes_the_report_of_ingest_another(project, run, small):
    path = write_expectations(compose(small))
    first = run("ingest", f"data.expectations={path}")
    path.write_text(path.read_text() + "# looked at\n")
    second = run("ingest", f"data.expectations={path}")
    assert first.made_from["expectations"] != second.made_from["expectations"]
    assert first.digest != second.digest


@pytest.mark.pipeline
def test_a_missing_file_names_the_command_that_drafts_one(project, run):
    with pytest.raises(UserError, match="data expect"):
        run("ingest", "data.expectations=expectations/none.yaml")


def expect(tmp_path, table, schema=SCHEMA):
    from {{ cookiecutter.package_name }}.data.table_expectations import expect_rows
    from {{ cookiecutter.package_name }}.data.table_files import type_columns

    (tmp_path / "schema.yaml").write_text(schema)
    features = type_columns(pd.DataFrame(table, dtype=object))
    others = pd.DataFrame(index=features.index)
    return expect_rows(features, others, tmp_path / "schema.yaml", Path("raw.csv"))


@tables_only
def test_rows_outside_range_or_list_are_told_with_value_and_bound(tmp_path):
    table = {"width": ["1", "31", None, "0"], "colour": ["red", None, "blue", "green"]}
    _, reasons = expect(tmp_path, table)
    assert reasons == {
        1: "column 'width' is 31.0, not less_than_or_equal_to(30)",
        2: "column 'colour' is 'blue', not isin(['red', 'green'])",
        3: "column 'width' is 0.0, not greater_than(0)",
    }


@tables_only
@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"width": ["1"]}, "raw.csv has no column 'colour', which"),
        ({"width": ["1"], "colour": ["red"], "x": ["1"]}, "raw.csv has a column 'x', which"),
        ({"width": ["1", "w"], "colour": ["red", "red"]}, "row 2: column 'width' is 'w', no float"),
        ({"width": ["1"], "colour": ["7"]}, "row 1: column 'colour' is '7.0', no str as"),
    ],
)
def test_a_column_missing_unknown_or_of_another_type_is_refused(tmp_path, table, sentence):
    with pytest.raises(UserError, match=sentence):
        expect(tmp_path, table)


@tables_only
@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("columns: [", "is no schema"),
        ("a text", "is no schema"),
        (SCHEMA.replace("isin", "is_in"), "column 'colour' has 'is_in'; known are"),
        (SCHEMA.replace("strict", "stricter"), "has 'stricter'; known are"),
        (SCHEMA.replace("float64", "float63"), "column 'width' needs dtype: float64 or str"),
        (SCHEMA.replace("than: 0", "than: none"), "column 'width' is TypeError"),
    ],
)
def test_a_wrong_schema_is_refused_and_a_misspelt_word_not_overlooked(tmp_path, schema, sentence):
    with pytest.raises(UserError, match=sentence):
        expect(tmp_path, {"width": ["1"], "colour": ["red"]}, schema)


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


@tables_only
@given(
    checks=CHECKS,
    nullable=st.booleans(),
    values=st.lists(st.none() | st.integers(-4, 4), min_size=1, max_size=4),
)
def test_the_service_refuses_exactly_the_rows_that_pandera_does(
    tmp_path_factory, checks, nullable, values
):
    from {{ cookiecutter.package_name }}.data.table_expectations import hold_rules

    column = {"dtype": "float64", "nullable": nullable, **checks}
    schema = json.dumps({"schema_type": "dataframe", "columns": {"x": column}})
    table = {"x": [None if value is None else str(value) for value in values]}
    rules, reasons = expect(tmp_path_factory.mktemp("schema"), table, schema)
    for row, value in enumerate(values):
        received = pd.DataFrame({"x": [value]}, dtype=float, index=[row])
        if row not in reasons:
            hold_rules(received, rules)
            continue
        with pytest.raises(UserError) as refused:
            hold_rules(received, rules)
        assert str(refused.value) == f"row {row}: {reasons[row]}."


@tables_only
def test_a_request_outside_the_rules_names_row_column_value_and_bound(tmp_path):
    from {{ cookiecutter.package_name }}.data.table import Table

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

    assert ask({"width": 3, "colour": "red"}, {"width": None})["numeric"].shape == (2, 1)
    with pytest.raises(UserError, match=r"row 2: column 'width' is 99.0, not less_than_or"):
        ask({"width": 3}, {"width": 99})
    with pytest.raises(UserError, match=r"row 1: column 'colour' is 'blue', not isin"):
        ask({"colour": "blue"})


RULES = {"modes": ["L"], "min_side": 4, "max_side": 16, "max_kb": 5.0}


@images_only
@pytest.mark.parametrize(
    ("mode", "size", "reason"),
    [
        ("L", (4, 16), ""),
        ("RGB", (8, 8), "has mode RGB, not L"),
        ("L", (3, 8), "has 3x8 pixels, not 4 to 16 a side"),
        ("L", (8, 17), "has 8x17 pixels, not 4 to 16 a side"),
    ],
)
def test_ingest_and_service_refuse_the_same_images_in_the_same_words(tmp_path, mode, size, reason):
    from PIL import Image

    from {{ cookiecutter.package_name }}.data.image import ImageFolder, decode_named
    from {{ cookiecutter.package_name }}.data.image_expectations import find_unexpected

    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "0.png"
    Image.new(mode, size).save(path)
    found = dict(find_unexpected(tmp_path, ["a/0.png"], RULES))
    assert found == ({"a/0.png": reason} if reason else {})
    located, _ = ImageFolder("unused").locate(str(path), {"expectations": {"rules": RULES}})
    if not reason:
        assert located[0].size == decode_named("0.png", path.read_bytes(), RULES).size == size
        return
    with pytest.raises(UserError, match=reason):
        decode_named("0.png", path.read_bytes(), RULES)
    with pytest.raises(UserError, match=reason):
        located[0]


@images_only
def test_a_file_over_the_limit_is_refused(tmp_path):
    from PIL import Image

    from {{ cookiecutter.package_name }}.data.image_expectations import find_breach

    image = Image.new("L", (8, 8))
    assert find_breach(image, 5000, RULES) == ""
    assert find_breach(image, 9000, RULES) == "has 9 kB, over 5"


@images_only
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("modes: [", "is no YAML"),
        ("a text", "the file"),
        ("modes: [L]\nmin_side: 1\nmax_side: 9", "max_kb: field required"),
        ("modes: [L]\nmin_side: 1\nmax_side: 9\nmax_kb: 9.0\nsize: 3", "size: extra inputs"),
        ("modes: [L]\nmin_side: 0\nmax_side: 9\nmax_kb: 9.0", "min_side: input should be"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(tmp_path, text, sentence):
    from {{ cookiecutter.package_name }}.data.image_expectations import read_expectations

    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_expectations(tmp_path / "own.yaml")


@pytest.mark.pipeline
def test_unexpected_items_are_quarantined_with_the_reason(project, run, small):
    path = write_expectations(compose(small))
    if IMAGES:
        from PIL import Image

        Image.new("RGB", (99, 99)).save("raw/plain/big.png")
    else:
        table = pd.read_csv("raw.csv")
        table.loc[3, "width"] = 1e6
        table.to_csv("raw.csv", index=False)
    figures = run("ingest", f"data.expectations={path}").figures["expectations"]
    assert figures["unexpected_items"] == 1
    assert run("clean", f"data.expectations={path}").figures["reasons"]["unexpected"] == 1
    (reason,) = pd.read_csv("data/quarantine.csv")["reason"]
    assert any(told in reason for told in ("99x99", "RGB", "'width' is 1000000.0, not less_than"))
