"""What each column of a table is: a number, a category, a date, or nothing to learn from.

`data.columns` decides; for columns that it does not name, their cells decide.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import UserError
from .table_dates import count_days, read_dates
from .table_guess import Column, find_soft, guess
from .table_numbers import read_numbers
from .table_settings import Fold, Rules, format_setting
from .table_words import find_spellings, fold, name_spellings

TOLD = "data.columns says so"
SEVERAL = "Columns of one setting go into one: data.columns={a: …, b: …}."


def decide(name: str, cells: pd.Series, rules: Rules) -> Column:
    """What a feature column is.

    Args:
        name: The column's.
        cells: Texts without blanks around them, empty where missing; the index is the row number.
        rules: The config's.

    Raises:
        UserError: It is empty, or what it is must be said, or is not as the config says.
    """
    words = rules.choose_missing(name, is_feature=True)
    known = cells[cells != ""]
    known = known[~known.isin(words)] if words else known
    told = rules.read_declared(name)
    if told is not None and told[0] in ("ignore", "category"):
        return Column(told[0], TOLD, missing=words or ())
    if known.empty:
        raise UserError(
            f"column {name!r} is empty: {format_setting('columns', name, 'ignore')} leaves it out."
        )
    if told is not None:
        return apply_declared(name, known, *told, words)
    return guess(name, known, words)


def apply_declared(
    name: str, known: pd.Series, kind: str, how: dict[str, Any], words: tuple[str, ...] | None
) -> Column:
    """A column of numbers or dates by the config's word.

    Raises:
        UserError: A cell is none.
    """
    soft = find_soft(known) if words is None else ()
    rest = known[~known.isin(soft)]
    read = read_dates(rest, how["date"]) if kind == "date" else read_numbers(rest, how)
    if read.isna().any():
        row = read.index[read.isna()][0]
        remedy = format_setting("missing", name, [*(words or ()), rest[row]])
        raise UserError(
            f"column {name!r}, row {row}: {rest[row]!r:.40} is not a {kind}, as data.columns says: "
            f"fix the cell, or set {remedy} if the value is unknown."
        )
    found = Column(kind, TOLD, how, (words or ()) + soft)
    if kind == "date":
        found.warnings.append(f"column {name!r} holds dates: they become days since 1970-01-01.")
    return found


def convert(cells: pd.Series, column: Column, rule: Fold | None) -> pd.Series:
    """The cells of a column with NaN where missing, and spellings folded where declared.

    Args:
        cells: Texts without blanks around them.
        column: What it is.
        rule: Of `data.fold`, for this column.
    """
    if column.kind == "category" and rule is not None:
        cells = fold(cells, rule)
    values = cells.to_numpy(object, copy=True)
    values[cells.isin(["", *column.missing]) if column.missing else values == ""] = None
    return pd.Series(values, index=cells.index, name=cells.name)


def type_column(cells: pd.Series, column: Column) -> pd.Series:
    """float64 of numbers and dates (days since 1970-01-01); texts of categories."""
    if column.kind == "category":
        return cells
    if column.kind == "date":
        return count_days(read_dates(cells, column.how["date"]))
    return read_numbers(cells, column.how)


def warn_of_spellings(name: str, cells: pd.Series, rule: Fold | None) -> list[str]:
    """A sentence where categories differ by case, blanks, accents or the form of a number only."""
    if rule is not None:
        return []
    found = find_spellings(cells.dropna().value_counts())
    if not found:
        return []
    one, apart = format_setting("fold", name, True), format_setting("fold", name, False)
    return [
        f"column {name!r} has one value in several spellings ({name_spellings(found)}): {one} "
        f"merges them, {apart} keeps them apart."
    ]


def refuse_crowds(table: pd.DataFrame, limit: int, path: Path) -> None:
    """Raises a UserError that names every text column with more different values than the limit."""
    texts = table.select_dtypes(exclude="number")
    counts = {str(name): texts[name].nunique() for name in texts}
    crowds = {name: count for name, count in counts.items() if count > limit}
    if not crowds:
        return
    told = [f"column {name!r} has {count} different texts" for name, count in crowds.items()]
    remedies = [format_setting("columns", name, "ignore") for name in crowds]
    raise UserError(
        f"{path}: {'; '.join(told)}, over preprocess.max_categories={limit}: group them, raise the "
        f"limit, or leave the column out with {remedies[0]}"
        + (f". {SEVERAL}" if len(crowds) > 1 else ".")
    )
