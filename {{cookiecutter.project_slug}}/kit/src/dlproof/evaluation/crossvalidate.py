"""`crossvalidate`: trains on every fold; the project's own split, model and reports stay as is."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from ..aside import redirect
from ..config import build
from ..data.expectations import RULES
from ..data.store import TEST, TRAIN, VALIDATION, load_store
from ..files import read_table, write_table
from ..intervals import corrected_interval
from ..report import Report
from ..task import Task
from ..training.limits import refuse_several
from ..training.rate import settle_rate
from ..training.record import create_run_dir
from .predictions import predict_validation

if TYPE_CHECKING:
    from ..project import Project


def run(cfg: DictConfig, project: "Project") -> Report:
    """Scores each fold's best checkpoint on that fold's validation items; none is a test item.

    The best epoch is chosen on the items that score it, so the figures are a little too good:
    they compare settings, `evaluate` says how good a model is.

    Raises:
        UserError: The options do not suit, or a fold's own reason.
    """
    refuse_several(cfg)
    cfg = settle_rate(project, cfg)
    parent = create_run_dir(Path(cfg.paths.runs_dir, "crossvalidate"))
    try:
        folds = [run_fold(project, cfg, parent, fold) for fold in range(cfg.split.folds)]
    except BaseException:  # Ctrl-C too
        shutil.rmtree(parent)
        raise
    figures = {
        "runs": parent.as_posix(),
        "metric": cfg.task.metric,
        "metrics": aggregate(folds, cfg.evaluate.confidence),
        "folds": folds,
    }
    found = figures["metrics"][cfg.task.metric]
    low, high = found["interval"]
    summary = (
        f"{cfg.task.metric} {found['mean']:.4g} [{low:.4g}, {high:.4g}] over {len(folds)} folds"
    )
    return Report(stage="crossvalidate", figures=figures, summary=summary)


def run_fold(project: "Project", cfg: DictConfig, parent: Path, fold: int) -> dict[str, Any]:
    """Splits, preprocesses and trains in a folder of the fold's own; metrics of its best epoch."""
    folder = parent / f"fold-{fold}"
    own = redirect(cfg, **{name: folder / name for name in ("data", "models", "reports", "runs")})
    own.split.fold = fold
    share_items(Path(cfg.paths.data_dir), folder / "data")
    for stage in (project.stages["split"], project.stages["preprocess"], project.stages["train"]):
        stage.load().run(own)
    task: Task = build(own.task)
    path = folder / "models" / "model.ckpt"
    metrics = task.metrics(*predict_validation(path, own, project.build_network))
    store = load_store(own.paths.data_dir)
    sizes = {part: len(store.rows(part)) for part in (TRAIN, VALIDATION)}
    shutil.rmtree(folder / "data" / "processed")  # as large as the project's, once a fold
    print(f"fold {fold}: {cfg.task.metric} {metrics[cfg.task.metric]:.4g}", flush=True)
    return {"fold": fold, "items": sizes, "metrics": metrics}


def share_items(data_dir: Path, target: Path) -> None:
    """Copies the usable items, and the project's test items as such: `split` keeps them there."""
    target.mkdir(parents=True)
    for name in ("clean.csv", RULES):
        shutil.copyfile(data_dir / name, target / name)
    if (data_dir / "splits.csv").exists():
        splits = read_table(data_dir / "splits.csv", "split")
        held = splits.loc[splits["split"] == TEST, ["id", "split"]]
        write_table(held.assign(bin=TEST), target / "splits.csv")


def aggregate(folds: list[dict[str, Any]], confidence: float) -> dict[str, Any]:
    """Metric -> mean, standard deviation and interval over the folds."""
    items = [fold["items"] for fold in folds]
    ratio = sum(n[VALIDATION] for n in items) / sum(n[TRAIN] for n in items)
    found = {}
    for name in folds[0]["metrics"]:
        values = np.array([fold["metrics"][name] for fold in folds])
        found[name] = {
            "mean": float(values.mean()),
            "std": float(values.std(ddof=1)),
            "interval": corrected_interval(values, ratio, confidence),
        }
    return found
