"""The test split, predicted once and entered in the ledger; what checks read of it."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from omegaconf import DictConfig

from ..config import build
from ..data.store import Store
from ..files import hash_file, read_json, write_json
from ..intervals import bootstrap
from ..report import load_report
from ..task import Task
from .ledger import Ledger
from .predictions import BuildNetwork, load_predictions, predict, save_predictions

OPENING = "test_opening.json"  # while the test split is open, and after a failure meanwhile
NUM_WORST = 12  # items with the largest loss that the report names


def predict_once(
    cfg: DictConfig, store: Store, task: Task, rows: np.ndarray, build_network: BuildNetwork
) -> tuple[np.ndarray, dict[str, int], bool]:
    """Test predictions: the kept ones of this very model and data, else new ones, in the ledger.

    What fails behind the entry in the ledger goes on where it stopped, without a second entry.

    Returns:
        Predictions, the mode that the network was in, and whether they were kept ones.
    """
    model_path = Path(cfg.paths.models_dir) / "model.ckpt"
    model, data_version = hash_file(model_path), store.state["version"]
    path = Path(cfg.paths.reports_dir) / "test_predictions.npz"
    ledger = Ledger(cfg.paths.reports_dir)
    kept, known = load_predictions(path, model, data_version), ledger.find(data_version, model)
    if kept is not None and cfg.evaluate.reason in ("", known and known["reason"]):
        return *kept, True
    opening = path.with_name(OPENING)
    this = {"model": model, "data": data_version, "reason": cfg.evaluate.reason}
    if not opening.exists() or read_json(opening) != this:
        run_id = load_report("train", cfg.paths.reports_dir).figures["run"]
        ledger.open(data_version, model, run_id, cfg.evaluate.reason)
        write_json(opening, this)
    predictions, mode = predict(model_path, store, rows, task, build_network)
    save_predictions(
        path,
        rows=rows,
        predictions=predictions,
        mode=json.dumps(mode),
        model=model,
        data=data_version,
    )
    opening.unlink()
    return predictions, mode, False


def evidence(
    cfg: DictConfig,
    store: Store,
    task: Task,
    rows: np.ndarray,
    predicted: tuple[np.ndarray, dict[str, int], bool],
) -> dict[str, Any]:
    """Figures of `evaluate` that checks read: metrics, intervals, baselines, errors, the opening.

    Args:
        cfg: The composed config.
        store: The processed data.
        task: Scores and describes.
        rows: Of the test split.
        predicted: As `predict_once` gives it.
    """
    predictions, mode, kept = predicted
    targets = np.asarray(store.targets[rows])
    baselines = score_baselines(cfg, store, task, rows)
    best = load_report("baselines", cfg.paths.reports_dir).figures["best"]
    interval = partial(
        bootstrap,
        task.score,
        targets,
        resamples=cfg.evaluate.resamples,
        confidence=cfg.evaluate.confidence,
        seed=cfg.seed,
    )
    return {
        "items": len(rows),
        "metric": task.metric,
        "metrics": task.metrics(targets, predictions),
        "interval": interval(predictions),
        "kept_predictions": kept,
        "mode": mode,
        "openings": len(Ledger(cfg.paths.reports_dir).entries()),
        "baselines": {name: task.metrics(targets, p) for name, p in baselines.items()},
        "best_baseline": best,
        "gain_interval": interval(predictions, baselines[best]),
        **task.analyse(targets, predictions, store.state["task"]),
        "worst": list_worst(store, task, rows, predictions),
    }


def score_slice(
    cfg: DictConfig, task: Task, targets: np.ndarray, predictions: np.ndarray
) -> dict[str, Any]:
    """Items, the ranking metric and its interval of one part of the test split."""
    interval = bootstrap(
        task.score,
        targets,
        predictions,
        resamples=max(1, cfg.evaluate.resamples // 5),  # one slice after another adds up
        confidence=cfg.evaluate.confidence,
        seed=cfg.seed,
    )
    score = task.score(targets, predictions)
    return {"items": len(targets), "score": score, "interval": interval}


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
