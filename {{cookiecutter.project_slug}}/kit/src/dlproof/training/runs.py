"""Runs read back from their folders: records and curves; without torch."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from ..config import build
from ..data.store import load_state
from ..errors import UserError
from ..files import hash_json, hash_tree, read_json
from ..report import as_read
from ..types import State

# Where a launcher names the run's folder, so that every process, and every life, uses the same.
RUN_DIR = "DL_RUN_DIR"
BEST = Path("checkpoints", "best.ckpt")  # of a run's folder
SEALED = ("config.yaml", "diff.patch", "metrics.csv")  # of a run's folder
LOST = "is missing or damaged: restore it, or remove the run."


@dataclass(frozen=True)
class Run:
    """A run's curves, one value an epoch.

    Losses are shares: 1 is what knowing nothing costs, 0 what knowing everything does, so that
    they mean the same for any task.

    Attributes:
        name: Its id.
        record: Its record.
        log: Column -> values.
        bounds: Loss of a model that knows everything, and of one that knows nothing.
        metric: Name of the task's metric.
        mode: `max` or `min`, the better direction of the metric.
        majority: Share of the largest class in training, 0 for numbers.
        prior: Loss, as a share, of a model that knows the classes' shares alone; 1 for numbers,
            and where training balances the classes.
    """

    name: str
    record: dict[str, Any]
    log: dict[str, list[float]]
    bounds: tuple[float, float]
    metric: str
    mode: str
    majority: float = 0.0
    prior: float = 1.0

    def curve(self, name: str) -> np.ndarray:
        """Values of a column (epochs,), empty where it was not logged."""
        return np.array(self.log.get(name, []))

    def losses(self, name: str) -> np.ndarray:
        """A column of losses as shares."""
        low, high = self.bounds
        return (self.curve(name) - low) / (high - low)

    @cached_property
    def train(self) -> np.ndarray:
        """Training loss of each epoch."""
        return self.losses("train/loss")

    @cached_property
    def val(self) -> np.ndarray:
        """Validation loss of each epoch."""
        return self.losses("val/loss")


def read_records(runs_dir: str | Path, *, debug: bool = False) -> list[dict[str, Any]]:
    """The record of every run, in the order in which they started.

    A folder that was copied or renamed is none: a copy would count as a second run that agrees.

    Args:
        runs_dir: Where they are.
        debug: Whether debug runs are among them, which are compared with no other.

    Raises:
        UserError: One of them is damaged.
    """
    folders = [path.parent for path in Path(runs_dir).glob("*/record.json")]
    records = [(folder.name, read_record(folder)) for folder in folders]
    runs = [record for name, record in records if name == record["id"]]
    wanted = [record for record in runs if debug or not record.get("debug")]
    return sorted(wanted, key=lambda record: (record["started"], record["id"]))


def read_record(run_dir: Path) -> dict[str, Any]:
    """The record of one run.

    Raises:
        UserError: It is missing or damaged.
    """
    path = run_dir / "record.json"
    try:
        record = read_json(path)
    except (FileNotFoundError, ValueError):
        record = None
    if not isinstance(record, dict) or not {"id", "started"} <= record.keys():
        raise UserError(f"{path} {LOST}")
    return record


def seal_record(run_dir: Path, record: dict[str, Any]) -> str:
    """Hash of a run's record and of the files beside it."""
    told = {key: value for key, value in record.items() if key != "seal"}
    return hash_json([as_read(told), {name: hash_tree(run_dir / name) for name in SEALED}])


def is_from_run(run_dir: Path, record: dict[str, Any]) -> bool:
    """Whether a record and the files beside it are as the run left them."""
    return record.get("seal") == seal_record(run_dir, record)


def read_config(run_dir: Path) -> DictConfig:
    """The config that a run began with.

    Raises:
        UserError: It is missing or damaged.
    """
    path = run_dir / "config.yaml"
    try:
        config = OmegaConf.load(path)
    except (OSError, ValueError, YAMLError):
        config = None
    if not isinstance(config, DictConfig) or OmegaConf.select(config, "optimizer.lr") is None:
        raise UserError(f"{path} {LOST}")
    return config


def read_log(path: Path) -> dict[str, list[float]]:
    """A run's log by epoch: column -> its values in order, empty cells left out; {} if missing."""
    columns: dict[str, list[float]] = {}
    for row in read_rows(path):
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns


def read_epochs(path: Path, column: str) -> list[int]:
    """The epoch of each value that `read_log` gives of a column; some epochs may have several."""
    return [int(row["epoch"]) for row in read_rows(path) if column in row]


def read_rows(path: Path) -> Iterator[dict[str, float]]:
    """The cells of each row of a run's log that are not empty; no row if it is missing."""
    if path.exists():
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                yield {name: float(value) for name, value in row.items() if value}


def read_run(cfg: DictConfig) -> Run:
    """The run that `diagnose.run` names, else the latest that logged an epoch.

    Raises:
        UserError: It does not exist, logged no epoch, or its config or a record is damaged.
    """
    wanted = cfg.diagnose.run
    known = read_records(cfg.paths.runs_dir, debug=True)
    names = [wanted] if wanted else [record["id"] for record in reversed(known)]
    for name in names:
        folder = Path(cfg.paths.runs_dir, name)
        log = read_log(folder / "metrics.csv")
        record = read_record(folder) if (folder / "record.json").exists() else {}
        if "train/loss" in log or "non-finite" in record.get("status", ""):
            task = build(cfg.task)
            state = load_state(cfg.paths.data_dir)["task"]
            bounds = task.lowest_loss(state), task.expected_first_loss(state)
            majority, prior = 0.0, 1.0
            if "counts" in state:
                majority, cost = measure_classes(state, cfg.task.get("label_smoothing", 0.0))
                if read_config(folder).balance.name == "none":
                    prior = (cost - bounds[0]) / (bounds[1] - bounds[0])
            return Run(name, record, log, bounds, cfg.task.metric, cfg.task.mode, majority, prior)
    missing = f"{cfg.paths.runs_dir} has no run that logged an epoch"
    told = f"{wanted} does not exist or logged no epoch" if wanted else missing
    raise UserError(f"{told}: run `train` with logger=csv first.")


def measure_classes(state: State, smoothing: float) -> tuple[float, float]:
    """Share of the largest class, and the loss of a model that knows only the classes' shares."""
    shares = np.array(state["counts"]) / sum(state["counts"])
    smooth = (1 - smoothing) * shares + smoothing / len(shares)
    return float(shares.max()), float(-(smooth * np.log(smooth)).sum())
