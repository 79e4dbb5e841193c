"""Rows over HTTP: how the service reads and describes them, and what of a table a model knows."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..errors import UserError
from ..types import State
from .table_files import LARGEST, MISSING


def conform(
    table: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> pd.DataFrame:
    """The columns that a model was fitted on, in that order; absent ones are all missing.

    Raises:
        UserError: A column is unknown, or a cell of a number's column is none.
    """
    known = [*numeric, *categorical]
    unknown = [str(name) for name in table.columns if name not in known]
    if unknown:
        raise UserError(f"column {unknown[0]!r} is unknown: the model knows {', '.join(known)}.")
    table = table.reindex(columns=known)
    for name in numeric:
        numbers = pd.to_numeric(table[name], errors="coerce").astype("float64")
        wrong = table[name].notna() & ~(numbers.abs() <= LARGEST)
        if wrong.any():
            row = table.index[wrong][0]
            raise UserError(
                f"column {name!r}, row {row}: {table.at[row, name]!r:.40} is not a finite number."
            )
        table[name] = numbers
    for name in categorical:
        text = table[name].astype(object)
        table[name] = text.where(text.isna(), text.astype(str).str.strip())
    return table


def parse_rows(body: bytes, state: State) -> pd.DataFrame:
    """Rows of `{"rows": [{"column": value}]}`, by number from 1; absent and null are missing.

    Raises:
        UserError: It is something else, or a cell does not suit its column.
    """
    try:
        content = json.loads(body, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the body is not JSON ({error}).") from error
    rows = content.get("rows") if isinstance(content, dict) and len(content) == 1 else None
    if not isinstance(rows, list) or not rows:
        raise UserError('the body must be {"rows": [{"column": value, …}, …]} with a row or more.')
    for number, row in enumerate(rows, start=1):
        check_row(row, number, state)
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1), dtype=object)
    return table.mask(table.isin(MISSING), None)


def check_row(row: Any, number: int, state: State) -> None:
    """Raises a UserError for the first wrong cell of a received row."""
    if not isinstance(row, dict) or not row:
        raise UserError(f"row {number} must be an object with a value for each column.")
    for name, value in row.items():
        if name not in state["numeric"] and name not in state["categories"]:
            known = ", ".join([*state["numeric"], *state["categories"]])
            raise UserError(f"row {number}: column {name!r} is unknown; known are {known}.")
        if value is None:
            continue
        place = f"row {number}, column {name!r}: {value!r:.40}"
        if name in state["categories"] and not isinstance(value, str):
            raise UserError(f"{place} is not a text.")
        if name in state["numeric"] and not is_finite(value):
            raise UserError(f"{place} is not a finite number.")


def is_finite(value: Any) -> bool:
    """Whether a JSON value is a number that an array can hold; `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def refuse_constant(name: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(f"{name} is no JSON number: send null for a missing value")


def describe_rows(state: State) -> dict[str, Any]:
    """OpenAPI `requestBody`: a JSON object with `rows`."""
    values: dict[str, Any] = {name: {"type": ["number", "null"]} for name in state["numeric"]}
    for name, known in state["categories"].items():
        values[name] = {"type": ["string", "null"], "examples": known[:5]}
    row = {"type": "object", "properties": values, "additionalProperties": False}
    rows = {"type": "array", "items": row, "minItems": 1}
    schema = {
        "type": "object",
        "properties": {"rows": rows},
        "required": ["rows"],
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}
