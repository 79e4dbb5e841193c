"""What every kind of table brings: loading, checks, search, plots, features and requests."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import UserError
from ..files import write_table
from ..types import Arrays, State, rules_of
from .table_cache import remember, remember_array
from .table_columns import refuse_crowds
from .table_disturb import DISTURBANCES
from .table_embedded import WRITERS
from .table_expectations import check_rules, expect_rows, infer_schema
from .table_load import Loaded, describe_columns, load, read_stamp
from .table_numbers import LARGEST
from .table_personal import draw_rows, find_personal
from .table_predict import conform, find_unknown, locate_rows
from .table_requests import describe_rows, name_fields, parse_rows
from .table_settings import read_rules

if TYPE_CHECKING:
    from fastapi import Request

KINDS = ("numeric", "categories")  # of columns, in the fitted state


class TableKind:
    """One item a row of a table; a project says which they are, how they are fitted and encoded.

    Its class has `list_items`, `read`, `fit` and `encode`: see `dlproof.data.DataType`.

    Args:
        path: CSV with a header, compressed or not, or Parquet.
        target: Column to predict.
        drop: Columns that are not features.
        embedded: Name of the embedded data to write where the file is missing.
        expectations: File that `ingest` holds the rows against.
        columns: Column -> what it is, where the guess is wrong: `number`, `category`, `ignore`,
            `{date: format}` or `{number: {decimal, thousands, strip}}`.
        missing: Words that mean "not known" in every feature, or column -> words.
        fold: Column -> whether its spellings are one word, or spelling -> word.
        keys: Columns that are no features either: `id` names each row for good (without it, its
            number does), `group`, `time` and `origin`.
    """

    name = "tabular"
    DISTURBANCES = DISTURBANCES

    def __init__(
        self,
        path: str,
        target: str,
        drop: list[str] | None = None,
        embedded: str | None = None,
        expectations: str | None = None,
        columns: Mapping[str, Any] | None = None,
        missing: Collection[str] | Mapping[str, Collection[str]] | None = None,
        fold: Mapping[str, Any] | None = None,
        **keys: str | None,
    ) -> None:
        if embedded is not None and embedded not in WRITERS:
            raise UserError(f"data.embedded={embedded} is not one of {', '.join(WRITERS)}.")
        self.path = Path(path)
        self.target = target
        self.drop = list(drop or [])
        self.embedded = embedded
        self.keys = {key: column for key, column in keys.items() if column}
        self.rules = read_rules(columns, missing, fold)
        self.kept: tuple[Any, Loaded] | None = None

    def list_items(self) -> pd.DataFrame:
        """The project's: all raw items, as `dlproof.data.DataType` says."""
        raise NotImplementedError

    def read(self, items: pd.DataFrame) -> pd.DataFrame:
        """The project's: feature columns, typed by the whole file; the index is the id."""
        raise NotImplementedError

    @property
    def others(self) -> list[str]:
        """Columns that are not features by the config, each once."""
        told = [name for name, kind in self.rules.columns.items() if kind == "ignore"]
        return list(dict.fromkeys([self.target, *self.drop, *self.keys.values(), *told]))

    def provide(self) -> None:
        """Writes the embedded table if it does not exist yet."""
        if self.embedded and not self.path.exists():
            WRITERS[self.embedded](self.path)

    def load(self) -> Loaded:
        """The current table; read again only if the file was written to.

        Raises:
            UserError: The file is unusable, a column that the config names is not there, an id is
                missing or occurs twice, or what a column is must be said.
        """
        stamp = read_stamp(self.path)
        if self.kept is None or self.kept[0] != stamp:
            self.kept = stamp, load(self.path, self.target, self.drop, self.keys, self.rules)
        return self.kept[1]

    def refuse_unusable(self, preprocess: Any) -> None:
        """Raises a UserError that names every text column with too many values to learn from."""
        limit = getattr(preprocess, "max_categories", None)
        if limit is not None:
            refuse_crowds(self.load_typed(), limit, self.path)

    @property
    def settings(self) -> dict[str, Any]:
        """What beside the file decides about its typed columns."""
        rules = {"drop": self.drop, "keys": self.keys, "rules": asdict(self.rules)}
        return {"target": self.target} | rules

    def load_typed(self) -> pd.DataFrame:
        """The features, those of numbers and dates as float64; the index is the item's id."""
        return remember(self.path, self.settings, lambda: self.load().typed)

    def select(self, items: pd.DataFrame) -> pd.DataFrame:
        """The typed rows of some items, in their order."""
        table = self.load_typed()
        if len(items) == len(table) and (items["id"].to_numpy() == table.index.to_numpy()).all():
            return table
        return table.loc[items["id"]]

    def explain(self, items: pd.DataFrame) -> pd.DataFrame:
        """The items with what `ingest` reports on the table: `warnings`, and each column's kind."""
        loaded = self.load()
        items.attrs |= {
            "warnings": loaded.warnings,
            "figures": {"columns": describe_columns(loaded.columns)},
        }
        return items

    def refuse_crowd(self, column: pd.Series, limit: int) -> None:
        """Raises a UserError for a text column with more different values than the limit."""
        refuse_crowds(column.to_frame(), limit, self.path)

    def conform(self, raw: pd.DataFrame, state: State) -> pd.DataFrame:
        """The columns that were fitted, in that order, held against what ingest expected.

        Raises:
            UserError: A column is unknown or absent, or a cell is not what it should be.
        """
        table = conform(raw, state, self.rules, self.others)
        check_rules(table, rules_of(state))
        return table

    def find_unknown(self, raw: pd.DataFrame, state: State) -> list[dict[str, str]]:
        """For each row the column and value of every category that was not met in training."""
        return find_unknown(conform(raw, state, self.rules, self.others), state)

    def find_personal(self, items: pd.DataFrame) -> Iterator[tuple[str, str]]:
        """Columns by their names, and a sample of cells by how they are written."""
        loaded = self.load()
        rows = draw_rows(len(loaded.rows))
        return find_personal(loaded.draw(rows), rows)

    def expect(self, items: pd.DataFrame, path: Path) -> tuple[State, dict[str, str]]:
        """Columns and their types as a whole, ranges and allowed values row by row."""
        loaded = self.load()
        ignored = loaded.cells[loaded.ignored].set_axis(loaded.typed.index)
        return expect_rows(loaded.typed, loaded.others.join(ignored), path, self.path)

    def draft_expectations(self) -> str:
        """Every feature and the target, in pandera's YAML."""
        loaded = self.load()
        return infer_schema(loaded.typed, loaded.others[self.target], self.path)

    def find_problems(self, items: pd.DataFrame) -> dict[str, str]:
        """Rows without any value, and rows with an infinite one."""
        table = self.read(items)
        problems = dict.fromkeys(table.index[table.isna().all(axis=1)], "has no value at all")
        for name in table.select_dtypes("number"):
            infinite = table.index[table[name].abs() > LARGEST]
            problems |= dict.fromkeys(infinite, f"is infinite in column {name!r}")
        return problems

    def find_missing(self, items: pd.DataFrame) -> dict[str, str]:
        """Rows with an empty cell, by the first such column."""
        missing = self.read(items).isna()
        first = missing[missing.any(axis=1)].idxmax(axis=1)
        pairs = zip(first.index.tolist(), first.tolist(), strict=True)
        return {row: f"has no value in column {name!r}" for row, name in pairs}

    def find_lost(self, items: pd.DataFrame, arrays: Arrays, state: State) -> list[str]:
        """Nothing: a cell is in the arrays or missing."""
        return []

    def find_near(self, items: pd.DataFrame, min_similarity: float) -> np.ndarray:
        """Rows that differ only in spelling, rounding and some cells; the share of equal cells."""
        from dlproof.data.table_near import find_near_rows

        def find() -> np.ndarray:
            return find_near_rows(self.read(items), min_similarity)

        # `explore` and `clean` ask for the same.
        ids = hashlib.sha256("\n".join(items["id"].tolist()).encode()).hexdigest()
        name = f"near_{min_similarity:g}_{ids[:32]}"
        return remember_array(self.path, self.settings, name, find)

    def explore(self, items: pd.DataFrame, folder: Path, settings: Any) -> dict[str, Any]:
        """Missing, constant and outlying values; a histogram a column, and sample rows."""
        from dlproof.data.table_plots import explore_rows

        table = self.read(items)
        labels = items["label"].set_axis(table.index).rename(self.target)
        figures = explore_rows(table, labels, folder, settings)
        unreadable = list(self.find_problems(items))
        return figures | {"unreadable": {"count": len(unreadable), "items": unreadable}}

    def write_sheet(self, sheet: pd.DataFrame, path: Path) -> list[str]:
        """The sheet beside the values of its rows."""
        rows = self.select(sheet).set_axis(sheet.index)
        write_table(pd.concat([sheet, rows], axis=1), path)
        return [path.name]

    def draw_items(self, arrays: Arrays, words: list[str], path: Path) -> bool:
        """Draws nothing: a row is not a picture."""
        return False

    def inputs(self, raw: pd.DataFrame, state: State) -> dict[str, tuple[pd.DataFrame, State]]:
        """Every column on its own."""
        rest = {key: value for key, value in state.items() if key not in KINDS}
        rest |= {"expectations": {"rules": {}}}
        return {
            name: (raw[[name]], rest | {key: {} for key in KINDS} | {kind: {name: fitted}})
            for kind in KINDS
            for name, fitted in state[kind].items()
        }

    def features(self, arrays: Arrays, state: State) -> tuple[np.ndarray, list[str]]:
        """Numbers, filled where missing, and one column for each known category."""
        columns, names = [], []
        for column, (name, fitted) in enumerate(state["numeric"].items()):
            values = arrays["numeric"][:, column]
            columns.append(np.where(np.isnan(values), fitted["fill"], values))
            names.append(name)
        for column, (name, values) in enumerate(state["categories"].items()):
            for code, value in enumerate(values, start=1):
                columns.append(arrays["categorical"][:, column] == code)
                names.append(f"{name}={value}")
        return np.stack(columns, axis=1).astype(np.float32), names

    def summarise(self, arrays: Arrays, state: State) -> dict[str, np.ndarray]:
        """Every column as it is: numbers, and codes of categories."""
        numeric = {
            name: arrays["numeric"][:, column] + np.float64(fitted.get("offset", 0.0))
            for column, (name, fitted) in enumerate(state["numeric"].items())
        }
        codes = {name: arrays["categorical"][:, i] for i, name in enumerate(state["categories"])}
        return numeric | {name: values.astype(np.float64) for name, values in codes.items()}

    def locate(
        self, place: str, state: State, absent: Collection[str] = ()
    ) -> tuple[pd.DataFrame, list[str]]:
        """Rows of a table file, named by `data.id` where it has that column, else by number."""
        return locate_rows(Path(place), state, self.rules, self.others, self.keys.get("id"), absent)

    async def receive(self, request: "Request", state: State) -> pd.DataFrame:
        """Rows of `{"rows": [{"column": value}]}`; a null value is missing."""
        return parse_rows(await request.body(), self.name_fields(state))

    def describe_request(self, state: State) -> dict[str, Any]:
        """A JSON object with `rows`."""
        return describe_rows(self.name_fields(state), state["categories"])

    def name_fields(self, state: State) -> dict[str, str]:
        """Column -> what a request may hold there."""
        return name_fields(state, self.rules, self.others)

    def write_request(self, raw: pd.DataFrame) -> dict[str, Any]:
        """The rows as JSON, null where missing."""
        return {"json": {"rows": raw.astype(object).where(raw.notna(), None).to_dict("records")}}
