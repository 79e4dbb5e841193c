"""Rows over HTTP: how the service reads and describes them."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from ..errors import UserError
from ..types import State
from .table_numbers import LARGEST
from .table_settings import Rules


def name_fields(state: State, rules: Rules, others: Collection[str]) -> dict[str, str]:
    """Column -> what a request may hold there: `number`, `text`, or `any` that is passed over."""
    passed = dict.fromkeys([*others, *state.get("ignored", ())], "any")
    dates = filter(rules.has_date, state["numeric"])
    texts = dict.fromkeys([*dates, *state["categories"]], "text")
    return passed | dict.fromkeys(state["numeric"], "number") | texts


def parse_rows(body: bytes, fields: Mapping[str, str]) -> pd.DataFrame:
    """Rows of `{"rows": [{"column": value}]}`, by number from 1; null is missing.

    Args:
        body: Of the request.
        fields: As `name_fields` gives them.

    Raises:
        UserError: It is something else, lacks a column, or a cell does not suit its column.
    """
    try:
        content = json.loads(body, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the body is not JSON ({error}).") from error
    rows = content.get("rows") if isinstance(content, dict) and len(content) == 1 else None
    if not isinstance(rows, list) or not rows:
        raise UserError(
            'the body must be {"rows": [{"column": value, …}, …]} with at least one row.'
        )
    for number, row in enumerate(rows, start=1):
        check_row(row, number, fields)
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1), dtype=object)
    return table.reindex(columns=[name for name, kind in fields.items() if kind != "any"])


def check_row(row: Any, number: int, fields: Mapping[str, str]) -> None:
    """Raises a UserError for the first wrong or absent cell of a received row."""
    if not isinstance(row, dict) or not row:
        raise UserError(f"row {number} must be an object with a value for each column.")
    for name, value in row.items():
        if name not in fields:
            known = ", ".join(name for name, kind in fields.items() if kind != "any")
            raise UserError(f"row {number}: column {name!r} is unknown; known columns are {known}.")
        place = f"row {number}, column {name!r}: {value!r:.40}"
        if value is None or fields[name] == "any":
            continue
        if fields[name] == "text" and not isinstance(value, str):
            raise UserError(f"{place} is not text.")
        if fields[name] == "number" and not is_finite(value):
            raise UserError(f"{place} is not a finite number.")
    for name, kind in fields.items():
        if kind != "any" and name not in row:
            raise UserError(
                f"row {number} has no column {name!r}: send null if the value is unknown."
            )


def is_finite(value: Any) -> bool:
    """Whether a JSON value is a number that an array can hold; `true` is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def refuse_constant(name: str) -> None:
    """Refuses NaN and Infinity, which are not JSON although Python reads them."""
    raise ValueError(f"{name} is not a JSON number: send null for a missing value")


def describe_rows(
    fields: Mapping[str, str], categories: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """OpenAPI `requestBody`: a JSON object with `rows`.

    Args:
        fields: As `name_fields` gives them.
        categories: Column -> values that are known.
    """
    types = {"number": ["number", "null"], "text": ["string", "null"]}
    values: dict[str, Any] = {
        name: {} if kind == "any" else {"type": types[kind]} for name, kind in fields.items()
    }
    for name, known in categories.items():
        values[name]["examples"] = list(known[:5])
    row = {
        "type": "object",
        "properties": values,
        "required": [name for name, kind in fields.items() if kind != "any"],
        "additionalProperties": False,
    }
    rows = {"type": "array", "items": row, "minItems": 1}
    schema = {
        "type": "object",
        "properties": {"rows": rows},
        "required": ["rows"],
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}
