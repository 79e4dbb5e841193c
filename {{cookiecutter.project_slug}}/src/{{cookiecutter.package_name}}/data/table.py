"""Rows of a table: `data=breast_cancer`, `data=diabetes`, or yours: `data=csv data.path=…`."""

from typing import Any

import numpy as np
import pandas as pd
from dlproof import KEYS, Arrays, State, UserError
from dlproof.data import TableKind, hash_rows

GRAIN = 2.0e-6  # of a deviation: the rounding error that float32 may make


class Table(TableKind):
    """One item per row; columns of numbers are scaled, columns of text are categories."""

    def list_items(self) -> pd.DataFrame:
        """One item per row, with the hash of its features."""
        loaded = self.load()
        label = loaded.others[self.target]
        if not label.any():
            raise UserError(f"{self.path}: column {self.target!r} (data.target) is empty.")
        place = self.path.as_posix()
        items = pd.DataFrame(
            {
                "id": loaded.features.index,
                "label": label.to_numpy(),
                "hash": hash_rows(loaded.features),
                "source": [f"{place} row {row}" for row in loaded.rows],
            }
        )
        for key in KEYS:
            items[key] = loaded.others[self.keys[key]].to_numpy() if key in self.keys else ""
        return self.explain(items)

    def read(self, items: pd.DataFrame) -> pd.DataFrame:
        """Feature columns, with types inferred from the whole file; the index is the id."""
        return self.select(items)

    def fit(self, raw: pd.DataFrame, preprocess: Any) -> State:
        """Fill value, mean and deviation of number columns; known values of text columns.

        Returns:
            `shapes`, `numeric` (column -> fill, mean, std) and `categories` (column -> values);
            and `ignored`, the columns that were left out automatically, if any.

        Raises:
            UserError: A column has no value, or too many different texts.
        """
        if empty := [str(name) for name in raw.columns if raw[name].isna().all()]:
            named, it = (f"columns {empty} are", "them")
            if len(empty) == 1:
                named, it = (f"column {empty[0]!r} is", "it")
            raise UserError(f"{self.path}: {named} empty in train: add {it} to data.drop.")
        numeric = {
            str(name): fit_numbers(raw[name], preprocess.impute)
            for name in raw.select_dtypes("number")
        }
        categories = {}
        for name in raw.columns.difference(list(numeric), sort=False):
            categories[str(name)] = sorted(raw[name].dropna().unique())
            self.refuse_crowd(raw[name], preprocess.max_categories)
        shapes = {"numeric": [len(numeric)], "categorical": [len(categories)]}
        ignored = {"ignored": raw.attrs["ignored"]} if raw.attrs.get("ignored") else {}
        return {"shapes": shapes, "numeric": numeric, "categories": categories, **ignored}

    def encode(self, raw: pd.DataFrame, state: State) -> Arrays:
        """`numeric`: float32 with NaN where missing; `categorical`: int64, 0 unknown or missing."""
        table = self.conform(raw, state)
        offsets = [fitted.get("offset", 0.0) for fitted in state["numeric"].values()]
        numeric = table[list(state["numeric"])].to_numpy(np.float64) - offsets
        codes = np.zeros((len(table), len(state["categories"])), np.int64)
        for column, (name, values) in enumerate(state["categories"].items()):
            codes[:, column] = pd.Index(values).get_indexer(table[name]) + 1
        return {"numeric": numeric.astype(np.float32), "categorical": codes}


def fit_numbers(column: pd.Series, impute: str) -> dict[str, float]:
    """Median or mean as `fill`, mean and deviation of the known values (1 for a constant).

    Where float32 would round away the differences between the numbers (times in milliseconds,
    northings), their mean is the `offset`, which is subtracted first.
    """
    mean, std = float(column.mean()), float(column.std(ddof=0))
    std = std if std > 1e-12 * max(1.0, abs(mean)) else 1.0
    largest = float(column.abs().max())
    offset = {}
    if np.spacing(np.float32(largest)) > GRAIN * std:
        offset = {"offset": mean}
        column, mean = column - mean, 0.0
    return {"fill": float(getattr(column, impute)()), "mean": mean, "std": std} | offset
