"""What of a CSV is its header, what its rows, and what neither: its records, one by one."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from ..errors import UserError

MAX_NAMED = 3  # rows in a sentence
FEW = 0.1  # share of the rows that begin with #, up to which they may be comments


@dataclass
class Layout:
    """What of a CSV is what.

    Attributes:
        header: Names of the columns.
        skipped: Records before the first row: the header and what stands above it.
        count: Records from there on, the repeated headers included.
        repeated: Numbers, from 1, of records that repeat the header.
        notes: A sentence for each thing that is passed over.
    """

    header: list[str]
    skipped: int
    count: int = 0
    repeated: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_records(lines: Iterator[str]) -> Iterator[list[str]]:
    """The cells of each record, none for a blank line; `csv` is used only where there are quotes.

    Raises:
        csv.Error: There is a zero byte, or a cell without end.
    """
    for line in lines:
        if "\0" in line:
            raise csv.Error("it has zero bytes, so it is not text")
        if '"' in line:
            yield next(csv.reader(chain([line], lines), skipinitialspace=True))
        else:
            line = line.rstrip("\r\n")
            yield line.split(",") if line.strip() else []


def survey(stream: TextIO, path: Path) -> Layout:
    """Finds the header and holds the length of every record against it.

    Raises:
        UserError: There is none, its names are missing, repeated or numbers, or a record is longer
            or shorter.
    """
    records = read_records(stream)
    layout, first = find_header(records, path)
    width, hashed = len(layout.header), []
    blank = gaps = 0
    for cells in chain(first, records):
        if not cells:
            blank += 1
            continue
        layout.count += 1
        gaps, blank = gaps + blank, 0  # blank lines at the end are not gaps
        if len(cells) != width:
            raise UserError(describe_length(path, layout, cells))
        if cells[0].startswith("#"):
            hashed.append(layout.count)
        if cells[0].strip() == layout.header[0] and [c.strip() for c in cells] == layout.header:
            layout.repeated.append(layout.count)
    layout.notes += describe_odd(layout, hashed, gaps)
    return layout


def describe_plain(layout: Layout, table: pd.DataFrame) -> None:
    """Adds to a layout with its header what `survey` finds in rows without quotes and gaps."""
    layout.count, first = len(table), table[layout.header[0]]
    hashed = np.flatnonzero(first.str.startswith("#")) + 1
    for place in np.flatnonzero(first.str.strip() == layout.header[0]):
        if [cell.strip() for cell in table.iloc[place]] == layout.header:
            layout.repeated.append(int(place) + 1)
    layout.notes += describe_odd(layout, hashed.tolist(), 0)


def find_header(records: Iterator[list[str]], path: Path) -> tuple[Layout, list[list[str]]]:
    """The header, below blank lines, `#` comments and Excel's `sep=,`; and rows read too far.

    Raises:
        UserError: There is none, or its names are missing, repeated or numbers.
    """
    skipped, comments = 0, []
    for cells in records:
        skipped += 1
        text = ",".join(cells).strip()
        if text.startswith("sep=") and skipped == 1:
            if text != "sep=,":
                raise UserError(f"{path} is not separated by commas: save it with commas.")
        elif text.startswith("#"):
            comments.append(cells)
        elif text.strip(","):
            break
    else:
        if not comments:
            raise UserError(f"{path} is empty: it needs a header and rows.")
        cells = []
    header, first = [name.strip() for name in cells], []
    if comments and is_header(comments[-1], header):  # `#chrom,start,end`
        last = comments.pop()
        header, first = [name.strip() for name in [last[0].lstrip("# "), *last[1:]]], [cells]
        skipped -= 1
    check_header(header, path)
    notes = []
    if comments:
        notes.append(f"{len(comments)} lines above the header begin with # and are skipped.")
    return Layout(header, skipped, notes=notes), [cells for cells in first if cells]


def is_header(comment: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether the last line with a `#` names the columns of the first one without."""
    if not cells:
        return len(comment) > 1
    alike = len(comment) == len(cells) > 1
    return alike and any(map(is_number, cells)) and not any(map(is_number, comment))


def check_header(header: Sequence[str], path: Path) -> None:
    """Raises a UserError for the first fault of a header."""
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise UserError(f"{path} is not separated by commas: save it with commas.")
    if all(is_number(name) for name in header):
        raise UserError(f"{path} has no header (its first row is numbers): add column names.")
    if "" in header:
        raise UserError(
            f"{path} has no name for column {header.index('') + 1}: name it, or write the file "
            "without an index column, and without a comma at the ends of lines."
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


def describe_length(path: Path, layout: Layout, cells: Sequence[str]) -> str:
    """Which record is longer or shorter than the header, and how to fix it."""
    remedy = "quote cells that hold commas or line breaks"
    if cells[0].startswith("#"):
        remedy = "remove comments"
    elif any("\n" in cell for cell in cells):
        remedy = "close the quote that is opened there"
    elif len(cells) == 1 and ";" in cells[0]:
        remedy = "separate all cells by commas"
    elif len(layout.header) == 1:
        remedy = "remove what stands above the header"
    elif len(cells) < len(layout.header):
        remedy += ", or load the file again if it was cut off there"
    shown = " ".join(",".join(cells).split())
    return (
        f"{path} has rows of unequal length: row {layout.count} ({shown:.40}) has "
        f"{len(cells)} cells and the header {len(layout.header)}: {remedy}."
    )


def describe_odd(layout: Layout, hashed: Sequence[int], gaps: int) -> Iterator[str]:
    """A sentence for each kind of line that is not, or may not be, a record."""
    if layout.repeated:
        yield f"{name_rows(layout.repeated)} the header again, not an item."
    if gaps:
        lines = (
            "a blank line between rows is" if gaps == 1 else f"{gaps} blank lines between rows are"
        )
        yield f"{lines} skipped."
    if 0 < len(hashed) <= FEW * layout.count:
        yield (
            f"{name_rows(hashed)} taken as data, with # in front as comments have it: remove what "
            "is not data."
        )


def name_rows(numbers: Sequence[int]) -> str:
    """`row 3 is`, or `rows 3, 4, 5 and 2 more are`."""
    more = f" and {len(numbers) - MAX_NAMED} more" if len(numbers) > MAX_NAMED else ""
    listed = ", ".join(map(str, numbers[:MAX_NAMED]))
    return f"row {listed} is" if len(numbers) == 1 else f"rows {listed}{more} are"
