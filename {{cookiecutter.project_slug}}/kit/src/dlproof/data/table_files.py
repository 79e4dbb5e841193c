"""Table files as they arrive, CSV (compressed too) or Parquet, read strictly as cells of text."""

import bz2
import csv
import gzip
import hashlib
import json
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
import pandas as pd

from ..errors import UserError
from ..files import read_plain
from .table_layout import (
    Layout,
    check_header,
    describe_plain,
    find_header,
    read_records,
    survey,
)
from .table_parquet import PARQUET, read_parquet

COMPRESSED: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}  # by first bytes
UNREAD = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"ARROW1": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
# What may be no cell as it stands, or no row: quotes, blanks in front, blank lines, zero bytes.
ODD = (b'"', b", ", b"\n ", b"\r ", b"\n\t", b"\r\t", b"\n\n", b"\n\r", b"\r\r", b"\0")
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, OSError)


def read_cells(path: Path, setting: str = "data.path") -> pd.DataFrame:
    """Reads a table as text, missing cells empty; the index is the row number, from 1.

    Args:
        path: CSV in UTF-8, also compressed by gzip, bzip2 or xz, or Parquet.
        setting: The key that named the file, for sentences.

    Returns:
        The cells; `attrs["notes"]` says what of the file was passed over.

    Raises:
        UserError: It is missing, empty, of another format, has a bad header or rows of unequal
            length.
    """
    if not path.is_file():
        raise UserError(f"{path} is not a file: set {setting} to your table.")
    with path.open("rb") as stream:
        head = stream.read(16)
    for mark, name in UNREAD.items():
        if head.startswith(mark):
            raise UserError(f"{path} is {name}: save the table as CSV in UTF-8, or as Parquet.")
    if head.startswith(PARQUET):
        table = read_parquet(path)
        check_header(list(table.columns), path)
    else:
        table = read_csv(path)
    if table.empty:
        raise UserError(f"{path} has a header and no rows: add some, or set {setting}.")
    return table


def read_csv(path: Path) -> pd.DataFrame:
    """The cells of a CSV; goes over the file twice, for parsers pad or pass over rows unsaid."""
    try:
        layout, table = parse_plain(path)
        if table is None:
            with open_text(path) as stream:
                layout = survey(stream, path)
            table = parse(path, layout) if layout.count else pd.DataFrame()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error
    except (csv.Error, pd.errors.ParserError) as error:
        raise UserError(
            f"{path} is not a CSV ({error}; is a quote opened and never closed?): save it as CSV."
        ) from error
    except DAMAGED as error:
        raise UserError(f"{path} cannot be unpacked ({error}): copy it again.") from error
    if len(table) != layout.count:
        raise UserError(f"{path} is not a CSV (its quotes are not in pairs): save it as CSV.")
    table.index = pd.RangeIndex(1, len(table) + 1)
    if layout.repeated:
        table = table.drop(index=layout.repeated)
    table.attrs["notes"] = layout.notes
    return table


def parse_plain(path: Path) -> tuple[Layout, pd.DataFrame | None]:
    """The header, and the rows below it where every line is one; None where some may not be."""
    with open_text(path) as stream:
        layout, _ = find_header(read_records(stream), path)
    with open_text(path) as stream:
        plain = len(layout.header) > 1 and is_plain(stream.buffer)
    with open_text(path) as stream:
        table = read_plain(stream.buffer, layout.header, layout.skipped) if plain else None
    if table is not None:
        describe_plain(layout, table)
    return layout, table


def is_plain(stream: BinaryIO) -> bool:
    """Whether no line can be more or less than a record, nor a cell more than what commas part."""
    last = b"\n"
    while chunk := stream.read(2**20):
        text = last + chunk
        if any(mark in text for mark in ODD):
            return False
        last = chunk[-1:]
    return True


def parse(path: Path, layout: Layout) -> pd.DataFrame:
    """Rows below the header, by pandas."""
    with open_text(path) as stream:
        records = read_records(stream)
        for _ in range(layout.skipped):
            next(records)
        options: dict[str, Any] = {"na_filter": False, "skipinitialspace": True}
        return pd.read_csv(stream, dtype=str, header=None, names=layout.header, **options)


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """The text of a file, unpacked where its first bytes say that it is packed."""
    with path.open("rb") as stream:
        head = stream.read(8)
    opener = next((found for mark, found in COMPRESSED.items() if head.startswith(mark)), open)
    with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
        yield stream


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
    cells = [escape_cells(features[name]) for name in features]
    hashes = []
    for row in zip(*cells, strict=True):
        found = start.copy()
        found.update(('", "'.join(row) + '"]').encode())
        hashes.append(found.hexdigest())
    return hashes


def escape_cells(column: pd.Series) -> np.ndarray:
    """Texts as they stand between the quotes of JSON, (N,); none is empty."""
    codes, found = pd.factorize(column)
    words = np.asarray(found, object).tolist()
    text = "".join(words)  # most columns have nothing to escape
    if not text.isascii() or not text.isprintable() or {'"', "\\"} & set(text):
        words = [json.dumps(word)[1:-1] for word in words]
    return np.array([*words, ""], object)[codes]  # none is the last, -1
