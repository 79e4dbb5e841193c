"""What `preprocess` measures on its arrays, so that leaks and drift between splits show."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..files import hash_json
from ..types import DataType
from .split_methods import parse_times
from .store import SPLITS, TEST, TRAIN, VALIDATION, Store

CHUNK = 4096  # items that are read at a time, to bound memory
MAX_ITEMS = 1000  # of each side that a classifier learns to tell from the other
MAX_FEATURES = 500  # that it looks at
MAX_ORIGINS = 10  # the largest, each against the others
FOLDS = 3


def measure_splits(store: Store) -> dict[str, Any]:
    """Mean and deviation of every channel or column, in train and in all splits together.

    Beside the fitted state they show whether statistics came from the training split alone.
    """
    figures: dict[str, Any] = {}
    for name, array in store.arrays.items():
        if array.dtype.kind in "fu" and array.size:  # codes of categories have no mean
            rows = {TRAIN: find_rows(store, TRAIN), "all": np.arange(len(array))}
            figures[name] = {split: measure_rows(array, found) for split, found in rows.items()}
    return figures


def measure_rows(array: np.ndarray, rows: np.ndarray) -> dict[str, list[float]]:
    """`mean` and `std` along axis 1 over some rows, missing values left out."""
    width = array.shape[1]
    count, total, square = np.zeros(width), np.zeros(width), np.zeros(width)
    for values in read_chunks(array, rows):
        known = np.isfinite(values)
        filled = np.where(known, values, 0.0)
        count += known.sum(axis=0)
        total += filled.sum(axis=0)
        square += (filled**2).sum(axis=0)
    mean = total / np.maximum(count, 1)
    std = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 0))
    return {"mean": mean.tolist(), "std": std.tolist()}


def read_chunks(array: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Values (n, channels or columns) as float64, some items at a time."""
    for start in range(0, len(rows), CHUNK):
        values = np.asarray(array[rows[start : start + CHUNK]], np.float64)
        yield np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])


def find_rows(store: Store, split: str) -> np.ndarray:
    """Row numbers of a split, of the test split too: no target and no prediction is looked at."""
    return np.flatnonzero(store.items["split"] == split)


def compare_splits(store: Store, data_type: DataType, units: np.ndarray) -> dict[str, float]:
    """Feature -> p-value of the two-sample Kolmogorov-Smirnov test of validation against test.

    One item of each unit is looked at: the test takes items to be independent.
    """
    from scipy.stats import ks_2samp

    single = np.flatnonzero(~pd.Series(units).duplicated())
    values = {}
    for split in (VALIDATION, TEST):
        rows = np.intersect1d(find_rows(store, split), single)
        values[split] = data_type.summarise(store.take(rows), store.state["data"])
    found = {}
    for name, column in values[VALIDATION].items():
        pair = [part[np.isfinite(part)] for part in (column, values[TEST][name])]
        if all(len(part) for part in pair):
            found[name] = float(ks_2samp(*pair).pvalue)
    return found


def measure_drift(
    store: Store, data_type: DataType, items: pd.DataFrame, units: np.ndarray
) -> dict[str, Any]:
    """How well splits, declared origins, and the earlier and later half can be distinguished.

    Args:
        store: The processed data.
        data_type: Makes features of it.
        items: Its rows with `time` and `origin`.
        units: The unit of each row.

    Returns:
        `splits`, `origins` and `times`: names of the two sides -> `auc` and `units`.
    """
    sides = {split: (store.items["split"] == split).to_numpy() for split in SPLITS}
    pairs = {f"{a} against {b}": (sides[a], sides[b]) for a, b in combinations(SPLITS, 2)}
    largest = items["origin"].value_counts().index[:MAX_ORIGINS] if items["origin"].any() else []
    found = {"splits": pairs, "origins": {}, "times": {}}
    if len(largest) > 1:
        masks = {name: (items["origin"] == name).to_numpy() for name in largest}
        found["origins"] = {name: (mask, ~mask) for name, mask in masks.items()}
    if items["time"].any():
        times = parse_times(items)
        early = (times <= times.quantile(interpolation="lower")).to_numpy()
        found["times"] = {"earlier against later half": (early, ~early)}
    return {
        kind: {name: tell_apart(store, data_type, units, *pair) for name, pair in pairs.items()}
        for kind, pairs in found.items()
    }


def tell_apart(
    store: Store, data_type: DataType, units: np.ndarray, first: np.ndarray, second: np.ndarray
) -> dict[str, Any]:
    """Area under the ROC curve of a classifier that distinguishes two sets of items.

    It judges units that it has not seen, for items of one patient look alike without any drift: a
    classifier two-sample test (Lopez-Paz and Oquab 2017), also called adversarial validation.

    Returns:
        `auc`, 0.5 where both are alike and None for too few units, and `units` of each side.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    from .folds import UnitFolds

    sides = [draw(np.flatnonzero(side)) for side in (first, second)]
    counts = [len(set(units[side])) for side in sides]
    if min(counts) < 2 * FOLDS:
        return {"auc": None, "units": counts}
    rows, truth = np.concatenate(sides), np.repeat([0, 1], [len(side) for side in sides])
    features, _ = data_type.features(store.take(rows), store.state["data"])
    features = features[:, np.sort(draw(np.arange(features.shape[1]), MAX_FEATURES))]
    model = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=8, early_stopping=False, random_state=0
    )
    folds = UnitFolds(FOLDS, shuffle=True, random_state=0)
    chances = cross_val_predict(
        model, features, truth, groups=units[rows], cv=folds, method="predict_proba"
    )
    return {"auc": round(float(roc_auc_score(truth, chances[:, 1])), 4), "units": counts}


def draw(rows: np.ndarray, most: int = MAX_ITEMS) -> np.ndarray:
    """At most so many rows or columns, the same ones each time."""
    return np.random.default_rng(0).permutation(rows)[:most]


def fingerprint(root: Path) -> str:
    """Changes when a file below a folder is written, made or removed; reads no content."""
    paths = [root] if root.is_file() else sorted(path for path in root.rglob("*"))
    files = [(path.as_posix(), path.stat()) for path in paths if path.is_file()]
    return hash_json([(name, found.st_size, found.st_mtime_ns) for name, found in files])
