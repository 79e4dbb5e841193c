"""CSV files as they arrive: read strictly, columns told apart into numbers and text."""

import csv
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from ..files import atomic
from .types import State

# Cells that mean "not known", in files and in requests alike.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "?")
MANY_NUMBERS = 20  # different ones: so many are a measure, not names of categories
ISO_DATE = r"\d{4}-\d\d-\d\d"
LARGEST = float(np.finfo(np.float32).max)  # arrays hold no larger number


def read_csv(path: Path) -> pd.DataFrame:
    """Reads a CSV as text, missing cells as NaN; the index is the row number, from 1.

    Raises:
        UserError: It is missing, empty, not UTF-8, has a bad header or rows of unequal length.
    """
    header = read_header(path)
    try:
        with warnings.catch_warnings():
            # Rows that are longer than the header are only warned of, and cut.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                path,
                dtype=str,
                index_col=False,
                names=header,
                header=0,
                keep_default_na=False,
                na_values=list(MISSING),
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip().rstrip(".")
        raise UserError(
            f"{path} has rows of unequal length ({reason}): quote cells that hold commas."
        ) from error
    if table.empty:
        raise UserError(f"{path} has a header and no rows: add some, or set data.path.")
    table.index = pd.RangeIndex(1, len(table) + 1)
    return table


def read_header(path: Path) -> list[str]:
    """Column names of a CSV.

    Raises:
        UserError: The file is missing or empty, or its names are missing, repeated or numbers.
    """
    if not path.is_file():
        raise UserError(f"{path} is not a file: set data.path to your CSV.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = [name.strip() for name in next(csv.reader(stream), [])]
            if "\0" in "".join(header) or "\0" in stream.read():  # the whole file must be UTF-8
                raise UserError(f"{path} holds zero bytes, so it is no text: save it as CSV.")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error
    except csv.Error as error:
        raise UserError(f"{path} is not a CSV ({error}): save the table as CSV.") from error
    if not header:
        raise UserError(f"{path} is empty: it needs a header and rows.")
    check_header(header, path)
    return header


def check_header(header: Sequence[str], path: Path) -> None:
    """Raises a UserError for the first fault of a header."""
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise UserError(f"{path} is not separated by commas: save it with commas.")
    if all(is_number(name) for name in header):
        raise UserError(f"{path} has no header (its first row is numbers): add column names.")
    if "" in header:
        raise UserError(
            f"{path} has no name for column {header.index('') + 1}: name it, or write the file "
            "without an index column."
        )
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise UserError(f"{path} has two columns named {repeated[0]!r}: rename one.")


def is_number(text: str) -> bool:
    """Whether a cell reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def refuse_unusable(table: pd.DataFrame, path: Path) -> None:
    """Raises a UserError for a column of texts that can be no feature as it is.

    It is empty, holds dates, or numbers of which some are spoilt; a few numbers among texts, such
    as `1`, `2` and `3+`, are categories.
    """
    for name, column in table.items():
        known = column.dropna()
        if known.empty:
            raise UserError(f"{path}: column {name!r} is empty: add it to data.drop.")
        numbers = pd.to_numeric(known, errors="coerce")
        odd = known[numbers.isna()]
        if len(odd) and numbers.nunique() >= MANY_NUMBERS and 2 * len(odd) <= len(known):
            raise UserError(
                f"{path} row {table.index.get_loc(odd.index[0]) + 1}: column {name!r} is "
                f"{odd.iloc[0]!r:.40} among numbers: mend the cell, or use data.drop."
            )
        dates = known.str.match(ISO_DATE)
        if 2 * dates.sum() > len(known):
            raise UserError(
                f"{path} row {int(column.notna().argmax()) + 1}: column {name!r} holds dates "
                f"({known.iloc[0]}): make numbers of them (age, month), or name it in data.time or "
                "data.drop."
            )


def type_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Turns columns whose every known cell is a number into float64; others stay text.

    Dates, and `True` and `False`, are text: categories, as long as they are few.
    """
    typed = {}
    for name, column in table.items():
        numbers = pd.to_numeric(column, errors="coerce").astype("float64")
        is_numeric = numbers.notna().sum() == column.notna().sum()
        typed[name] = numbers if is_numeric else column.astype(object).str.strip()
    return pd.DataFrame(typed, index=table.index)


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


def write_breast_cancer(path: Path) -> None:
    """Writes scikit-learn's 569 breast tumours: 30 measurements and the diagnosis."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    table["diagnosis"] = bunch.target.map(dict(enumerate(bunch.target_names)))
    with atomic(path) as draft:
        table.to_csv(draft, index=False)


def write_diabetes(path: Path) -> None:
    """Writes scikit-learn's 442 diabetes patients, in the units they were measured in."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(as_frame=True, scaled=False)
    names = {
        "bp": "blood_pressure",
        "s1": "cholesterol",
        "s2": "ldl",
        "s3": "hdl",
        "s4": "cholesterol_hdl_ratio",
        "s5": "log_triglycerides",
        "s6": "glucose",
    }
    table = bunch.data.rename(columns=names)
    table["progression"] = bunch.target
    with atomic(path) as draft:
        table.to_csv(draft, index=False)
