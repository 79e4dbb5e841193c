"""The test split, predicted once and entered in the ledger; what checks read of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from ..config import build
from ..data.store import TEST, Store
from ..files import hash_file, hash_tree
from ..intervals import bootstrap, bootstrap_all
from ..problem.baselines import load_kept
from ..report import Report, load_report
from ..task import Task
from ..tasks.metric import refuse_undefined
from ..types import State
from .calibration import CALIBRATED
from .clusters import cluster_errors as cluster_errors
from .ledger import EVALUATION, KEPT, OPENING, PREDICTIONS, Ledger
from .page import present as present
from .predictions import (
    BuildNetwork,
    choose_device,
    load_predictions,
    predict,
    save_predictions,
)
from .robustness import score_disturbed as score_disturbed
from .slices import score_slices as score_slices
from .slices import slice_declared as slice_declared
from .slices import slice_times as slice_times
from .slices import slice_values as slice_values

NUM_WORST = 12  # items with the largest loss that the report names


def predict_once(
    cfg: DictConfig, store: Store, task: Task, rows: np.ndarray, build_network: BuildNetwork
) -> tuple[np.ndarray, dict[str, int], bool]:
    """Test predictions: the kept ones of this very model and data, else new ones, in the ledger.

    Kept ones count as long as they are those that the ledger names. What fails behind the opening
    goes on where it stopped, without a second one.

    Returns:
        Predictions, the mode that the network was in, and whether they were kept ones.

    Raises:
        UserError: This model has met this test split, and no reason is given why it must again.
    """
    model_path = Path(cfg.paths.models_dir) / "model.ckpt"
    model, data_version = hash_file(model_path), store.state["version"]
    path = Path(cfg.paths.reports_dir) / KEPT
    ledger = Ledger(cfg.paths.reports_dir)
    known, predicted = (ledger.find(data_version, model, told) for told in (OPENING, PREDICTIONS))
    is_kept = predicted is not None and hash_tree(path) == predicted[PREDICTIONS]
    if is_kept and cfg.evaluate.reason in ("", known and known[OPENING]):
        return *load_predictions(path), True
    run_id = load_report("train", cfg.paths.reports_dir).figures["run"]
    ledger.open(data_version, model, run_id, cfg.evaluate.reason)
    device = choose_device(cfg.trainer.accelerator)
    predictions, mode = predict(model_path, store, rows, task, build_network, device)
    made = save_predictions(
        path,
        rows=rows,
        predictions=predictions,
        mode=json.dumps(mode),
        model=model,
        data=data_version,
    )
    ledger.add(data_version, model, **{PREDICTIONS: made})
    return predictions, mode, False


def close(cfg: DictConfig, store: Store, report: Report) -> Report:
    """Enters an evaluation in the ledger, and binds the report to what was predicted."""
    report.add_file(Path(cfg.paths.reports_dir) / KEPT)
    model = hash_file(Path(cfg.paths.models_dir) / "model.ckpt")
    ledger, data_version = Ledger(cfg.paths.reports_dir), store.state["version"]
    known = ledger.find(data_version, model, EVALUATION)
    if known is None or known[EVALUATION] != report.digest:
        metric = report.figures["metric"]
        score = {"metric": metric, "score": report.figures["metrics"][metric]}
        ledger.add(data_version, model, **score, **{EVALUATION: report.digest})
    return report


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
    metrics = task.metrics(targets, predictions)
    undefined = [name for name, value in metrics.items() if np.isnan(value)]
    refuse_undefined(task.metric, [metrics[task.metric]], TEST)
    how = {name: cfg.evaluate[name] for name in ("resamples", "confidence")} | {"seed": cfg.seed}
    scores = [row.score for row in task.METRICS.values()]
    drawn = bootstrap_all(scores, targets, predictions, **how)
    intervals = dict(zip(task.METRICS, drawn, strict=True))
    return {
        "items": len(rows),
        "metric": task.metric,
        "metrics": metrics,
        "undefined": undefined,
        "intervals": intervals,
        "interval": intervals[task.metric],
        "kept_predictions": kept,
        "mode": mode,
        "openings": len(Ledger(cfg.paths.reports_dir).entries()),
        "baselines": {name: task.metrics(targets, p) for name, p in baselines.items()},
        "best_baseline": best,
        "gain_interval": bootstrap(task.score, targets, predictions, baselines[best], **how),
        **task.analyse(targets, predictions, store.state["task"]),
        "calibration": {n: v for n, v in store.state["task"].items() if n in CALIBRATED},
        "answers": judge_answers(task, store.state["task"], targets, predictions, **how),
        "worst": list_worst(store, task, rows, predictions),
    }


def judge_answers(
    task: Task, state: State, targets: np.ndarray, predictions: np.ndarray, **how: Any
) -> dict[str, Any]:
    """How good the answers are that the calibrated state makes of predictions, with intervals."""
    scores = task.measure_answers(state)
    drawn = bootstrap_all(list(scores.values()), targets, predictions, **how)
    return {
        name: {"value": score(targets, predictions), "interval": interval}
        for (name, score), interval in zip(scores.items(), drawn, strict=True)
    }


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
    return {
        name: task.predict_baseline(estimator, features, store.state["task"])
        for name, estimator in load_kept(cfg).items()
    }
