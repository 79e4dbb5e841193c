"""A table as the config means it: features with what each column is, target and keys as text."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from .table_cells import Cells, split_words
from .table_columns import SEVERAL, convert, decide, type_column, warn_of_spellings
from .table_files import read_cells, row_id
from .table_guess import Column
from .table_keys import read_key
from .table_settings import Rules


@dataclass
class Loaded:
    """One file, read.

    Attributes:
        features: Columns to learn from, as text, NaN where missing; the index is the item's id.
        others: Columns that are not features, as text, empty where missing; with the same index.
        columns: What each column is that the config does not name as target, key or dropped.
        warnings: A sentence for each thing that was merged, guessed, converted or left out.
        rows: Number of each item's row in the file.
        parts: Every column of the file, word by word, empty where missing.
        known: The features, word by word.
    """

    features: pd.DataFrame
    others: pd.DataFrame
    columns: dict[str, Column]
    warnings: list[str]
    rows: pd.Index
    parts: dict[str, Cells]
    known: dict[str, Cells]

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Every column of the file as text, empty where missing; the index is the row number."""
        return to_frame(self.parts, self.rows)

    def draw(self, places: np.ndarray) -> pd.DataFrame:
        """Some rows of `cells`, by their places in it."""
        drawn = {name: cells.words[cells.codes[places]] for name, cells in self.parts.items()}
        return pd.DataFrame(drawn, self.rows[places], dtype="str")

    @cached_property
    def typed(self) -> pd.DataFrame:
        """The features, those of numbers and dates as float64."""
        typed = {name: type_column(found, self.columns[name]) for name, found in self.known.items()}
        table = pd.DataFrame(typed, self.features.index)
        table.attrs = {"ignored": self.ignored}
        return table

    @property
    def ignored(self) -> list[str]:
        """Columns that are left out, though `data.drop` does not name them."""
        return [name for name, column in self.columns.items() if column.kind == "ignore"]


def read_stamp(path: Path) -> tuple[int, int] | None:
    """Changes when a file is written to; None if it does not exist."""
    found = path.stat() if path.exists() else None
    return (found.st_mtime_ns, found.st_size) if found else None


def load(
    path: Path, target: str, drop: Sequence[str], keys: Mapping[str, str], rules: Rules
) -> Loaded:
    """Reads a table file.

    Args:
        path: The file.
        target: Column to predict.
        drop: Columns that are not features.
        keys: `id`, `group`, `time` or `origin` -> its column.
        rules: The config's word about columns.

    Raises:
        UserError: The file is unusable, a column that the config names is not there, an id is
            missing or occurs twice, or what a column is must be said.
    """
    table = read_cells(path)
    warnings = list(table.attrs.pop("notes", []))
    refuse_names(table, path, target, drop, keys, rules)
    cells = {name: split_words(table[name]) for name in table}
    named = {target: "target"} | {column: key for key, column in keys.items()}
    others = {name: to_series(cells[name], name) for name in drop if name not in named}
    features: dict[str, Cells] = {}
    columns: dict[str, Column] = {}
    refused: list[str] = []
    for name, setting in named.items():
        with gather(refused):
            others[name], found = read_key(to_series(cells[name], name), setting, rules)
            warnings += found
    for name in table.columns.difference([*named, *drop], sort=False):
        with gather(refused):
            columns[name] = decide(name, cells[name], rules)
            features |= read_feature(name, cells[name], columns[name], rules, warnings)
    if refused:
        refused += [SEVERAL] * (len(refused) > 1)
        raise UserError(f"{path}: " + "\n  ".join(refused))
    if not features:
        raise UserError(f"{path} has no column besides {target!r} to learn from: add features.")
    warnings += warn_of_missing(cells, columns, rules)
    ids = find_ids(table.index, others, keys, path)
    listed = pd.DataFrame(others).set_axis(ids)
    shown = to_frame(features, ids)
    return Loaded(shown, listed, columns, warnings, table.index, cells, features)


def to_frame(columns: Mapping[str, Cells], index: pd.Index) -> pd.DataFrame:
    """A table of texts."""
    return pd.DataFrame({name: cells.to_texts() for name, cells in columns.items()}, index)


def to_series(cells: Cells, name: str) -> pd.Series:
    """A column of texts; the index is the row number."""
    return pd.Series(cells.to_texts(), cells.rows, name=name)


@contextmanager
def gather(refused: list[str]) -> Iterator[None]:
    """Continues after a refused column, so that all of them are reported at once."""
    try:
        yield
    except UserError as error:
        refused.append(str(error))


def read_feature(
    name: str, cells: Cells, column: Column, rules: Rules, warnings: list[str]
) -> dict[str, Cells]:
    """Name -> cells of a feature column, empty if it is left out; adds its warnings."""
    warnings += column.warnings
    if column.kind == "ignore":
        return {}
    rule = rules.fold.get(name)
    found = convert(cells, column, rule)
    if column.kind == "category":
        warnings += warn_of_spellings(name, found, rule)
    return {name: found}


def find_ids(
    rows: pd.Index, others: Mapping[str, pd.Series], keys: Mapping[str, str], path: Path
) -> pd.Index:
    """The id of each row: its column `data.id`, else its number.

    Raises:
        UserError: An id is missing, or occurs twice.
    """
    if "id" not in keys:
        return pd.Index([row_id(number) for number in rows])
    ids = pd.Index(others[keys["id"]])
    wrong = ids.duplicated() | (ids == "")
    if wrong.any():
        row = rows[int(wrong.argmax())]
        raise UserError(f"{path} row {row}: {keys['id']!r} (data.id) is empty or not unique.")
    return ids


def refuse_names(
    cells: pd.DataFrame,
    path: Path,
    target: str,
    drop: Sequence[str],
    keys: Mapping[str, str],
    rules: Rules,
) -> None:
    """Raises a UserError for a column that the config names but the file lacks."""
    by_name = rules.missing if isinstance(rules.missing, Mapping) else {}
    named = [("target", target), *keys.items(), *(("drop", name) for name in drop)]
    for setting in ("columns", "fold"):
        named += [(setting, name) for name in getattr(rules, setting)]
    for key, name in [*named, *(("missing", name) for name in by_name)]:
        if name not in cells.columns:
            listed = ", ".join(cells.columns)
            raise UserError(f"{path} has no column {name!r} (data.{key}); it has {listed:.400}.")


def warn_of_missing(
    cells: Mapping[str, Cells], columns: Mapping[str, Column], rules: Rules
) -> list[str]:
    """A sentence on words that count as missing numbers although the config does not say so."""
    counts: Counter[str] = Counter()
    found = []
    for name, column in columns.items():
        told = rules.choose_missing(name, is_feature=True)
        if told is None and column.kind in ("number", "date") and column.missing:
            found.append(name)
            missing = cells[name].keep(cells[name].tell(column.missing))
            counts.update(dict(zip(missing.words, missing.counts.tolist(), strict=True)))
    if not counts:
        return []
    listed = ", ".join(f"{word!r} ({count} cells)" for word, count in counts.items())
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [
        f"{listed} among the numbers of {', '.join(found[:3])}{more} count as missing "
        "(data.missing says which words do)."
    ]


def describe_columns(columns: Mapping[str, Column]) -> dict[str, dict[str, Any]]:
    """What each column is and why, JSON-able."""
    return {
        name: {"kind": column.kind, "why": column.why}
        | ({"how": column.how} if column.how else {})
        | ({"missing": list(column.missing)} if column.missing else {})
        for name, column in columns.items()
    }
