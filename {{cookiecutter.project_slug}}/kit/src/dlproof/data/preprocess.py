"""Processed data: arrays written as a whole, one version each, and what checks read of them."""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from omegaconf import DictConfig

from ..config import to_plain
from ..files import atomic, read_json, write_json, write_table
from ..parallel import BATCH, over
from ..types import KEYS, DataType, State
from .expectations import RULES
from .measure import compare_splits, fingerprint, measure_drift, measure_splits
from .split_methods import link_items
from .store import SPLITS, load_whole, order_items
from .versions import find_dvc_id, hash_version, keep_version

FOLDER = "processed"  # in data/
CELLS = 2**22  # of a table that are encoded at a time, to bound memory
COSTED = 256  # training items whose encoding is timed, input by input
MANY = 100  # inputs; more are timed once each


def write_arrays(folder: Path, data_type: DataType, items: pd.DataFrame, state: State) -> None:
    """Encodes the items batch by batch into `<name>.npy`, aligned with `items`."""
    arrays: dict[str, np.memmap[Any, Any]] = {}
    start = 0
    encode = partial(data_type.encode, state=state)
    raw = data_type.read(items)
    size = max(BATCH, CELLS // raw.shape[1]) if isinstance(raw, pd.DataFrame) else BATCH
    for part in over(encode, raw, "encoding", size):
        for name, chunk in part.items():
            if name not in arrays:
                shape = (len(items), *chunk.shape[1:])
                path = folder / f"{name}.npy"
                arrays[name] = open_memmap(path, "w+", chunk.dtype, shape)
                reserve(path)
            arrays[name][start : start + len(chunk)] = chunk
        start += len(chunk)
    for array in arrays.values():
        array.flush()


def measure_costs(data_type: DataType, raw: Any, state: State) -> dict[str, float]:
    """Input -> milliseconds for reading and encoding only this input of one item."""
    found = {}
    inputs = data_type.inputs(raw, state)
    times = 3 if len(inputs) <= MANY else 1
    for name, (part, part_state) in inputs.items():
        seconds = []
        for _ in range(
            times
        ):  # the fastest time: other work of the machine is not a cost of the input
            started = time.perf_counter()
            data_type.encode(part, part_state)
            seconds.append(time.perf_counter() - started)
        found[name] = round(1000 * min(seconds) / len(raw), 6)
    return found


def reserve(path: Path) -> None:
    """Claims a file's blocks: on a full disk, writing to a sparse map would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)


def write(
    cfg: DictConfig, data_type: DataType, items: pd.DataFrame, targets: np.ndarray, state: State
) -> State:
    """Writes arrays, targets, items and state, as one version of the data.

    Args:
        cfg: The composed config.
        data_type: Reads and encodes.
        items: Usable ones with `split`.
        targets: (N,).
        state: What was fitted: `data` and `task`.

    Returns:
        The state with what ingest expects of an item, and the version.
    """
    data_dir, raw = Path(cfg.paths.data_dir), Path(cfg.data.get("root") or cfg.data.path)
    fitted = state["data"] | {"expectations": read_json(data_dir / RULES)}
    state = state | {"data": fitted}
    places = order_items(items)
    items, targets = items.iloc[places].reset_index(drop=True), targets[places]
    with atomic(data_dir / FOLDER) as draft:
        draft.mkdir()
        write_arrays(draft, data_type, items, state["data"])
        np.save(draft / "targets.npy", targets)
        known = [key for key in KEYS if items[key].any()]
        write_table(items[["id", "label", "source", "split", *known]], draft / "items.csv")
        state["version"] = hash_version(draft, data_dir, state)
        write_json(draft / "state.json", state | {"dvc": find_dvc_id(raw)})
    made_with = {"data": cfg.data.name, "preprocess": to_plain(cfg.preprocess)}
    keep_version(data_dir, state["version"], items, made_with)
    return state


def fingerprint_raw(cfg: DictConfig) -> Any:
    """What shows whether raw data was written to."""
    return fingerprint(Path(cfg.data.get("root") or cfg.data.path))


def evidence(
    cfg: DictConfig, data_type: DataType, items: pd.DataFrame, state: State, fitted: pd.DataFrame
) -> dict[str, Any]:
    """Figures of `preprocess` that checks read: sizes, drift between splits, cost of each input.

    Args:
        cfg: The composed config.
        data_type: Reads and encodes.
        items: Usable ones with `split`.
        state: As `write` returned it.
        fitted: The items that statistics were fitted on.

    Raises:
        UserError: The arrays have lost what most items hold.
    """
    data_dir = Path(cfg.paths.data_dir)
    items = items.iloc[order_items(items)].reset_index(drop=True)
    store, units = load_whole(data_dir / FOLDER, state), link_items(items).to_numpy()
    warnings = data_type.find_lost(items, store.arrays, state["data"])
    for warning in warnings:
        print(f"warning: {warning}")
    size = sum(path.stat().st_size for path in (data_dir / FOLDER).iterdir())
    return {
        "items": {split: int((items["split"] == split).sum()) for split in SPLITS},
        "shapes": state["data"]["shapes"],
        "fitted_on": ", ".join(fitted["split"].unique()),
        "megabytes": round(size / 1e6, 3),
        "version": state["version"],
        "statistics": measure_splits(store),
        "validation_against_test": compare_splits(store, data_type, units),
        "drift": measure_drift(store, data_type, items, units),
        "warnings": warnings,
        "cost_ms": measure_costs(data_type, data_type.read(fitted[:COSTED]), state["data"]),
    }


def summarise(items: pd.DataFrame, state: State) -> str:
    """`1,797 items as image 1x32x32, version 1a2b3c4d`."""
    return f"{len(items):,} items as {describe_shapes(state)}, version {state['version'][:8]}"


def describe_shapes(state: State) -> str:
    """`image 1x32x32`."""
    shapes = state["data"]["shapes"].items()
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes)
