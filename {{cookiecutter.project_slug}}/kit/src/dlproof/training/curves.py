"""A run's curves as one row an epoch, in a place that stays: for `dvc plots show`."""

import csv
from pathlib import Path

from ..files import atomic

CURVES = Path("dvc", "curves.csv")  # in reports/


def write_curves(log: Path, path: Path, metric: str) -> Path:
    """Writes loss, metric and learning rate by epoch; no row where a run keeps no log.

    Args:
        log: The run's `metrics.csv`.
        path: Where to.
        metric: Name of the task's metric.
    """
    columns = ["train/loss", "val/loss", f"train/{metric}", f"val/{metric}"]
    with atomic(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["epoch", *columns, "learning_rate"])
        for epoch, row in read_epochs(log).items():
            rates = [value for name, value in row.items() if name.startswith("lr-")]
            writer.writerow([epoch, *(row.get(name, "") for name in columns), *rates[:1]])
    return path


def read_epochs(log: Path) -> dict[int, dict[str, str]]:
    """Epoch -> column -> value; what is logged before an epoch's end has only a step."""
    epochs: dict[int, dict[str, str]] = {}
    waiting: dict[str, str] = {}
    if log.exists():
        with log.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                waiting |= {name: value for name, value in row.items() if value}
                if "epoch" in waiting:
                    epochs.setdefault(int(waiting["epoch"]), {}).update(waiting)
                    waiting = {}
    return epochs
