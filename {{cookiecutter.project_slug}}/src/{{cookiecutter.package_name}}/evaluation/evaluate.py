"""Opens the test split once: metrics with intervals, errors, baselines. Run: `evaluate`."""

import json
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

NUM_WORST = 12  # items with the largest loss that the report names


def run(cfg: DictConfig) -> Report:
    """Scores the project's model and its baselines on the same test items.

    Raises:
        UserError: A model meets the same test split again and no reason is given.
    """
    store = load_store(cfg.paths.data_dir)
    task: Task = build(cfg.task)
    rows = store.open_test()
    targets = np.asarray(store.targets[rows])
    predictions, mode, kept = predict_once(cfg, store, task, rows)
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
        "mode": mode,
        "openings": len(Ledger(cfg.paths.reports_dir).entries()),
        "baselines": {name: task.metrics(targets, p) for name, p in baselines.items()},
        **task.analyse(targets, predictions, store.state["task"]),
        "worst": list_worst(store, task, rows, predictions),
        "groups": score_groups(cfg, store, task, rows, predictions),
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
) -> tuple[np.ndarray, dict[str, int], bool]:
    """Test predictions: the kept ones of this very model and data, else new ones, in the ledger.

    Returns:
        Predictions, the mode that the network was in, and whether they were kept ones.
    """
    model_path = Path(cfg.paths.models_dir) / "model.ckpt"
    model, data_version = hash_file(model_path), store.state["version"]
    path = Path(cfg.paths.reports_dir) / "test_predictions.npz"
    ledger = Ledger(cfg.paths.reports_dir)
    kept = load_predictions(path, model, data_version)
    if kept is not None and not cfg.evaluate.reason:
        return *kept, True
    run_id = load_report("train", cfg.paths.reports_dir).figures["run"]
    ledger.open(data_version, model, run_id, cfg.evaluate.reason)
    predictions, mode = predict(model_path, store, rows, task)
    save_predictions(
        path,
        rows=rows,
        predictions=predictions,
        mode=json.dumps(mode),
        model=model,
        data=data_version,
    )
    return predictions, mode, False


def list_worst(
    store: Store, task: Task, rows: np.ndarray, predictions: np.ndarray
) -> list[dict[str, Any]]:
    """The test items with the largest loss: what was true and what the model said."""
    losses = task.item_losses(np.asarray(store.targets[rows]), predictions)
    worst = np.argsort(-losses, kind="stable")[:NUM_WORST]
    items = store.items.iloc[rows[worst]]
    answers = [task.describe(predictions[index], store.state["task"]) for index in worst]
    return [
        {
            "id": item,
            "true": label,
            "predicted": answer.get("label", answer.get("value")),
            "loss": round(float(loss), 4),
        }
        for item, label, answer, loss in zip(
            items["id"], items["label"], answers, losses[worst], strict=True
        )
    ]


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


def score_groups(
    cfg: DictConfig, store: Store, task: Task, rows: np.ndarray, predictions: np.ndarray
) -> dict[str, dict[str, Any]]:
    """`label=7` -> items, the ranking metric and its interval; empty where labels are numbers."""
    groups: dict[str, dict[str, Any]] = {}
    if "classes" not in store.state["task"]:
        return groups
    labels = store.items["label"].iloc[rows]
    targets = np.asarray(store.targets[rows])
    for label, places in labels.groupby(labels).indices.items():
        answers = targets[places], predictions[places]
        interval = bootstrap(
            task.score,
            *answers,
            resamples=max(1, cfg.evaluate.resamples // 5),  # one group after another adds up
            confidence=cfg.evaluate.confidence,
            seed=cfg.seed,
        )
        groups[f"label={label}"] = {
            "items": len(places),
            "score": task.score(*answers),
            "interval": interval,
        }
    return groups


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
