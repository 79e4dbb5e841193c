"""YAML that people write: numbers as they write them, mistakes told in a sentence."""

import pytest
from dlproof.cheatsheet import load_cheatsheet
from dlproof.data.table_expectations import read_schema
from dlproof.errors import UserError
from dlproof.markup import read_yaml

ROW = "{name: rate, keys: [optimizer.lr], default: 3e-4, range: [1e-5, 1E-2], scale: log, note: n}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("-1.e+3", -1e3),
        ("2.5e3", 2500.0),
        (".5e1", 5.0),
        ("1", 1),
        ("0.5", 0.5),
        ("1e", "1e"),
        ("e5", "e5"),
        ("2026-12-01x", "2026-12-01x"),
        ("123456789e1234", "123456789e1234"),
    ],
)
def test_a_number_with_an_exponent_is_a_number(tmp_path, written, meant):
    path = tmp_path / "file.yaml"
    path.write_text(f"[{written}]")
    (found,) = read_yaml(path)
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "file.yaml is not YAML"),
        ("day: 2026-13-05", "has an invalid date"),
        (b"\xe9: 1", "file.yaml is not YAML"),
    ],
)
def test_what_is_not_yaml_is_a_sentence(tmp_path, content, words):
    path = tmp_path / "file.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=words):
        read_yaml(path)
    with pytest.raises(UserError, match="does not exist"):
        read_yaml(path.with_name("other.yaml"))


def test_the_cheat_sheet_takes_them(tmp_path):
    path = tmp_path / "cheatsheet.yaml"
    path.write_text(f"optimizers: [{ROW}]")
    (row,) = load_cheatsheet(path)
    assert (row["default"], row["range"]) == (3e-4, [1e-5, 1e-2])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1e-5", "low", r"optimizers\.0\.range\.0 should be a valid number"),
        ("1e-5", "1.0", r"optimizers\.0 must have options, or a range with its smaller end"),
        (", scale: log", "", r"optimizers\.0 has a range without a scale"),
        (", note: n", "", r"optimizers\.0\.note field required"),
        ("note", "nota", r"optimizers\.0\.note field required"),
        ("[optimizer.lr]", "optimizer.lr", r"optimizers\.0\.keys should be a valid list"),
    ],
)
def test_a_row_that_is_none_is_named(tmp_path, old, new, words):
    path = tmp_path / "cheatsheet.yaml"
    path.write_text(f"optimizers: [{ROW.replace(old, new)}]")
    with pytest.raises(UserError, match=words):
        load_cheatsheet(path)


def test_expectations_of_a_table_take_them(tmp_path):
    path = tmp_path / "table.yaml"
    path.write_text("columns: {a: {dtype: float64, greater_than: 1e-5}}")
    (check,) = read_schema(path).columns["a"].checks
    assert check.statistics == {"min_value": 1e-5}
