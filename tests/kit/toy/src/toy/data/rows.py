"""Rows of a CSV."""

import numpy as np
import pandas as pd
from dlproof import KEYS
from dlproof.data import TableKind, hash_rows


class Table(TableKind):
    """One item a row."""

    def list_items(self):
        """Every row, with the hash of its features."""
        loaded = self.load()
        columns = {
            "id": loaded.features.index,
            "label": loaded.others[self.target].to_numpy(),
            "hash": hash_rows(loaded.features),
            "source": [f"{self.path} {name}" for name in loaded.features.index],
        }
        return pd.DataFrame(columns | dict.fromkeys(KEYS, ""))

    def read(self, items):
        """The features, typed."""
        return self.load_typed().loc[items["id"]]

    def fit(self, raw, preprocess):
        """What fills numbers, and the known texts."""
        numbers = list(raw.select_dtypes("number"))
        numeric = {
            name: {"fill": raw[name].median(), "mean": raw[name].mean(), "std": raw[name].std()}
            for name in numbers
        }
        texts = raw.columns.difference(numbers)
        categories = {name: sorted(raw[name].dropna().unique()) for name in texts}
        shapes = {"numeric": [len(numeric)], "categorical": [len(categories)]}
        return {"shapes": shapes, "numeric": numeric, "categories": categories}

    def encode(self, raw, state):
        """`numeric`, float32, and `categorical`, int64, 0 where unknown."""
        table = self.conform(raw, state)
        codes = np.zeros((len(table), len(state["categories"])), np.int64)
        for column, (name, values) in enumerate(state["categories"].items()):
            codes[:, column] = [values.index(v) + 1 if v in values else 0 for v in table[name]]
        return {"numeric": table[list(state["numeric"])].to_numpy(np.float32), "categorical": codes}
