"""Synthetic rows of rare classes for tables: `balance=smote`."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from .balance import Balance
from .store import TRAIN, Store


class Smote(Balance):
    """Rows between neighbours of one class until all classes are equal (Chawla et al. 2002).

    Imbalanced-learn's SMOTE, or SMOTENC and SMOTEN where there are categories, on training rows.

    Args:
        neighbours: Nearest rows of the class; a synthetic row lies towards one of them.
    """

    def __init__(self, neighbours: int) -> None:
        self.neighbours = neighbours

    def extend(self, store: Store, seed: int) -> Store:
        """The store in memory, with synthetic training rows at its end.

        Raises:
            UserError: A class has a single training row, which has no neighbour.
        """
        rows = store.rows(TRAIN)
        arrays, targets = store.take(rows), np.asarray(store.targets[rows])
        fitted = store.state["data"]["numeric"].values()
        fill, std = (np.array([column[part] for column in fitted]) for part in ("fill", "std"))
        numeric, codes = arrays["numeric"], arrays["categorical"]
        # Neighbours are sought on one scale, and missing values filled as the network does.
        scaled = np.where(np.isnan(numeric), fill, numeric) / std
        sampler = self.choose_sampler(numeric.shape[1], codes.shape[1], targets, seed)
        table, new = sampler.fit_resample(np.concatenate([scaled, codes], axis=1), targets)
        made, width = table[len(rows) :], numeric.shape[1]
        synthetic = {
            "numeric": (made[:, :width] * std).astype(numeric.dtype),
            "categorical": made[:, width:].astype(codes.dtype),
        }
        items = pd.DataFrame({"id": [""] * len(made), "label": "", "source": "", "split": TRAIN})
        return replace(
            store,
            items=pd.concat([store.items, items], ignore_index=True),
            arrays={k: np.concatenate([v, synthetic[k]]) for k, v in store.arrays.items()},
            targets=np.concatenate([store.targets, new[len(rows) :]]),
        )

    def choose_sampler(self, numbers: int, categories: int, targets: np.ndarray, seed: int) -> Any:
        """The sampler for this many columns, with as many neighbours as the rarest class allows."""
        from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

        least = int(np.unique(targets, return_counts=True)[1].min())
        if least < 2:
            raise UserError(
                "balance=smote: a class has one training row, and needs two: collect more, or "
                "choose balance=class_weights."
            )
        options = {"k_neighbors": min(self.neighbours, least - 1), "random_state": seed}
        if not categories:
            return SMOTE(**options)
        if not numbers:
            return SMOTEN(**options)
        return SMOTENC(list(range(numbers, numbers + categories)), **options)
