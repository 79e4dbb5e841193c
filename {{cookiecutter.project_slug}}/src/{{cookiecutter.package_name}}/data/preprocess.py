"""`preprocess`: fits statistics on train and writes arrays of one shape to `data/processed`."""

from pathlib import Path

import pandas as pd
from dlproof import DataType, Report, State, build, read_table
from dlproof.data import TRAIN, preprocess
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Writes the processed folder as a whole, so that arrays, items and state always agree."""
    data_dir = Path(cfg.paths.data_dir)
    data_type: DataType = build(cfg.data)
    task = build(cfg.task)
    items = read_table(data_dir / "clean.csv", "clean")
    items = items.merge(read_table(data_dir / "splits.csv", "split"), on="id", validate="1:1")
    before = preprocess.fingerprint_raw(cfg)
    fitted = choose_fitted(items)
    state: State = {
        "data": data_type.fit(data_type.read(fitted), cfg.preprocess),
        "task": task.fit(fitted["label"]),
    }
    targets = task.encode(items["label"], state["task"])
    state = preprocess.write(cfg, data_type, items, targets, state)
    report = Report("preprocess", preprocess.evidence(cfg, data_type, items, state, fitted))
    report.figures |= {"raw_before": before, "raw_after": preprocess.fingerprint_raw(cfg)}
    report.summary = preprocess.summarise(items, state)
    report.add_file(data_dir / "processed")
    return report


def choose_fitted(items: pd.DataFrame) -> pd.DataFrame:
    """The items that statistics may be fitted on: training items only."""
    return items[items["split"] == TRAIN]
