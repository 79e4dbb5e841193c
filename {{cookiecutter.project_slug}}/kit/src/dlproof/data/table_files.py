"""CSV files as they arrive: read strictly, columns told apart into numbers and text."""

import csv
import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import UserError
from ..files import atomic

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


def refuse_unusable(
    table: pd.DataFrame, path: Path, drop: Sequence[str], limit: int | None
) -> None:
    """Raises a UserError that names every column that can be no feature as it is.

    Args:
        table: The features, as text.
        path: Where they are from.
        drop: Columns that are left out already.
        limit: The most different texts of a column; None for any number.
    """
    faults = dict(find_faults(table, limit))
    if len(faults) == 1:
        ((name, (row, told, remedy)),) = faults.items()
        place = f"{path} row {row}" if row else str(path)
        raise UserError(f"{place}: column {name!r} {told}: {remedy} data.drop.")
    if faults:
        listed = (
            f"{name!r}{f' (row {row})' if row else ''} {told}"
            for name, (row, told, _) in faults.items()
        )
        raise UserError(
            f"{path}: {len(faults)} columns can be no features as they are: {'; '.join(listed)}. "
            f"Mend them, or leave them out: data.drop=[{', '.join([*drop, *faults])}]."
        )


def find_faults(
    table: pd.DataFrame, limit: int | None
) -> Iterator[tuple[str, tuple[int, str, str]]]:
    """Column -> row (0: all), what is the matter, and what to do in place of leaving it out.

    It is empty, holds dates, numbers of which some are spoilt, or too many texts; a few numbers
    among texts, such as `1`, `2` and `3+`, are categories.
    """
    for name, column in table.items():
        known = column.dropna()
        numbers = pd.to_numeric(known, errors="coerce")
        odd = known[numbers.isna()]
        if known.empty:
            yield str(name), (0, "is empty", "add it to")
        elif len(odd) and numbers.nunique() >= MANY_NUMBERS and 2 * len(odd) <= len(known):
            row = int(table.index.get_loc(odd.index[0])) + 1
            told = f"is {odd.iloc[0]!r:.40} among numbers"
            yield str(name), (row, told, "mend the cell, or use")
        elif 2 * known.str.match(ISO_DATE).sum() > len(known):
            told = f"holds dates ({known.iloc[0]})"
            remedy = "make numbers of them (age, month), or name it in data.time or"
            yield str(name), (int(column.notna().argmax()) + 1, told, remedy)
        elif limit is not None and len(odd) and known.nunique() > limit:
            yield str(name), (0, *describe_crowd(column, limit))


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


def row_id(number: int) -> str:
    """`row-0000012`: sorts as its number does."""
    return f"row-{number:07d}"


def hash_rows(features: pd.DataFrame) -> list[str]:
    """SHA-256 of each row's column names and cells as JSON, as they are written in the file.

    The 64 bits of pandas' own row hashes would let two of a million rows collide by chance once in
    forty million tables, and of anyone who means it. JSON is written by joining cells: of the 7.7 s
    of a core that `json.dumps` takes for a million rows of 18 columns 2.8 are left.
    """
    start = hashlib.sha256((json.dumps(list(features.columns)) + '["').encode())
    cells = (escape_cells(features[name].fillna("").to_numpy(object)) for name in features)
    hashes = []
    for row in zip(*cells, strict=True):
        found = start.copy()
        found.update(('", "'.join(row) + '"]').encode())
        hashes.append(found.hexdigest())
    return hashes


def escape_cells(cells: Sequence[str]) -> Sequence[str]:
    """Texts as they stand between the quotes of JSON; most columns have nothing to escape."""
    text = " ".join(cells)
    if text.isascii() and text.isprintable() and not {'"', "\\"} & set(text):
        return cells
    return [json.dumps(cell)[1:-1] for cell in cells]


def describe_crowd(column: pd.Series, limit: int) -> tuple[str, str]:
    """Of a text column with too many values: what it has, and what to do but to leave it out."""
    known = column.dropna()
    told = f"has {known.nunique()} different texts, over preprocess.max_categories={limit}"
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.notna().mean() > 0.5:
        row = known.index[numbers.isna()][0]
        return f"{told}; most are numbers, {row} is {known[row]!r}", "mend that cell, or use"
    if pd.to_datetime(known, errors="coerce", format="mixed").notna().mean() > 0.5:
        return f"{told}; they look like dates", "make numbers of them (age, month), or use"
    return told, "group them, or add it to"


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
