"""Rows that a model is asked about, in a file or a request, read as its training rows were."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import UserError
from ..types import State
from .table_dates import count_days, read_dates
from .table_files import read_cells, row_id
from .table_numbers import LARGEST, read_numbers
from .table_settings import Rules
from .table_words import find_key, fold, is_missing


def conform(
    table: pd.DataFrame, state: State, rules: Rules, others: Collection[str]
) -> pd.DataFrame:
    """The columns that a model was fitted on, in that order: float64, and texts of categories.

    Args:
        table: Texts or numbers, missing cells empty or None.
        state: What was fitted.
        rules: The config's word about columns.
        others: Columns that may be there and are passed over.

    Raises:
        UserError: A column is unknown or absent, or a cell of a number's or date's column is none.
    """
    known = [*state["numeric"], *state["categories"]]
    passed = {*others, *state.get("ignored", ())}
    unknown = [str(name) for name in table.columns if name not in {*known, *passed}]
    if unknown:
        raise UserError(f"column {unknown[0]!r} is unknown: the model knows {', '.join(known)}.")
    refuse_absent(table.columns, known)
    read = {name: read_number(table[name], rules) for name in state["numeric"]}
    read |= {n: read_category(table[n], v, rules) for n, v in state["categories"].items()}
    return pd.DataFrame(read, index=table.index)


def refuse_absent(columns: Collection[str], known: Sequence[str], remedy: str = "") -> None:
    """Raises a UserError for the columns of a model that a table lacks."""
    absent = [name for name in known if name not in columns]
    if absent:
        remedy = remedy or "give a value for each column, null or empty where it is missing."
        raise UserError(
            f"column {', '.join(map(repr, absent[:5]))} is missing, and the model was trained on "
            f"it: {remedy}"
        )


def read_number(cells: pd.Series, rules: Rules) -> pd.Series:
    """A column of numbers or dates as float64, NaN where missing.

    Raises:
        UserError: A cell is not a finite number, or not a date of the declared form.
    """
    if cells.dtype == np.float64:
        read, wrong = cells, cells.abs() > LARGEST
    else:
        name, told = str(cells.name), rules.read_declared(str(cells.name))
        words = rules.choose_missing(name, is_feature=True)
        texts = cells.where(cells.isna(), cells.astype(str).str.strip())
        if words is None:
            missing = cells.isna() | texts.map(lambda text: text == "" or is_missing(str(text)))
        else:
            missing = cells.isna() | texts.isin(["", *words])
        if told is not None and told[0] == "date":
            read = count_days(read_dates(texts.mask(missing), told[1]["date"]))
        else:
            read = read_numbers(texts.mask(missing), told[1] if told else {})
        wrong = ~missing & ~(read.abs() <= LARGEST)
    if wrong.any():
        row = cells.index[wrong][0]
        raise UserError(
            f"column {cells.name!r}, row {row}: {cells[row]!r:.40} is not a finite number"
            + (" or date of the form that data.columns says." if read.isna()[row] else ".")
        )
    return read


def read_category(cells: pd.Series, known: Sequence[str], rules: Rules) -> pd.Series:
    """A column of texts as it was spelled in training, None where missing."""
    if isinstance(cells.dtype, pd.StringDtype):  # a text is one word, unlike 1, 1.0 and True
        codes, words = pd.factorize(cells)
        texts = read_category(pd.Series(words, dtype=object, name=cells.name), known, rules)
        return pd.Series(np.array([*texts, None], object)[codes], cells.index, name=cells.name)
    name = str(cells.name)
    words = {"", *(rules.choose_missing(name, is_feature=True) or ())}
    texts = cells.astype(object).where(cells.isna(), cells.astype(str).str.strip())
    rule = rules.fold.get(name)
    if rule is True:
        keys = {find_key(word): word for word in known}
        texts = texts.where(
            texts.isna() | texts.isin(known), texts.map(lambda t: keys.get(find_key(str(t)), t))
        )
    elif rule:
        texts = fold(texts, rule)
    return texts.mask(texts.isna() | texts.isin(words), None)


def find_unknown(table: pd.DataFrame, state: State) -> list[dict[str, str]]:
    """For each row the column and value of every category that was not met in training.

    Args:
        table: As `conform` gives it.
        state: What was fitted.
    """
    found: list[dict[str, str]] = [{} for _ in range(len(table))]
    for name, values in state["categories"].items():
        unseen = table[name].notna() & ~table[name].isin(values)
        for row in np.flatnonzero(unseen):
            found[row][name] = str(table[name].iloc[row])
    return found


def locate_rows(
    path: Path,
    state: State,
    rules: Rules,
    others: Collection[str],
    key: str | None,
    absent: Collection[str],
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of a table file without labels, and their names.

    Args:
        path: The file.
        state: What was fitted.
        rules: The config's word about columns.
        others: Columns that may be there and are passed over.
        key: Column that names each row, where there is one.
        absent: Columns that may be absent, and are missing in every row then.

    Raises:
        UserError: The file is unusable, or lacks a column of the model that is not in `absent`.
    """
    cells = read_cells(path, "predict.input")
    names = [row_id(number) for number in cells.index]
    if key in cells:
        names = cells[key].str.strip().tolist()
    known = [*state["numeric"], *state["categories"]]
    wrong = [name for name in absent if name not in known]
    if wrong:
        raise UserError(f"predict.absent names {wrong[0]!r}: the model knows {', '.join(known)}.")
    for name in set(absent) - set(cells.columns):
        cells[name] = ""
    lacking = ", ".join(name for name in known if name not in cells.columns)
    remedy = f"add it to {path}, or allow its absence with predict.absent=[{lacking}]."
    refuse_absent(cells.columns, known, remedy)
    return cells, names
