"""`preprocess`: fits statistics on train and writes arrays of one shape to `data/processed`."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from omegaconf import DictConfig

from ..configuration import build, to_plain
from ..files import atomic, read_json, write_json
from ..report import Report
from .expectations import RULES
from .ingest import read_table, write_table
from .measure import compare_splits, fingerprint, measure_drift, measure_splits
from .split_methods import link_items
from .store import SPLITS, TRAIN, load_store
from .types import DataType, State
from .versions import find_dvc_id, hash_version, keep_version

CHUNK = 1024  # items that are decoded at a time, to bound memory
COSTED = 256  # training items whose encoding is timed, input by input


def run(cfg: DictConfig) -> Report:
    """Writes the processed folder as a whole, so that arrays, items and state always agree."""
    data_dir = Path(cfg.paths.data_dir)
    data_type: DataType = build(cfg.data)
    task = build(cfg.task)
    items = read_table(data_dir / "clean.csv", "clean")
    items = items.merge(read_table(data_dir / "splits.csv", "split"), on="id", validate="1:1")
    raw = Path(cfg.data.get("root") or cfg.data.path)
    before = fingerprint(raw)
    fitted = choose_fitted(items)
    state: State = {
        "data": data_type.fit(data_type.read(fitted), cfg.preprocess)
        | {"expectations": read_json(data_dir / RULES)},
        "task": task.fit(fitted["label"]),
    }
    targets = task.encode(items["label"], state["task"])
    folder = data_dir / "processed"
    with atomic(folder) as draft:
        draft.mkdir()
        write_arrays(draft, data_type, items, state["data"])
        np.save(draft / "targets.npy", targets)
        write_table(items[["id", "label", "source", "split"]], draft / "items.csv")
        state["version"] = hash_version(draft, data_dir, state)
        write_json(draft / "state.json", state | {"dvc": find_dvc_id(raw)})
    made_with = {"data": cfg.data.name, "preprocess": to_plain(cfg.preprocess)}
    keep_version(data_dir, state["version"], items, made_with)
    store, units = load_store(data_dir), link_items(items).to_numpy()
    report = Report(
        stage="preprocess",
        figures=describe(items, state, folder)
        | {
            "statistics": measure_splits(store),
            "validation_against_test": compare_splits(store, data_type, units),
            "drift": measure_drift(store, data_type, items, units),
            "raw_before": before,
            "raw_after": fingerprint(raw),
            "cost_ms": measure_costs(data_type, data_type.read(fitted[:COSTED]), state["data"]),
        },
        summary=f"{len(items):,} items as {describe_shapes(state)}, version {state['version'][:8]}",
    )
    report.add_file(folder)
    return report


def choose_fitted(items: pd.DataFrame) -> pd.DataFrame:
    """What statistics may be fitted on: training items alone."""
    return items[items["split"] == TRAIN]


def write_arrays(folder: Path, data_type: DataType, items: pd.DataFrame, state: State) -> None:
    """Encodes the items chunk by chunk into `<name>.npy`, aligned with `items`."""
    raw = data_type.read(items)
    arrays: dict[str, np.memmap[Any, Any]] = {}
    for start in range(0, len(items), CHUNK):
        for name, chunk in data_type.encode(raw[start : start + CHUNK], state).items():
            if name not in arrays:
                shape = (len(items), *chunk.shape[1:])
                path = folder / f"{name}.npy"
                arrays[name] = open_memmap(path, "w+", chunk.dtype, shape)
                reserve(path)
            arrays[name][start : start + len(chunk)] = chunk
    for array in arrays.values():
        array.flush()


def measure_costs(data_type: DataType, raw: Any, state: State) -> dict[str, float]:
    """Input -> milliseconds that reading and encoding it alone take for one item."""
    found = {}
    for name, (part, part_state) in data_type.inputs(raw, state).items():
        seconds = []
        for _ in range(3):  # the quickest: other work of the machine is no cost of the input
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


def describe(items: pd.DataFrame, state: State, folder: Path) -> dict[str, Any]:
    """Figures of the report."""
    return {
        "items": {split: int((items["split"] == split).sum()) for split in SPLITS},
        "shapes": state["data"]["shapes"],
        "fitted_on": TRAIN,
        "megabytes": round(sum(p.stat().st_size for p in folder.iterdir()) / 1e6, 3),
        "version": state["version"],
    }


def describe_shapes(state: State) -> str:
    """`image 1x32x32`."""
    shapes = state["data"]["shapes"].items()
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes)
