"""What a table may hold, in pandera's YAML: enforced by pandera at ingest, by hand when serving.

Importing pandera takes a second and validating one row several ms, so the service works with plain
rules that are taken from the schema here: the same bounds in the same words.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from ..errors import UserError
from ..markup import read_yaml
from ..types import State
from .table_settings import format_setting

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

MAX_LISTED = 50  # different texts of a column that are inferred as its allowed values
NUMBER, TEXT = "float64", "str"
TOP_KEYS = {"schema_type", "version", "api", "columns", "strict", "name", "title", "description"}
KEYS = {"dtype", "nullable", "required", "unique", "title", "description"}
# Checks of pandera that can be held against a single row: known values, statistics -> which hold.
HOLDS: dict[str, Any] = {
    "greater_than": lambda values, min_value: values > min_value,
    "greater_than_or_equal_to": lambda values, min_value: values >= min_value,
    "less_than": lambda values, max_value: values < max_value,
    "less_than_or_equal_to": lambda values, max_value: values <= max_value,
    "isin": lambda values, allowed_values: np.isin(values, allowed_values),
    "notin": lambda values, forbidden_values: ~np.isin(values, forbidden_values),
    "str_matches": lambda values, pattern: np.array([bool(re.match(pattern, v)) for v in values]),
}


def read_schema(path: Path) -> "DataFrameSchema":
    """The schema in a YAML file of pandera's.

    Raises:
        UserError: The file is not a schema, or holds something that would be silently ignored.
    """
    from pandera.io.pandas_io import deserialize_schema

    try:
        content = read_yaml(path)
        columns: dict[str, dict[str, Any]] = content["columns"]
        refuse_words(content, TOP_KEYS, str(path))
        for name, column in columns.items():
            refuse_words(column, {*KEYS, *HOLDS}, f"{path}: column {name!r}")
            if column.get("dtype") not in (NUMBER, TEXT):
                raise UserError(f"{path}: column {name!r} needs dtype: {NUMBER} or {TEXT}.")
        schema: DataFrameSchema = deserialize_schema(content)
        return schema
    except UserError:
        raise
    except Exception as error:  # of the YAML, or of a check's arguments
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f"{path} is not a schema that pandera's from_yaml can read: {reason}."
        ) from error


def refuse_words(content: dict[str, Any], known: set[str], place: str) -> None:
    """Raises a UserError for a key that pandera does not know, and therefore overlooks."""
    odd = [key for key in content if key not in known]
    if odd:
        raise UserError(f"{place} has {odd[0]!r}; known are {', '.join(sorted(known))}.")


def expect_rows(
    features: pd.DataFrame, others: pd.DataFrame, path: Path, source: Path
) -> tuple[State, dict[str, str]]:
    """Validates a whole table.

    Args:
        features: Typed by what they are; the index is the id.
        others: Columns that are no features, as text; validated where the schema names them.
        path: The schema.
        source: The table's file, for sentences.

    Returns:
        The rules of the features, JSON-able, and id -> reason of each row that breaks the schema.

    Raises:
        UserError: A column is missing, unknown or of the wrong type.
    """
    from pandera.errors import SchemaErrors

    schema = read_schema(path)
    named = [name for name in others if name in schema.columns]
    table = features.join(type_others(others[named], schema))
    refuse_columns(table, schema, path, source)
    for name in table.columns.intersection(list(schema.columns)):
        refuse_type(table[name], choose_kind(schema, name), path, source)
    rules = {
        str(name): {
            "nullable": column.nullable,
            "checks": [[check.name, check.statistics, check.error] for check in column.checks],
        }
        for name, column in schema.columns.items()
        if name in features
    }
    untyped = schema.update_columns({name: {"dtype": None} for name in schema.columns})
    try:
        untyped.validate(table, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.to_dict("records")
        unusable = [case for case in cases if case["index"] not in table.index]
        if unusable:  # the check itself fails, such as a number against a text
            raise UserError(f"{path}: {describe_case(unusable[0])}.") from error
        return rules, {case["index"]: describe_case(case) for case in reversed(cases)}
    return rules, {}


def refuse_columns(
    table: pd.DataFrame, schema: "DataFrameSchema", path: Path, source: Path
) -> None:
    """Raises a UserError for columns that are expected and absent, or there and not expected."""
    absent = [name for name, c in schema.columns.items() if c.required and name not in table]
    if absent:
        raise UserError(
            f"{source} has no {name_columns(absent)}, which {path} expects: add what is "
            "missing, or write `required: false` there."
        )
    unknown = [name for name in table if name not in schema.columns]
    if schema.strict and unknown:
        found = f"a {name_columns(unknown)}" if len(unknown) == 1 else name_columns(unknown)
        raise UserError(
            f"{source} has {found}, which {path} does not know: describe "
            f"what is new there, or leave it out: data.drop=[{', '.join(unknown)}]."
        )


def name_columns(names: list[str]) -> str:
    """`column 'a'`, or `columns 'a', 'b'`."""
    return f"column{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"


def type_others(others: pd.DataFrame, schema: "DataFrameSchema") -> pd.DataFrame:
    """Target, keys and dropped columns, typed by the schema; text where a cell is not a number."""
    typed = {}
    for name in others:
        cells = others[name].astype(object).mask(others[name] == "", None)
        is_number = choose_kind(schema, name) == NUMBER and is_numeric(cells)
        typed[name] = to_numbers(cells) if is_number else cells
    return pd.DataFrame(typed, index=others.index)


def to_numbers(cells: pd.Series) -> pd.Series:
    """Texts as float64, NaN where one is not a number."""
    return pd.to_numeric(cells, errors="coerce").astype("float64")


def is_numeric(cells: pd.Series) -> bool:
    """Whether all known texts are numbers."""
    return bool(to_numbers(cells).count() == cells.count())


def choose_kind(schema: "DataFrameSchema", name: str) -> str:
    """What a schema says that a column holds."""
    return NUMBER if schema.columns[name].dtype.type == np.float64 else TEXT


def refuse_type(column: pd.Series, kind: str, path: Path, source: Path) -> None:
    """Raises a UserError for a column of the wrong type, naming the first wrong cell."""
    is_number = pd.api.types.is_numeric_dtype(column)
    if is_number == (kind == NUMBER):
        return
    if is_number:
        raise UserError(
            f"{source}: column {column.name!r} is read as numbers, and {path} expects dtype: str: "
            f"set {format_setting('columns', str(column.name), 'category')}, or fix the dtype "
            "there."
        )
    numbers = pd.to_numeric(column, errors="coerce").notna()
    wrong = (column.notna() & ~numbers).to_numpy()
    if not wrong.any():
        raise UserError(
            f"{source}: column {column.name!r} is read as names, and {path} expects dtype: "
            f"{NUMBER}: set {format_setting('columns', str(column.name), 'number')}, or fix the "
            "dtype there."
        )
    row = int(wrong.argmax())
    raise UserError(
        f"{source} row {row + 1}: column {column.name!r} is {str(column.iloc[row])!r:.40}, not a "
        f"{kind} as {path} expects: fix the cell, or the dtype there."
    )


def describe_case(case: dict[str, Any]) -> str:
    """A sentence for one of pandera's failure cases."""
    if case["check"] == "not_nullable":
        return f"column {case['column']!r} is missing, and is expected of every item"
    found = case["failure_case"]
    shown = repr(found) if isinstance(found, str) else str(found)
    return f"column {case['column']!r} is {shown:.40}, not {case['check']:.80}"


def check_rules(table: pd.DataFrame, rules: State) -> None:
    """Holds the rules against typed rows, as pandera does at ingest.

    Raises:
        UserError: Names row, column, value and bound of the first cell that breaks one.
    """
    for name, rule in rules.items():
        values = table[name].to_numpy()
        for check, row in find_breaches(values, rule):
            case = {"check": check, "column": name, "failure_case": values[row]}
            raise UserError(f"row {table.index[row]}: {describe_case(case)}.")


def find_breaches(values: np.ndarray, rule: State) -> Iterator[tuple[str, int]]:
    """Which check is broken, and at which position."""
    missing = pd.isna(values)
    if not rule["nullable"]:
        yield from (("not_nullable", int(row)) for row in np.flatnonzero(missing))
    known = np.flatnonzero(~missing)
    for check, statistics, words in rule["checks"] if len(known) else ():
        yield from ((words, int(row)) for row in known[~HOLDS[check](values[known], **statistics)])


def infer_schema(features: pd.DataFrame, target: pd.Series, source: Path) -> str:
    """A first draft in pandera's YAML: the range with room around it, texts where they are few.

    Args:
        features: Typed by what they are.
        target: As text, empty where missing.
        source: The table's file.
    """
    known = target.astype(object).mask(target == "", None)
    table = features.join(to_numbers(known) if is_numeric(known) else known)
    columns = {str(name): infer_column(table[name]) for name in table}
    content = {"schema_type": "dataframe", "columns": columns, "strict": True}
    text = yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=400, default_flow_style=None
    )
    return f"# What a valid row of {source} is, as pandera's from_yaml reads it. Review it.\n{text}"


def infer_column(column: pd.Series) -> dict[str, Any]:
    """Type, whether cells may be missing, and bounds or allowed texts of one column."""
    found: dict[str, Any] = {}
    if pd.api.types.is_numeric_dtype(column):
        low, high = float(column.min()), float(column.max())
        margin = (high - low) / 2 or abs(high) or 1.0
        digits = 1 - math.floor(math.log10(margin))  # so that rounding takes little of the margin
        found = {
            "dtype": NUMBER,
            "greater_than_or_equal_to": 0.0 if low >= 0 else round(low - margin, digits),
            "less_than_or_equal_to": round(high + margin, digits),
        }
    else:
        texts = sorted(column.dropna().unique())
        found = {"dtype": TEXT} | ({"isin": texts} if len(texts) <= MAX_LISTED else {})
    return found | ({"nullable": True} if column.isna().any() else {})
