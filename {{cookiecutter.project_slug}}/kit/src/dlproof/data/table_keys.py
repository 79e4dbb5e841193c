"""Target and keys of a table as text: their words stay words, and one word has one spelling."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from .table_cells import split_words
from .table_dates import find_formats, read_dates
from .table_numbers import mixes_epochs
from .table_settings import Rules, format_setting
from .table_stand_ins import tell_stand_in
from .table_words import (
    MISSING,
    UNKNOWN,
    find_spellings,
    fold,
    name_spellings,
)

MAX_CLASSES = 20  # more different numbers are a measure, not classes
LARGE_GROUP = 1 / 3  # of the rows, which one split gets as a whole


def read_key(cells: pd.Series, setting: str, rules: Rules) -> tuple[pd.Series, list[str]]:
    """A target or key as text, empty where it is not known, and what was merged or looks odd.

    Args:
        cells: Texts without blanks around them; the name is the column's.
        setting: What the config calls it: `target`, `id`, `group`, `time` or `origin`.
        rules: The config's.

    Raises:
        UserError: A class has several spellings and the config does not say what they are, or
            times are written in no way that can be compared.
    """
    name, rule = str(cells.name), rules.fold.get(str(cells.name))
    words = rules.choose_missing(name, is_feature=False) or ()
    cells = cells.mask(cells.isin(words), "")
    if setting == "time":
        return read_times(cells, rules), []
    known = cells[cells != ""]
    folded = cells if rule is None else cells.mask(cells != "", fold(known, rule))
    counts = folded[folded != ""].value_counts()
    spellings = [] if rule is False else find_spellings(counts)
    warnings: list[str] = []
    if setting == "target":
        if not is_measure(counts):
            refuse_spellings(name, spellings)
            warnings += warn_of_words(name, counts)
        else:
            parts = split_words(known)
            told = tell_stand_in(name, parts, parts.words.astype(np.float64))
            warnings += [f"{told}."] * bool(told)
    elif setting == "group":
        if spellings:
            folded = folded.mask(folded != "", fold(folded[folded != ""], True))
            warnings.append(
                f"column {name!r} (data.group) has one group in several spellings "
                f"({name_spellings(spellings)}), which are merged; "
                f"{format_setting('fold', name, False)} keeps them apart."
            )
        warnings += warn_of_groups(name, folded)
    elif spellings:
        warnings.append(
            f"column {name!r} (data.{setting}) has values that differ only in spelling "
            f"({name_spellings(spellings)}): {format_setting('fold', name, True)} merges them, "
            f"{format_setting('fold', name, False)} keeps them apart."
        )
    return folded, warnings


def is_measure(counts: "pd.Series[int]") -> bool:
    """Whether labels are so many different numbers that they cannot be classes."""
    numbers = pd.to_numeric(pd.Series(counts.index, dtype=object), errors="coerce")
    return bool(numbers.notna().all() and numbers.nunique() > MAX_CLASSES)


def refuse_spellings(name: str, spellings: list[dict[str, int]]) -> None:
    """Raises a UserError for a class in several spellings."""
    if not spellings:
        return
    raise UserError(
        f"column {name!r} (data.target) has one class in several spellings "
        f"({name_spellings(spellings)}): {format_setting('fold', name, True)} makes each one "
        f"class, named like its first here; {format_setting('fold', name, False)} keeps them "
        "apart; a mapping of spellings decides in detail."
    )


def warn_of_words(name: str, counts: "pd.Series[int]") -> Iterator[str]:
    """A sentence for each class whose name often means that nothing is known."""
    for word, count in counts.items():
        if str(word).casefold() in MISSING:
            yield (
                f"column {name!r} (data.target) has the class {word!r} ({count} rows), kept as a "
                f"class: {format_setting('missing', name, [word])} if it means unknown."
            )


def warn_of_groups(name: str, cells: pd.Series) -> Iterator[str]:
    """A sentence for each group that may mean "unknown", or that has a large part of the rows."""
    counts = cells[cells != ""].value_counts()
    for word, count in counts.items():
        start = f"{count} of {len(cells)} rows belong to one group, {word!r} (data.group={name})"
        if str(word).casefold() in UNKNOWN and count > 1:
            yield (
                f"{start}, which may mean unknown: {format_setting('missing', name, [word])} makes "
                "each of them a group of its own."
            )
        elif count > LARGE_GROUP * len(cells):
            yield f"{start}: one split gets all of them."


def read_times(cells: pd.Series, rules: Rules) -> pd.Series:
    """Times that can be compared: numbers, or dates as ISO texts where the config says how.

    Raises:
        UserError: They are dates of another form, or a cell is not of the form that was said.
    """
    name, known = str(cells.name), cells[cells != ""]
    told = rules.read_declared(name)
    if told is not None and told[0] == "date":
        times = read_dates(known, told[1]["date"])
        if times.isna().any():
            row = times.index[times.isna()][0]
            raise UserError(
                f"column {name!r} (data.time), row {row}: {known[row]!r:.40} is not a date in the "
                f"form of {format_setting('columns', name, told[1])}: fix the cell."
            )
        return cells.mask(cells != "", times.map(lambda time: time.isoformat()))
    refuse_times(name, known)
    return cells


def refuse_times(name: str, known: pd.Series) -> None:
    """Raises a UserError for times that would be compared wrongly, or not at all."""
    words: list[Any] = known.unique().tolist()
    numbers = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce")
    if words and numbers.notna().all():
        if mixes_epochs(numbers.to_numpy()):
            raise UserError(
                f"column {name!r} (data.time) holds times in seconds and in milliseconds, so their "
                "order is wrong: use one unit for all."
            )
        return
    formats, others = find_formats(words)
    if formats and not others and "ISO8601" not in formats:
        shown = " or ".join(format_setting("columns", name, {"date": form}) for form in formats)
        raise UserError(
            f"column {name!r} (data.time) holds dates such as {known.iloc[0]!r}: say how they are "
            f"written with {shown}."
        )
    if others and formats:
        row = known.index[known == others[0]][0]
        raise UserError(
            f"column {name!r} (data.time), row {row}: {others[0]!r:.40} is unlike "
            f"{known.iloc[0]!r:.40}: write all times in one form."
        )
