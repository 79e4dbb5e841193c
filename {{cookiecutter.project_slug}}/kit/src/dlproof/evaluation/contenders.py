"""Who is compared: the networks of runs and the fitted baselines, on the validation items."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig
from torch import nn

from ..config import build, to_plain
from ..data.store import VALIDATION, Store
from ..errors import UserError, nearest
from ..model.checkpoint import load_network
from ..problem.baselines import COMPRESSION, load_kept
from ..report import load_report
from ..stages import TRAINING
from ..task import Task
from ..training.runs import BEST, is_from_run, read_config, read_record
from .predictions import choose_device, predict_by

if TYPE_CHECKING:
    from ..project import Project

REPEATS, TIMED = 5, 1000  # predictions that are timed, and of how many items at most
ALIKE = tuple(key for key in (*TRAINING, "task") if key != "seed")  # in runs of several seeds


@dataclass(frozen=True)
class Contender:
    """A model, of one run or of several seeds, and what it says of the validation items.

    Attributes:
        name: The ids of its runs, or the baseline's name.
        predictions: (N, runs, …), in the task's form.
        seeds: Of its runs; empty for a baseline.
        item_seconds: Median time to predict one item, among others.
        size_bytes: Of the network's weights, or of the fitted baseline as it is kept.
        training_seconds: Of one run, on average.
    """

    name: str
    predictions: np.ndarray
    seeds: list[int]
    item_seconds: float
    size_bytes: int
    training_seconds: float

    def describe(self) -> dict[str, Any]:
        """What the report says of it, besides scores."""
        names = ("seeds", "item_seconds", "size_bytes", "training_seconds")
        return {name: getattr(self, name) for name in names}


def list_runs(given: Any) -> list[str]:
    """The ids of a setting that has one, several or none."""
    return [given] if isinstance(given, str) and given else list(given)


def gather_runs(
    cfg: DictConfig, project: "Project", store: Store, task: Task, names: list[str]
) -> Contender:
    """The best checkpoints of runs that differ in the seed alone.

    Raises:
        UserError: A run cannot be compared, or they differ in more.
    """
    folders = [find_run(cfg, name) for name in names]
    records = [read_finished(folder) for folder in folders]
    refuse_unlike(folders, records)
    device, rows = choose_device(cfg.trainer.accelerator), store.rows(VALIDATION)
    predictions = []
    for folder, record in zip(folders, records, strict=True):
        network = load_best(cfg, project, store, folder, record).to(device)
        predictions.append(predict_by(network, store, rows, task, device))
    return Contender(
        ", ".join(names),
        np.stack(predictions, axis=1),
        [record["seed"] for record in records],
        time_items(lambda some: predict_by(network, store, some, task, device), rows),
        sum(tensor.nbytes for tensor in network.state_dict().values()),
        float(np.mean([record["seconds"] for record in records])),
    )


def gather_baselines(cfg: DictConfig, store: Store, task: Task) -> dict[str, Contender]:
    """Every baseline that `baselines` has kept, by its name.

    Raises:
        UserError: They are not those that its report names.
    """
    data_type, rows = build(cfg.data), store.rows(VALIDATION)
    seconds = load_report("baselines", cfg.paths.reports_dir).figures["fit_seconds"]

    def predict(estimator: Any, some: np.ndarray) -> np.ndarray:
        """From the arrays on, as a network does."""
        features, _ = data_type.features(store.take(some), store.state["data"])
        return task.predict_baseline(estimator, features, store.state["task"])

    return {
        name: Contender(
            name,
            predict(estimator, rows)[:, None],
            [],
            time_items(partial(predict, estimator), rows),
            measure_bytes(estimator),
            seconds[name],
        )
        for name, estimator in load_kept(cfg).items()
    }


def find_run(cfg: DictConfig, name: str) -> Path:
    """The folder of a run.

    Raises:
        UserError: There is no such run.
    """
    known = [path.parent.name for path in Path(cfg.paths.runs_dir).glob("*/record.json")]
    if name not in known:
        raise UserError(
            f"{cfg.paths.runs_dir} has no run {name!r}, or no longer: restore it, or name one of "
            f"those in {cfg.paths.reports_dir}/runs.html{nearest(name, known)}"
        )
    return Path(cfg.paths.runs_dir, name)


def read_finished(folder: Path) -> dict[str, Any]:
    """The record of a run that has finished.

    Raises:
        UserError: It has not, it is for debugging, or its record is damaged, edited or a copy.
    """
    record = read_record(folder)
    if record["id"] != folder.name:
        told = f"{folder} is a copy of {record['id']}: compare that one"
    elif record.get("debug"):
        told = f"{folder.name} is a debug run, which is compared with none: train without debug"
    elif record.get("status") != "finished":
        how = f"finish it with `train resume={folder.name}`, or compare another run"
        told = f"{folder.name} has not finished (it is {record.get('status')!r}): {how}"
    elif not is_from_run(folder, record):
        told = f"{folder}/record.json or a file beside it was edited since the run: restore it"
    else:
        return record
    raise UserError(f"{told}.")


def refuse_unlike(folders: list[Path], records: list[dict[str, Any]]) -> None:
    """Raises a UserError where runs are not one training that was repeated with other seeds.

    Of two runs the spread is so uncertain that a test would be too sure.
    """
    seeds = [record["seed"] for record in records]
    if len(seeds) == 2:
        raise UserError(
            f"{folders[0].name} and {folders[1].name} are too few to say how training varies: "
            "name one run, or three or more that differ in the seed alone."
        )
    first, *others = (to_plain(read_config(folder)) for folder in folders)
    for folder, seed, other in zip(folders[1:], seeds[1:], others, strict=True):
        pair = f"{folders[0].name} and {folder.name}"
        if seeds.count(seed) > 1:
            raise UserError(f"{pair} should differ in the seed, and several runs have seed={seed}.")
        for section in ALIKE:
            if first.get(section) != other.get(section):
                raise UserError(
                    f"{pair} differ in {section}, and not in the seed alone: compare one with the "
                    "other, as champion and challenger."
                )


def load_best(
    cfg: DictConfig, project: "Project", store: Store, folder: Path, record: dict[str, Any]
) -> nn.Module:
    """The network of a run's best epoch.

    Raises:
        UserError: The checkpoint is gone or does not fit the code, or was trained on other data.
    """
    is_present = load_report("train", cfg.paths.reports_dir).figures["run"] == folder.name
    path = Path(cfg.paths.models_dir, "model.ckpt") if is_present else folder / BEST
    if not path.exists():
        raise UserError(f"{path} was removed: restore it, or compare another run.")
    network, made_from = load_network(path, project.build_network)
    if (task := made_from["task"].get("name")) != cfg.task.name:
        told = f"{folder.name} was trained for task={task}, and this is task={cfg.task.name}"
        raise UserError(f"{told}: compare another run.")
    now, then = ({*s["task"].get("classes", ())} for s in (store.state, made_from["state"]))
    if differing := sorted(now ^ then):
        raise UserError(
            f"{folder.name} was trained on other classes than there are now (they differ in "
            f"{', '.join(differing[:3])}): train it again on this data."
        )
    before, version = record["data_version"], store.state["version"]
    if before != version:
        raise UserError(
            f"{folder.name} was trained on version {before[:8]} of the data, and this is "
            f"{version[:8]}: its validation items may be others, so train it again on this data."
        )
    return network


def time_items(predict: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> float:
    """Median seconds for one of at most `TIMED` rows, which are predicted together."""
    some, seconds = rows[:TIMED], []
    for _ in range(REPEATS):
        started = time.perf_counter()
        predict(some)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) / len(some)


def measure_bytes(estimator: Any) -> int:
    """Size of a fitted estimator as `baselines` keeps it."""
    import joblib

    stream = io.BytesIO()
    joblib.dump(estimator, stream, compress=COMPRESSION)
    return stream.tell()
