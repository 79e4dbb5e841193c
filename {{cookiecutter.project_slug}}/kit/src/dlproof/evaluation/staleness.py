"""What it costs to go on with an old model, or with less data. Run: `staleness`.

Where items have a time (`data.time`), models are trained on the oldest shares of the training
split, as they would have been then; else on random shares. All take as many steps, and are judged
on the validation split, which `split=temporal` takes from the newest items.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..aside import redirect
from ..config import build
from ..data.expectations import RULES
from ..data.split_methods import parse_times
from ..data.store import TRAIN, VALIDATION
from ..errors import UserError
from ..figure import figure, save
from ..files import read_table, write_table
from ..report import Report
from ..significance import score_runs
from ..task import Task
from ..training.limits import refuse_several
from ..training.rate import settle_rate
from .ablate import compare, train_on_seeds

if TYPE_CHECKING:
    from ..project import Project

PICTURE = "staleness.png"
DAY = pd.Timedelta(days=1)


def run(cfg: DictConfig, project: "Project") -> Report:
    """Trains on each share, on each seed, and compares it with the whole training split.

    Raises:
        UserError: The options do not suit, a time does not parse, or a share's own reason.
    """
    refuse_several(cfg)
    cfg = settle_rate(project, cfg)
    task: Task = build(cfg.task)
    items = read_table(Path(cfg.paths.data_dir, "clean.csv"), "clean")
    splits = read_table(Path(cfg.paths.data_dir, "splits.csv"), "split")
    items = items.merge(splits[["id", "split"]], on="id", validate="1:1")
    order = sort_by_age(cfg, items)
    shares = [*sorted({*cfg.staleness.shares} - {1.0}), 1.0]
    seeds = [cfg.seed + number for number in range(cfg.staleness.seeds)]
    found = {}
    for share in shares:
        used = take_share(order, share)
        found[share] = train_on(project, cfg, items, used, seeds, cfg.staleness.epochs / share)
        told = score_runs(task.score, *found[share]).mean()
        print(f"{share:.0%} of train, {len(used):,} items: {task.metric} {told:.4g}", flush=True)
    targets, whole = found[1.0]
    rows = [
        describe_share(cfg, items, order, share) | compare(cfg, task, targets, whole, predictions)
        for share, (_, predictions) in found.items()
    ]
    figures = {
        "metric": task.metric,
        "by": "time" if cfg.data.time else "share",
        "items": len(targets),
        "epochs": cfg.staleness.epochs,
        "seeds": seeds,
        "shares": rows,
    }
    report = Report("staleness", figures, summary=summarise(figures))
    report.add_picture(draw(figures, task, Path(cfg.paths.reports_dir, PICTURE)))
    return report


def sort_by_age(cfg: DictConfig, items: pd.DataFrame) -> np.ndarray:
    """Row numbers of the training items, the oldest first; in random order without a time."""
    rows = np.flatnonzero(items["split"] == TRAIN)
    if not cfg.data.time:
        return np.random.default_rng(cfg.seed).permutation(rows)
    times = parse_times(items).to_numpy()
    return rows[np.argsort(times[rows], kind="stable")]


def take_share(order: np.ndarray, share: float) -> np.ndarray:
    """The first rows of an order, one at least."""
    return order[: max(1, round(share * len(order)))]


def train_on(
    project: "Project",
    cfg: DictConfig,
    items: pd.DataFrame,
    used: np.ndarray,
    seeds: list[int],
    epochs: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Targets of the validation items (N,), and predictions (N, seeds, …) of models.

    Statistics of preprocessing come from the used items alone.

    Raises:
        UserError: They lack a class that validation has.
    """
    data_dir = Path(cfg.paths.data_dir)
    kept = np.union1d(np.flatnonzero(items["split"] == VALIDATION), used)
    with TemporaryDirectory() as folder:
        own = redirect(cfg, data=Path(folder, "data"), reports=Path(folder, "reports"))
        target = Path(own.paths.data_dir)
        target.mkdir()
        shutil.copyfile(data_dir / RULES, target / RULES)
        write_table(items.drop(columns="split").iloc[kept], target / "clean.csv")
        write_table(items[["id", "split"]].iloc[kept], target / "splits.csv")
        try:
            project.stages["preprocess"].load().run(own)
        except UserError as error:
            raise UserError(
                f"{len(used):,} training items are too few to train on ({error}): leave out the "
                "smallest of staleness.shares."
            ) from error
        return train_on_seeds(project, own, seeds, max(1, round(epochs)))


def describe_share(
    cfg: DictConfig, items: pd.DataFrame, order: np.ndarray, share: float
) -> dict[str, Any]:
    """A share's size and, by time, its newest item and how much older than the newest that is."""
    used = take_share(order, share)
    found = {"share": share, "train_items": len(used)}
    if not cfg.data.time:
        return found
    times = parse_times(items)
    newest = times[items["split"].isin((TRAIN, VALIDATION))].max()
    age = newest - times.iloc[used[-1]]
    days = age / DAY if isinstance(age, pd.Timedelta) else None
    return found | {"until": items["time"].iloc[used[-1]], "days": days}


def summarise(figures: dict[str, Any]) -> str:
    """What the smallest share costs."""
    row = figures["shares"][0]
    low, high = row["interval"]
    which = f"the oldest {row['share']:.0%}" if figures["by"] == "time" else f"{row['share']:.0%}"
    aged = f", {row['days']:,.0f} days old" if row.get("days") else ""
    return (
        f"with {which} of the training items{aged}, {figures['metric']} is worse by "
        f"{row['gain']:.4g} [{low:.4g}, {high:.4g}]"
    )


def draw(figures: dict[str, Any], task: Task, path: Path) -> Path:
    """The metric over the share that was trained on, with the interval of what is lost."""
    canvas, axis = figure((5, 3))
    rows, sign = figures["shares"], 1 if task.mode == "max" else -1
    means = np.array([np.mean(row["scores"]) for row in rows])
    ends = means[-1] - sign * np.array([row["interval"] for row in rows]).T
    low, high = np.sort(ends, axis=0)
    spread = np.maximum([means - low, high - means], 0)
    axis.errorbar([row["train_items"] for row in rows], means, spread, marker="o", capsize=3)
    which = "oldest training items" if figures["by"] == "time" else "training items"
    axis.set(xlabel=which, ylabel=f"{figures['metric'].replace('_', ' ')} on validation")
    axis.spines[["top", "right"]].set_visible(False)
    save(canvas, path)
    return path
