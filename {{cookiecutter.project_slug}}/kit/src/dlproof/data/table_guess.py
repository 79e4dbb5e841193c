"""What the cells of a column say that it is.

A guess that could cost the meaning of a column is refused with the setting that decides.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from .table_cells import Cells
from .table_dates import COMPACT, find_formats, is_compact
from .table_numbers import (
    find_codes,
    find_count,
    find_writings,
    has_many_units,
    is_beyond_float,
    mixes_epochs,
    read_numbers,
)
from .table_settings import format_setting
from .table_stand_ins import tell_stand_in
from .table_words import is_missing

MANY = 5  # different numbers: so many among other words are a measure, spoilt, and no names
ENOUGH = 20  # known cells, from which on ordered rows are no coincidence
NAMELESS = re.compile(r"Unnamed: \d+|__index_level_\d+__|level_\d+")  # as pandas calls an index
MAX_LISTED = 6  # words in a sentence that a setting can name
MAX_TRIED = 1000  # different cells that writings of numbers are tried on


@dataclass
class Column:
    """What was decided about a column.

    Attributes:
        kind: One of `KINDS`.
        why: In words.
        how: How its numbers (`decimal`, `thousands`, `strip`) or dates (`date`) are written.
        missing: Words that mean "not known".
        warnings: What a person should know, with the setting that changes it.
    """

    kind: str
    why: str
    how: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)


def find_soft(words: Iterable[str]) -> tuple[str, ...]:
    """Of words in a column those that mean "not known" where numbers are expected."""
    return tuple(word for word in words if is_missing(word))


def guess(name: str, known: Cells, words: tuple[str, ...] | None) -> Column:
    """What the known cells of a column say that it is.

    Args:
        name: The column's.
        known: Texts.
        words: What `data.missing` says of it, already taken out of `known`; None for nothing.

    Raises:
        UserError: They could mean several things, one of which would be silently wrong.
    """
    numbers = read_numbers(pd.Series(known.words), {}).to_numpy()
    soft = find_soft(known.words[np.isnan(numbers)]) if words is None else ()
    kept = ~known.tell(soft)
    rest, numbers = known.keep(kept), numbers[kept]
    if not len(rest):
        out, names = (
            format_setting("columns", name, "ignore"),
            format_setting("columns", name, "category"),
        )
        raise UserError(
            f"column {name!r} is empty except for {', '.join(soft)}: {out} leaves it out, {names} "
            "takes them as names."
        )
    if not np.isnan(numbers).any():
        found = guess_numbers(name, rest, numbers)
        found.missing = (words or ()) + (soft if found.kind == "number" else ())
        if found.kind == "number" and (told := tell_stand_in(name, rest, numbers, found.missing)):
            confirm = format_setting("columns", name, "number")
            found.warnings.append(f"{told}; {confirm} confirms that it is a number.")
    else:
        found = guess_texts(name, rest, numbers, (*(words or ()), *soft))
        found.missing = words or ()
    if soft and found.kind == "category":
        counts = known.keep(known.tell(soft)).count_words()
        told = ", ".join(f"{word!r} ({count} rows)" for word, count in counts[:3].items())
        found.warnings.append(
            f"column {name!r} holds {told}, taken as a value of its own: "
            f"{format_setting('missing', name, soft)} if it means unknown."
        )
    return found


def guess_numbers(name: str, known: Cells, numbers: np.ndarray) -> Column:
    """A column whose every known cell reads as a number.

    Args:
        name: The column's.
        known: Texts.
        numbers: What each word says, (W,).

    Raises:
        UserError: They are compact dates, or times in two units.
    """
    words = known.words.tolist()
    if why := find_codes(words, name):
        return leave_out(name, why, "category")
    if is_compact(words):
        raise UserError(
            f"column {name!r} holds dates such as {words[0]}: "
            f"{format_setting('columns', name, {'date': COMPACT})} converts them to days since "
            f"1970-01-01, {format_setting('columns', name, 'number')} leaves them as they are."
        )
    if mixes_epochs(numbers):
        raise UserError(
            f"column {name!r} holds times in seconds and in milliseconds: use one unit for all, or "
            f"leave the column out with {format_setting('columns', name, 'ignore')}."
        )
    enough = len(known) >= ENOUGH
    if is_beyond_float(words):
        is_id = enough and len(words) == len(known)
        why = "holds whole numbers beyond 2**53, which floats cannot distinguish"
        return leave_out(name, why, "ignore" if is_id else "category")
    if NAMELESS.fullmatch(name):
        return leave_out(name, "is named like the index of a table", "ignore")
    if enough and (why := find_count(numbers[known.codes])):
        return leave_out(name, why, "ignore")
    return Column("number", "every known cell is a number")


def leave_out(name: str, why: str, kind: str) -> Column:
    """A column that parses as numbers but is guessed not to be numeric: `ignore` or `category`."""
    if kind == "ignore":
        told = (
            f"so it is left out as an index or id: {format_setting('columns', name, 'number')} "
            f"makes it a feature, {format_setting('columns', name, 'ignore')} leaves it out "
            "without this note"
        )
    else:
        told = (
            f"so its cells are taken as names: {format_setting('columns', name, 'number')} makes "
            f"them numbers, {format_setting('columns', name, 'category')} confirms that they are "
            "names"
        )
    return Column(kind, why, warnings=[f"column {name!r} {why}, {told}."])


def guess_texts(name: str, known: Cells, numbers: np.ndarray, words: Sequence[str]) -> Column:
    """A column with cells that are not plain numbers.

    Args:
        name: The column's.
        known: Texts.
        numbers: What each word says, NaN where it is not a number, (W,).
        words: Those that mean "not known", which `known` has not.

    Raises:
        UserError: It holds dates, numbers that are written with more than digits, or numbers of
            which some are spoilt.
    """
    different = known.words.tolist()
    odd = known.words[np.isnan(numbers)].tolist()
    refuse_dates(name, known, different, odd)
    writings = find_writings(different[:MAX_TRIED])
    if writings and len(different) >= MANY:
        raise UserError(describe_writings(name, different, odd, writings))
    count = len(np.unique(numbers[~np.isnan(numbers)]))
    if count >= MANY and count >= len(odd):
        raise UserError(describe_spoilt(name, known, odd, words))
    if len(known) >= ENOUGH and len(different) == len(known) and different == sorted(different):
        why = "has a different text in every row, in order"
        told = f"{format_setting('columns', name, 'category')} makes it a feature"
        warning = f"column {name!r} {why}, so it is left out as an index or id: {told}."
        return Column("ignore", why, warnings=[warning])
    found = Column("category", "its cells are texts")
    if writings or count:
        found.warnings.append(describe_mixture(name, known.words, numbers, writings))
    return found


def refuse_dates(name: str, known: Cells, different: Sequence[str], odd: Sequence[str]) -> None:
    """Raises a UserError for a column that holds dates, which no network reads as they are.

    Args:
        name: The column's.
        known: Texts.
        different: Its different cells.
        odd: Those that are not plain numbers.
    """
    formats, others = find_formats(odd) if len(odd) > len(different) / 2 else ([], [])
    if not formats:
        return
    others += [word for word in different if word not in odd][:1]
    start, out = f"column {name!r} holds dates", format_setting("columns", name, "ignore")
    if others:
        first = next(word for word in different if word not in others)
        raise UserError(
            f"{start} such as {first!r:.40}, and row {known.find_row(others[0])} is "
            f"{others[0]!r:.40}: write all of them in one form, or leave the column out with {out}."
        )
    shown = " or ".join(format_setting("columns", name, {"date": form}) for form in formats)
    which = ", whichever is meant," if len(formats) > 1 else ""
    raise UserError(
        f"{start} ({different[0]}): {shown}{which} converts them to days since 1970-01-01; "
        "otherwise make numbers of them (age, month), name the column in data.time, or leave it "
        f"out with {out}."
    )


def describe_writings(
    name: str, different: Sequence[str], odd: Sequence[str], writings: Sequence[dict[str, Any]]
) -> str:
    """What a column of numbers is written with, and how it can be read."""
    start = f"column {name!r} holds numbers written as {odd[0]!r:.40}"
    rest = f"{format_setting('columns', name, 'category')} takes them as names, "
    rest += f"{format_setting('columns', name, 'ignore')} leaves the column out"
    if has_many_units(writings[0], different):
        units = ", ".join(writings[0]["strip"])
        return f"{start}, with several of {units}: convert them to one unit, or {rest}."
    shown = " or ".join(format_setting("columns", name, {"number": how}) for how in writings)
    which = ", whichever is meant," if len(writings) > 1 else ""
    return f"{start}: {shown}{which} reads them; {rest}."


def describe_spoilt(name: str, known: Cells, odd: Sequence[str], words: Sequence[str]) -> str:
    """Which cell among numbers is not a number, and what to do.

    Args:
        name: The column's.
        known: Texts.
        odd: Those that are not numbers.
        words: Others that mean "not known".
    """
    count = known.counts[known.tell(odd)].sum()
    words = [*words, *odd]
    missing = f"set {format_setting('missing', name, words)} if the value is unknown, or "
    return (
        f"row {known.find_row(odd[0])}: column {name!r} is {odd[0]!r:.40} among numbers "
        f"({count} of {len(known)} cells): fix {'the cell' if count == 1 else 'them'}, "
        f"{missing if len(words) <= MAX_LISTED else ''}set "
        f"{format_setting('columns', name, 'category')} to take all of them as names, or "
        f"{format_setting('columns', name, 'ignore')}."
    )


def describe_mixture(
    name: str, words: np.ndarray, numbers: np.ndarray, writings: Sequence[dict[str, Any]]
) -> str:
    """That numbers among texts are taken as names, and how to read them where they can be."""
    shown = words[int((~np.isnan(numbers)).argmax())]  # the first one where none is a number
    told = f"{format_setting('columns', name, 'category')} says that they are"
    if writings:
        told = f"{format_setting('columns', name, {'number': writings[0]})} reads them, {told}"
    return (
        f"column {name!r} holds numbers such as {shown!r:.40} among {len(words)} different "
        f"texts, and all are taken as names: {told}."
    )
