"""`baselines`: what chance, a constant and classical models reach on the validation split."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from ..configuration import build
from ..data.store import TRAIN, VALIDATION, Store, load_store
from ..data.types import DataType
from ..evaluation.intervals import bootstrap
from ..files import atomic
from ..report import Report
from .importance import measure_uses
from .linear_probe import probe_backbone
from .task import Task

CONFIDENCE = 0.95  # of the best baseline's interval


def run(cfg: DictConfig) -> Report:
    """Fits each baseline on train, scores it on validation and keeps the fitted estimators."""
    data_type: DataType = build(cfg.data)
    task: Task = build(cfg.task)
    store = load_store(cfg.paths.data_dir)
    rows = choose_rows(store.rows(TRAIN), cfg.baselines.max_items, cfg.seed)
    train, train_targets, names = load_features(store, data_type, rows)
    validation, targets, _ = load_features(store, data_type, store.rows(VALIDATION))
    estimators = task.baselines(cfg.seed)
    seconds = {name: fit(model, train, train_targets) for name, model in estimators.items()}
    predictions = {
        name: task.predict_baseline(model, validation, store.state["task"])
        for name, model in estimators.items()
    }
    scores = {name: task.metrics(targets, found) for name, found in predictions.items()}
    best = find_best(scores, task)
    probe = probe_backbone(cfg, store, task, rows)
    path = Path(cfg.paths.models_dir, "baselines.joblib")
    save(estimators, path)
    picture = Path(cfg.paths.reports_dir, "baselines.png")
    with atomic(picture) as draft:
        extra = {f"frozen {cfg.baselines.backbone}": probe["scores"]} if probe.get("scored") else {}
        plot_scores(scores | extra, task, draft)

    def predict_best(features: np.ndarray) -> np.ndarray:
        return task.predict_baseline(estimators[best], features, store.state["task"])

    report = Report(
        stage="baselines",
        figures={
            "metric": task.metric,
            "fitted_items": len(train),
            "validation_items": len(targets),
            "features": len(names),
            "scores": scores,
            "pretrained": probe,
            "fit_seconds": seconds,
            "best": best,
            "uses": measure_uses(task, predict_best, validation, targets, names),
            "best_interval": bootstrap(
                task.score,
                targets,
                predictions[best],
                resamples=cfg.baselines.resamples,
                confidence=CONFIDENCE,
                seed=cfg.seed,
            ),
        },
        pictures=[picture.name],
        summary=f"best is {best} with validation {task.metric} {scores[best][task.metric]:.4f}",
    )
    report.add_file(path)
    return report


def choose_rows(rows: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """At most `limit` training rows, drawn without replacement, in order."""
    if len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))


def load_features(
    store: Store, data_type: DataType, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features (N, D), targets (N,) and the D names."""
    features, names = data_type.features(store.take(rows), store.state["data"])
    return features, np.asarray(store.targets[rows]), names


def fit(estimator: Any, features: np.ndarray, targets: np.ndarray) -> float:
    """Fits in place and returns the seconds.

    Half of the cores: OpenMP's threads spin while they wait, and a second process on the same
    cores then slows boosting down twentyfold.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    started = time.perf_counter()
    with threadpool_limits(max(1, (os.cpu_count() or 1) // 2)):
        estimator.fit(features, targets)
    return round(time.perf_counter() - started, 3)


def find_best(scores: dict[str, dict[str, float]], task: Task) -> str:
    """The baseline with the best score of the task's metric."""
    pick = max if task.mode == "max" else min
    return pick(scores, key=lambda name: scores[name][task.metric])


def save(estimators: dict[str, Any], path: Path) -> None:
    """Keeps the fitted estimators, so that evaluation scores these very ones on the test split."""
    import joblib

    with atomic(path) as draft:
        joblib.dump(estimators, draft, compress=3)


def plot_scores(scores: dict[str, dict[str, float]], task: Task, path: Path) -> None:
    """A bar for each baseline, in the task's metric."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 2.4), layout="constrained")
    names = [name.replace("_", " ") for name in scores][::-1]
    bars = axis.barh(
        names, [found[task.metric] for found in scores.values()][::-1], color="#4477aa"
    )
    axis.bar_label(bars, fmt="{:.3f}", padding=3, fontsize=8)
    axis.margins(x=0.12)
    better = "higher" if task.mode == "max" else "lower"
    axis.set(xlabel=f"{task.metric} on the validation split ({better} is better)")
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110, format="png")
    plt.close(figure)
