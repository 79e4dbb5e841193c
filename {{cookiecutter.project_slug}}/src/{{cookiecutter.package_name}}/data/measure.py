"""What `preprocess` measures on its arrays, so that leaks and drift between splits show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..files import hash_json
from .store import TEST, TRAIN, VALIDATION, Store
from .types import DataType

CHUNK = 4096  # items that are read at a time, to bound memory


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


def compare_splits(store: Store, data_type: DataType) -> dict[str, float]:
    """Feature -> p-value of the two-sample Kolmogorov-Smirnov test of validation against test."""
    from scipy.stats import ks_2samp

    values = {
        split: data_type.summarise(store.take(find_rows(store, split)), store.state["data"])
        for split in (VALIDATION, TEST)
    }
    found = {}
    for name, column in values[VALIDATION].items():
        pair = [part[np.isfinite(part)] for part in (column, values[TEST][name])]
        if all(len(part) for part in pair):
            found[name] = float(ks_2samp(*pair).pvalue)
    return found


def fingerprint(root: Path) -> str:
    """Changes when a file below a folder is written, made or removed; reads no content."""
    paths = [root] if root.is_file() else sorted(path for path in root.rglob("*"))
    files = [(path.as_posix(), path.stat()) for path in paths if path.is_file()]
    return hash_json([(name, found.st_size, found.st_mtime_ns) for name, found in files])
