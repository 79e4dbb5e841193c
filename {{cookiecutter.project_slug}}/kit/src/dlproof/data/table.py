"""What every kind of table brings: loading, checks, search, plots, features and requests."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import UserError
from ..files import write_table
from ..types import Arrays, State, rules_of
from .table_cache import remember, remember_array
from .table_expectations import expect_rows, hold_rules, infer_schema
from .table_files import (
    LARGEST,
    describe_crowd,
    read_csv,
    refuse_unusable,
    row_id,
    type_columns,
    write_breast_cancer,
    write_diabetes,
)
from .table_personal import find_personal
from .table_requests import conform, describe_rows, parse_rows

if TYPE_CHECKING:
    from fastapi import Request

KINDS = ("numeric", "categories")  # of columns, in the fitted state
WRITERS = {"breast_cancer": write_breast_cancer, "diabetes": write_diabetes}


class TableKind:
    """One item a row of a CSV; a project says which they are, how they are fitted and encoded.

    Its class has `list_items`, `read`, `fit` and `encode`, as `dlproof.data.DataType` describes
    them.

    Args:
        path: CSV with a header.
        target: Column to predict.
        drop: Columns that are no features.
        embedded: Name of the embedded data to write where the file is missing.
        expectations: File that `ingest` holds the rows against.
        keys: Columns that are no features either: `id` names each row for good (without it, its
            number does), `group`, `time` and `origin`.
    """

    name = "tabular"

    def __init__(
        self,
        path: str,
        target: str,
        drop: list[str] | None = None,
        embedded: str | None = None,
        expectations: str | None = None,
        **keys: str | None,
    ) -> None:
        if embedded is not None and embedded not in WRITERS:
            raise UserError(f"data.embedded={embedded} is not one of {', '.join(WRITERS)}.")
        self.path = Path(path)
        self.target = target
        self.drop = list(drop or [])
        self.embedded = embedded
        self.keys = {key: column for key, column in keys.items() if column}

    def list_items(self) -> pd.DataFrame:
        """The project's: all raw items, as `dlproof.data.DataType` says."""
        raise NotImplementedError

    def read(self, items: pd.DataFrame) -> pd.DataFrame:
        """The project's: feature columns, typed by the whole file; the index is the id."""
        raise NotImplementedError

    @property
    def others(self) -> list[str]:
        """Columns that are no features, each once."""
        return list(dict.fromkeys([self.target, *self.drop, *self.keys.values()]))

    def provide(self) -> None:
        """Writes the embedded table where it is not there yet."""
        if self.embedded and not self.path.exists():
            WRITERS[self.embedded](self.path)

    def load(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The features, and the other columns, as text; the index is the item's id.

        Raises:
            UserError: The file is unusable, a column that the config names is not there, or an id
                is missing or occurs twice.
        """
        table = read_csv(self.path)
        named = [("target", self.target), *self.keys.items()]
        for key, name in [*named, *(("drop", name) for name in self.drop)]:
            if name not in table.columns:
                columns = ", ".join(table.columns)
                raise UserError(
                    f"{self.path} has no column {name!r} (data.{key}); it has {columns}."
                )
        others = table[self.others].fillna("").apply(lambda column: column.str.strip())
        ids = pd.Index([row_id(number) for number in table.index])
        if "id" in self.keys:
            ids = pd.Index(others[self.keys["id"]])
            wrong = ids.duplicated() | (ids == "")
            if wrong.any():
                row = int(wrong.argmax()) + 1
                raise UserError(
                    f"{self.path} row {row}: {self.keys['id']!r} (data.id) is empty or not unique."
                )
        features = table.drop(columns=self.others)
        if features.shape[1] == 0:
            raise UserError(f"{self.path} has no column besides {self.target!r}: add features.")
        return features.set_axis(ids), others.set_axis(ids)

    def load_usable(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """As `load`; raises a UserError too for a column that can be no feature as it is."""
        features, others = self.load()
        refuse_unusable(features, self.path)
        return features, others

    @property
    def settings(self) -> dict[str, Any]:
        """What beside the file decides about its typed columns."""
        return {"target": self.target, "drop": self.drop, "keys": self.keys}

    def load_typed(self) -> pd.DataFrame:
        """The features, those of numbers as float64; the index is the item's id."""
        return remember(self.path, self.settings, lambda: type_columns(self.load()[0]))

    def select(self, items: pd.DataFrame) -> pd.DataFrame:
        """The typed rows of some items, in their order."""
        table = self.load_typed()
        if len(items) == len(table) and (items["id"].to_numpy() == table.index.to_numpy()).all():
            return table
        return table.loc[items["id"]]

    def refuse_crowd(self, column: pd.Series, limit: int) -> None:
        """Raises a UserError for a text column with more different values than the limit."""
        if column.nunique() > limit:
            raise UserError(f"{self.path}: {describe_crowd(column, limit)}")

    def conform(self, raw: pd.DataFrame, state: State) -> pd.DataFrame:
        """The columns that were fitted, in that order, held against what ingest expected.

        Raises:
            UserError: A column is unknown, or a cell is not what it should be.
        """
        table = conform(raw, list(state["numeric"]), list(state["categories"]))
        hold_rules(table, rules_of(state))
        return table

    def find_personal(self, items: pd.DataFrame) -> Iterator[tuple[str, str]]:
        """Columns by their names, and a sample of cells by how they are written."""
        return find_personal(read_csv(self.path))

    def expect(self, items: pd.DataFrame, path: Path) -> tuple[State, dict[str, str]]:
        """Columns and their types as a whole, ranges and allowed values row by row."""
        features, others = self.load()
        return expect_rows(type_columns(features), others.drop(columns=self.drop), path, self.path)

    def draft_expectations(self) -> str:
        """Every feature and the target, in pandera's YAML."""
        features, others = self.load_usable()
        known = others[[self.target]].replace("", None)
        return infer_schema(type_columns(features.join(known)), self.path)

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
        return {row: f"has no value in column {name!r}" for row, name in first.items()}

    def find_near(self, items: pd.DataFrame, min_similarity: float) -> np.ndarray:
        """Rows that are the same but for spelling, rounding and some cells; the share of equal."""
        from dlproof.data.table_near import find_near_rows

        def find() -> np.ndarray:
            return find_near_rows(self.read(items), min_similarity)

        # `explore` and `clean` ask for the same.
        ids = hashlib.sha256("\n".join(items["id"]).encode()).hexdigest()
        name = f"near_{min_similarity:g}_{ids[:32]}"
        return remember_array(self.path, self.settings, name, find)

    def explore(self, items: pd.DataFrame, folder: Path, settings: Any) -> dict[str, Any]:
        """Missing, constant and outlying values; a histogram a column, and sample rows."""
        from dlproof.data.table_plots import (
            measure_columns,
            plot_columns,
            share_values,
            write_samples,
        )

        table = self.read(items)
        labels = items["label"].set_axis(table.index)
        plot_columns(table, folder / "explore_columns.png")
        samples = folder / "explore_samples.csv"
        labelled = pd.concat([labels.rename(self.target), table], axis=1)
        shown = write_samples(labelled, self.target, samples, settings)
        figures = measure_columns(table, settings.outlier_z) | {"groups": share_values(table)}
        unreadable = list(self.find_problems(items))
        figures["unreadable"] = {"count": len(unreadable), "items": unreadable}
        pictures = ["explore_columns.png", samples.name]
        return figures | {"sampled_classes": shown, "pictures": pictures}

    def write_sheet(self, sheet: pd.DataFrame, path: Path) -> list[str]:
        """The sheet beside the values of its rows."""
        rows = self.select(sheet).set_axis(sheet.index)
        write_table(pd.concat([sheet, rows], axis=1), path)
        return [path.name]

    def draw_items(self, arrays: Arrays, words: list[str], path: Path) -> bool:
        """No picture: a row is none."""
        return False

    def inputs(self, raw: pd.DataFrame, state: State) -> dict[str, tuple[pd.DataFrame, State]]:
        """Every column by itself."""
        found = {}
        for name in [*state["numeric"], *state["categories"]]:
            parts = {k: {n: v for n, v in state[k].items() if n == name} for k in KINDS}
            found[name] = raw[[name]], state | parts | {"expectations": {"rules": {}}}
        return found

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
        numeric = {name: arrays["numeric"][:, i] for i, name in enumerate(state["numeric"])}
        codes = {name: arrays["categorical"][:, i] for i, name in enumerate(state["categories"])}
        return numeric | {name: values.astype(np.float64) for name, values in codes.items()}

    def locate(self, place: str, state: State) -> tuple[pd.DataFrame, list[str]]:
        """Rows of a CSV, less the target and the dropped columns where it has them."""
        table = read_csv(Path(place))
        table = table.drop(columns=self.others, errors="ignore")
        return table, [row_id(number) for number in table.index]

    async def receive(self, request: "Request", state: State) -> pd.DataFrame:
        """Rows of `{"rows": [{"column": value}]}`; an absent or null value is missing."""
        return parse_rows(await request.body(), state)

    def describe_request(self, state: State) -> dict[str, Any]:
        """A JSON object with `rows`."""
        return describe_rows(state)

    def write_request(self, raw: pd.DataFrame) -> dict[str, Any]:
        """The rows as JSON, null where missing."""
        return {"json": {"rows": raw.astype(object).where(raw.notna(), None).to_dict("records")}}
