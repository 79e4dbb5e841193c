"""Classical models on the same split: fitted, scored, drawn, and what checks read of them."""

import hashlib
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from ..data.store import VALIDATION, Store
from ..errors import UserError
from ..figure import figure, save
from ..files import atomic
from ..intervals import bootstrap
from ..report import Report, load_report
from ..task import Task
from ..tasks.metric import refuse_undefined
from ..types import DataType
from .importance import measure_uses

CONFIDENCE = 0.95  # of the best baseline's interval
KEPT = "baselines.joblib"  # in the folder of models
COMPRESSION = 3


def choose_rows(rows: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """At most `limit` training rows, drawn without replacement, in order."""
    if len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))


@dataclass(frozen=True)
class Fitted:
    """Classical models, and what they were fitted and scored on.

    Attributes:
        estimators: Name -> fitted estimator.
        seconds: Name -> how long that took.
        names: Of the features (D).
        items: How many training items.
        features: Of the validation items (N, D).
        targets: Of the validation items (N,).
        predictions: Name -> validation predictions in the task's form.
    """

    estimators: dict[str, Any]
    seconds: dict[str, float]
    names: list[str]
    items: int
    features: np.ndarray
    targets: np.ndarray
    predictions: dict[str, np.ndarray]


def fit_all(
    store: Store, data_type: DataType, task: Task, rows: np.ndarray, estimators: dict[str, Any]
) -> Fitted:
    """Fits each estimator on training rows and predicts the validation split."""
    state = store.state["task"]
    features, targets, names = load_features(store, data_type, rows)
    seconds = {name: fit(model, features, targets) for name, model in estimators.items()}
    validation, true, _ = load_features(store, data_type, store.rows(VALIDATION))
    predictions = {
        name: task.predict_baseline(model, validation, state) for name, model in estimators.items()
    }
    return Fitted(estimators, seconds, names, len(features), validation, true, predictions)


def report(
    cfg: DictConfig, store: Store, task: Task, fitted: Fitted, pretrained: dict[str, Any]
) -> Report:
    """Keeps the estimators, draws their scores, and reports what checks read.

    Args:
        cfg: The composed config.
        store: The processed data.
        task: Scores predictions.
        fitted: As `fit_all` gives it.
        pretrained: As `probe_backbone` gives it.
    """
    path = Path(cfg.paths.models_dir, KEPT)
    keep(fitted.estimators, path)
    figures = evidence(cfg, store, task, fitted) | {"pretrained": pretrained}
    picture = Path(cfg.paths.reports_dir, "baselines.png")
    frozen = f"frozen {cfg.baselines.backbone}"
    extra = {frozen: pretrained["scores"]} if pretrained.get("scored") else {}
    plot_scores(figures["scores"] | extra, task, picture)
    best = figures["best"]
    score = figures["scores"][best][task.metric]
    summary = f"best is {best} with validation {task.metric} {score:.4f}"
    found = Report("baselines", figures, summary=summary)
    found.add_file(path)
    found.add_picture(picture)
    return found


def evidence(cfg: DictConfig, store: Store, task: Task, fitted: Fitted) -> dict[str, Any]:
    """Figures of `baselines` that checks read: scores, the best, each input's use."""
    scores = {name: task.metrics(fitted.targets, p) for name, p in fitted.predictions.items()}
    best = find_best(scores, task)

    def predict_best(features: np.ndarray) -> np.ndarray:
        """Predictions of the best model."""
        return task.predict_baseline(fitted.estimators[best], features, store.state["task"])

    return {
        "metric": task.metric,
        "fitted_items": fitted.items,
        "validation_items": len(fitted.targets),
        "features": len(fitted.names),
        "scores": scores,
        "fit_seconds": fitted.seconds,
        "best": best,
        "uses": measure_uses(task, predict_best, fitted.features, fitted.targets, fitted.names),
        "best_interval": bootstrap(
            task.score,
            fitted.targets,
            fitted.predictions[best],
            resamples=cfg.baselines.resamples,
            confidence=CONFIDENCE,
            seed=cfg.seed,
        ),
    }


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
    """The baseline with the best score of the task's metric.

    Raises:
        UserError: The metric is not defined on these items.
    """
    refuse_undefined(task.metric, [row[task.metric] for row in scores.values()], VALIDATION)
    pick = max if task.mode == "max" else min
    return pick(scores, key=lambda name: scores[name][task.metric])


def keep(estimators: dict[str, Any], path: Path) -> None:
    """Keeps the fitted estimators, so that evaluation scores these very ones on the test split."""
    import joblib

    with atomic(path) as draft:
        joblib.dump(estimators, draft, compress=COMPRESSION)


def load_kept(cfg: DictConfig) -> dict[str, Any]:
    """The estimators that `baselines` kept.

    They are a pickle, which could run anything, and may be of any library, so that no list of
    classes says which are harmless: only the very bytes that the report names are unpickled.

    Raises:
        UserError: The file is missing, or not the one that `baselines` wrote.
    """
    import joblib

    path = Path(cfg.paths.models_dir, KEPT)
    wanted = load_report("baselines", cfg.paths.reports_dir).files.get(path.as_posix())
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != wanted:
        raise UserError(f"{path} is not the file that `baselines` wrote: run `baselines` again.")
    kept: dict[str, Any] = joblib.load(io.BytesIO(content))
    return kept


def plot_scores(scores: dict[str, dict[str, float]], task: Task, path: Path) -> None:
    """A bar for each baseline, in the task's metric."""
    canvas, axis = figure((6, 2.4))
    names = [name.replace("_", " ") for name in scores][::-1]
    bars = axis.barh(
        names, [found[task.metric] for found in scores.values()][::-1], color="#4477aa"
    )
    axis.bar_label(bars, fmt="{:.3f}", padding=3, fontsize=8)
    axis.margins(x=0.12)
    better = "higher" if task.mode == "max" else "lower"
    axis.set(xlabel=f"{task.metric} on the validation split ({better} is better)")
    axis.spines[["top", "right"]].set_visible(False)
    save(canvas, path)
