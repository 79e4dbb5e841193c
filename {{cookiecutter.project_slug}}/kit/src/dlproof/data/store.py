"""The processed data on disk: arrays of one shape, targets, splits and the fitted state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from ..files import read_json, read_table
from ..stages import RUNNING
from ..types import Arrays, State

if TYPE_CHECKING:
    import pandas as pd  # which takes a third of the time in which `checklist` starts

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
OPENS = "evaluate"  # the one stage that may read the test split


@dataclass
class Store:
    """`data/processed`, opened: without the test split, until `open_test` is called.

    Items of the test split come last on disk, so that what nobody opened is not there: neither
    among the items nor in any array, however they are asked for.

    Attributes:
        folder: Holds `items.csv`, `<name>.npy`, `targets.npy` and `state.json`.
        items: id, label, source, split, and those of `KEYS` that the config declares; rows align
            with the arrays.
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
        """Row numbers of one split; the test split opens only through `open_test`.

        Raises:
            PermissionError: The test split was asked for.
        """
        if split == TEST:
            raise PermissionError("the test split opens only in the final evaluation")
        return np.flatnonzero(self.items["split"] == split)

    def open_test(self) -> np.ndarray:
        """Adds the test split, for the final evaluation, which keeps a ledger; its row numbers.

        Raises:
            PermissionError: Another stage runs.
        """
        if RUNNING.get() not in ("", OPENS):
            raise PermissionError(
                f"`{RUNNING.get()}` asks for the test split, which opens only in `{OPENS}`"
            )
        whole = load_whole(self.folder, self.state)
        self.items, self.arrays, self.targets = whole.items, whole.arrays, whole.targets
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
        raise UserError(f"{path} does not exist: run `preprocess` first (or the whole `pipeline`).")
    state: State = read_json(path)
    return state


def load_store(data_dir: str | Path) -> Store:
    """Opens the processed data without its test split; arrays are memory-mapped, read-only.

    Raises:
        UserError: The preprocess stage has not run, or not since test items come last.
    """
    state, folder = load_state(data_dir), Path(data_dir) / "processed"
    whole = load_whole(folder, state)
    is_test = (whole.items["split"] == TEST).to_numpy()
    end = len(is_test) - int(is_test.sum())
    if is_test[:end].any():
        raise UserError(f"{folder} was written by an older version: run `preprocess` again.")
    arrays = {name: array[:end] for name, array in whole.arrays.items()}
    return Store(folder, whole.items.iloc[:end], arrays, whole.targets[:end], state)


def load_whole(folder: Path, state: State) -> Store:
    """The processed data with its test split: for the stage that writes it, and `open_test`."""
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in state["data"]["shapes"]
    }
    items = read_table(folder / "items.csv", "preprocess")
    return Store(folder, items, arrays, np.load(folder / "targets.npy", mmap_mode="r"), state)


def order_items(items: pd.DataFrame) -> np.ndarray:
    """Places of the items in the order of the store: those of the test split last (N,)."""
    return np.argsort(items["split"] == TEST, kind="stable")
