"""The processed data on disk: arrays of one shape, targets, splits and the fitted state."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import UserError
from ..files import read_json, read_table
from ..types import Arrays, State

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Store:
    """`data/processed`, opened.

    Attributes:
        folder: Holds `items.csv`, `<name>.npy`, `targets.npy` and `state.json`.
        items: id, label, source and split; rows align with the arrays.
        arrays: What `DataType.encode` gave, memory-mapped.
        targets: What `Task.encode` gave, (N,).
        state: See `load_state`.
    """

    folder: Path
    items: pd.DataFrame
    arrays: Arrays
    targets: np.ndarray
    state: State

    def rows(self, split: str) -> np.ndarray:
        """Row numbers of one split. The test split opens through `open_test` alone.

        Raises:
            PermissionError: The test split was asked for.
        """
        if split == TEST:
            raise PermissionError("the test split opens only in the final evaluation")
        return np.flatnonzero(self.items["split"] == split)

    def open_test(self) -> np.ndarray:
        """Row numbers of the test split, for the final evaluation, which keeps a ledger."""
        return np.flatnonzero(self.items["split"] == TEST)

    def take(self, rows: np.ndarray) -> Arrays:
        """The arrays' rows, read into memory."""
        return {name: np.asarray(array[rows]) for name, array in self.arrays.items()}


def load_state(data_dir: str | Path) -> State:
    """The fitted state: `data` (the data type's), `task` (the task's), and two ids of the data.

    `version` is the hash of all it holds; `dvc` is DVC's own of the raw data, None without one.

    Raises:
        UserError: The preprocess stage has not run.
    """
    path = Path(data_dir) / "processed" / "state.json"
    if not path.exists():
        raise UserError(f"{path} is not there: run `preprocess` first (or the whole `pipeline`).")
    state: State = read_json(path)
    return state


def load_store(data_dir: str | Path) -> Store:
    """Opens the processed data; arrays are memory-mapped, read-only.

    Raises:
        UserError: The preprocess stage has not run.
    """
    state = load_state(data_dir)
    folder = Path(data_dir) / "processed"
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in state["data"]["shapes"]
    }
    return Store(
        folder=folder,
        items=read_table(folder / "items.csv", "preprocess"),
        arrays=arrays,
        targets=np.load(folder / "targets.npy", mmap_mode="r"),
        state=state,
    )
