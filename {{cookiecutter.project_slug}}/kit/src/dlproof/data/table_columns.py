"""What each column of a table is: a number, a category, a date, or nothing to learn from.

`data.columns` decides; for columns that it does not name, their cells decide.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from .table_cells import Cells
from .table_dates import count_days, read_dates
from .table_guess import Column, find_soft, guess
from .table_numbers import read_numbers
from .table_settings import Fold, Rules, format_setting
from .table_words import find_spellings, name_spellings, spell

TOLD = "data.columns says so"
SEVERAL = "Columns of one setting go into one: data.columns={a: …, b: …}."


def decide(name: str, cells: Cells, rules: Rules) -> Column:
    """What a feature column is.

    Args:
        name: The column's.
        cells: Texts without blanks around them, empty where missing.
        rules: The config's.

    Raises:
        UserError: It is empty, or what it is must be said, or is not as the config says.
    """
    words = rules.choose_missing(name, is_feature=True)
    known = cells.keep(~cells.tell(["", *(words or ())]))
    told = rules.read_declared(name)
    if told is not None and told[0] in ("ignore", "category"):
        return Column(told[0], TOLD, missing=words or ())
    if not len(known):
        raise UserError(
            f"column {name!r} is empty: {format_setting('columns', name, 'ignore')} leaves it out."
        )
    if told is not None:
        return apply_declared(name, known, *told, words)
    return guess(name, known, words)


def apply_declared(
    name: str, known: Cells, kind: str, how: dict[str, Any], words: tuple[str, ...] | None
) -> Column:
    """A column of numbers or dates by the config's word.

    Raises:
        UserError: A cell is none.
    """
    soft = find_soft(known.words) if words is None else ()
    texts = pd.Series(known.words[~known.tell(soft)])
    read = read_dates(texts, how["date"]) if kind == "date" else read_numbers(texts, how)
    if read.isna().any():
        wrong = texts[read.isna()].iloc[0]
        remedy = format_setting("missing", name, [*(words or ()), wrong])
        raise UserError(
            f"column {name!r}, row {known.find_row(wrong)}: {wrong!r:.40} is not a {kind}, as "
            f"data.columns says: fix the cell, or set {remedy} if the value is unknown."
        )
    found = Column(kind, TOLD, how, (words or ()) + soft)
    if kind == "date":
        found.warnings.append(f"column {name!r} holds dates: they become days since 1970-01-01.")
    return found


def convert(cells: Cells, column: Column, rule: Fold | None) -> Cells:
    """The cells of a column with none where missing, and spellings folded where declared.

    Args:
        cells: Texts without blanks around them.
        column: What it is.
        rule: Of `data.fold`, for this column.
    """
    texts = cells.words
    if column.kind == "category" and rule is not None:
        spelt = spell(rule, cells.count_words())
        texts = np.array([*(spelt.get(word, word) for word in texts), None], object)[:-1]
    missing = {"", *column.missing}
    return cells.respell([None if text in missing else text for text in texts])


def type_column(cells: Cells, column: Column) -> Any:
    """float64 of numbers and dates (days since 1970-01-01); texts of categories; (N,)."""
    missing = [None] * bool((cells.codes < 0).any())
    texts = pd.Series(np.array([*cells.words, None], object)[: len(cells.words) + len(missing)])
    if column.kind == "category":
        return cells.to_texts() if len(cells.words) else texts.to_numpy()[cells.codes]
    if column.kind == "date":
        numbers = count_days(read_dates(texts, column.how["date"]))
    else:
        numbers = read_numbers(texts, column.how)
    return numbers.to_numpy()[cells.codes]  # the last, -1, is missing


def warn_of_spellings(name: str, cells: Cells, rule: Fold | None) -> list[str]:
    """A sentence where categories differ by case, blanks, accents or the form of a number only."""
    if rule is not None:
        return []
    found = find_spellings(cells.count_words())
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
