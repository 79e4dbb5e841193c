"""`preprocess`: fits on train and writes arrays."""

from pathlib import Path

from dlproof import Report, build, read_table
from dlproof.data import TRAIN, preprocess


def run(cfg):
    """Writes the processed folder."""
    data_dir, data_type, task = Path(cfg.paths.data_dir), build(cfg.data), build(cfg.task)
    items = read_table(data_dir / "clean.csv", "clean")
    items = items.merge(read_table(data_dir / "splits.csv", "split"), on="id")
    fitted = items[items["split"] == TRAIN]
    state = {
        "data": data_type.fit(data_type.read(fitted), cfg.preprocess),
        "task": task.fit(fitted["label"]),
    }
    targets = task.encode(items["label"], state["task"])
    state = preprocess.write(cfg, data_type, items, targets, state)
    report = Report("preprocess", preprocess.evidence(cfg, data_type, items, state, fitted))
    report.add_file(data_dir / "processed")
    return report
