"""Opens the test split once: metrics with intervals, errors, baselines. Run: `evaluate`."""

from pathlib import Path
from typing import Any

import numpy as np
from dlproof import Report, Task, build
from dlproof.data import Store, load_store
from dlproof.evaluation import calibrate, evaluate
from omegaconf import DictConfig

from ..model.network import build_network


def run(cfg: DictConfig) -> Report:
    """Scores the project's model and its baselines on the same test items.

    Raises:
        UserError: The model was evaluated on this test split before, and no reason is given.
    """
    store = load_store(cfg.paths.data_dir)
    task: Task = build(cfg.task)
    store.state["task"] |= calibrate(cfg, store, task, build_network)
    rows = store.open_test()
    predicted = evaluate.predict_once(cfg, store, task, rows, build_network)
    predictions = predicted[0]
    figures = evaluate.evidence(cfg, store, task, rows, predicted)
    figures["groups"] = score_groups(cfg, store, task, rows, predictions)
    disturbed = evaluate.score_disturbed(cfg, store, task, rows, predictions, build_network)
    figures["robustness"] = disturbed
    alike = evaluate.cluster_errors(cfg, store, task, rows, predictions, build_network)
    figures["clusters"] = alike
    picture = Path(cfg.paths.reports_dir, "evaluate.png")
    task.draw(np.asarray(store.targets[rows]), predictions, store.state["task"], picture)
    summary = summarise(figures, task)
    report = Report("evaluate", figures, summary=summary)
    report.add_picture(picture)
    evaluate.present(cfg, store, task, report)
    return evaluate.close(cfg, store, report)


def score_groups(
    cfg: DictConfig, store: Store, task: Task, rows: np.ndarray, predictions: np.ndarray
) -> dict[str, dict[str, Any]]:
    """The slices that are scored one by one: `label=7` -> items, the ranking metric, its interval.

    Each class, each declared origin, four spans of time, and the groups that the charter names by
    an input. Each is held against the rest, corrected for how many there are.
    """
    items, targets = store.items.iloc[rows], np.asarray(store.targets[rows])
    slices = evaluate.slice_values(items, "label") if "classes" in store.state["task"] else {}
    slices |= evaluate.slice_values(items, "origin")
    slices |= evaluate.slice_times(items, parts=4)
    slices |= evaluate.slice_declared(cfg, store, rows)
    return evaluate.score_slices(cfg, task, targets, predictions, slices)


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
