"""Opens the test split once: metrics with intervals, errors, baselines. Run: `evaluate`."""

from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from omegaconf import DictConfig

from ..configuration import build
from ..data.store import Store, load_store
from ..files import hash_file
from ..problem.task import Task
from ..report import Report, load_report
from .intervals import bootstrap
from .ledger import Ledger
from .predictions import load_predictions, predict, save_predictions


def run(cfg: DictConfig) -> Report:
    """Scores the project's model and its baselines on the same test items.

    Raises:
        UserError: A model meets the same test split again and no reason is given.
    """
    store = load_store(cfg.paths.data_dir)
    task: Task = build(cfg.task)
    rows = store.open_test()
    targets = np.asarray(store.targets[rows])
    predictions, kept = predict_once(cfg, store, task, rows)
    report = Report(stage="evaluate")
    scores = task.metrics(targets, predictions)
    baselines = score_baselines(cfg, store, task, rows)
    interval = partial(
        bootstrap,
        task.score,
        targets,
        resamples=cfg.evaluate.resamples,
        confidence=cfg.evaluate.confidence,
        seed=cfg.seed,
    )
    report.figures = {
        "items": len(rows),
        "metric": task.metric,
        "metrics": scores,
        "interval": interval(predictions),
        "kept_predictions": kept,
        "openings": len(Ledger(cfg.paths.reports_dir).entries()),
        "baselines": {name: task.metrics(targets, p) for name, p in baselines.items()},
        **task.analyse(targets, predictions, store.state["task"]),
    }
    best = load_report("baselines", cfg.paths.reports_dir).figures["best"]
    report.figures["best_baseline"] = best
    report.figures["gain_interval"] = interval(predictions, baselines[best])
    picture = Path(cfg.paths.reports_dir) / "evaluate.png"
    task.draw(targets, predictions, store.state["task"], picture)
    report.pictures = [picture.name]
    report.summary = summarise(report.figures, task)
    return report


def predict_once(
    cfg: DictConfig, store: Store, task: Task, rows: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Test predictions: the kept ones of this very model and data, else new ones, in the ledger."""
    model_path = Path(cfg.paths.models_dir) / "model.ckpt"
    model, data_version = hash_file(model_path), store.state["version"]
    path = Path(cfg.paths.reports_dir) / "test_predictions.npz"
    ledger = Ledger(cfg.paths.reports_dir)
    kept = load_predictions(path, model, data_version)
    if kept is not None and not cfg.evaluate.reason:
        return kept, True
    run_id = load_report("train", cfg.paths.reports_dir).figures["run"]
    ledger.open(data_version, model, run_id, cfg.evaluate.reason)
    predictions = predict(model_path, store, rows, task)
    save_predictions(path, rows=rows, predictions=predictions, model=model, data=data_version)
    return predictions, False


def score_baselines(
    cfg: DictConfig, store: Store, task: Task, rows: np.ndarray
) -> dict[str, np.ndarray]:
    """Each fitted baseline's predictions for the same rows."""
    data_type = build(cfg.data)
    features, _ = data_type.features(store.take(rows), store.state["data"])
    models: dict[str, Any] = joblib.load(Path(cfg.paths.models_dir) / "baselines.joblib")
    return {
        name: task.predict_baseline(estimator, features, store.state["task"])
        for name, estimator in models.items()
    }


def summarise(figures: dict[str, Any], task: Task) -> str:
    """`test accuracy 0.981 [0.97, 0.99]; random_forest 0.967; gain [0.001, 0.03]`."""
    metric, best = task.metric, figures["best_baseline"]
    low, high = figures["interval"]
    gain = figures["gain_interval"]
    return (
        f"test {metric} {figures['metrics'][metric]:.4f} [{low:.4f}, {high:.4f}] on "
        f"{figures['items']} items; {best} {figures['baselines'][best][metric]:.4f}, "
        f"difference [{gain[0]:+.4f}, {gain[1]:+.4f}]"
    )
