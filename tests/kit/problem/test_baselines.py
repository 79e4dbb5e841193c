"""Baselines are fitted on train, scored on validation and kept for the final evaluation."""

import joblib
import numpy as np
from dlproof.config import build, compose
from dlproof.data.store import load_store
from dlproof.problem.baselines import choose_rows, find_best, load_features


def test_a_classical_model_beats_chance_and_scores_the_same_when_loaded(processed, run):
    report = run("baselines")
    assert report.figures["best"] not in ("random", "constant")
    cfg = compose()
    data_type, task = build(cfg.data), build(cfg.task)
    store = load_store("data")
    rows = store.rows("validation")
    features, targets, names = load_features(store, data_type, rows)
    assert report.figures["features"] == len(names)
    assert report.figures["fitted_items"] == len(store.rows("train"))
    for name, estimator in joblib.load("models/baselines.joblib").items():
        predictions = task.predict_baseline(estimator, features, store.state["task"])
        assert task.metrics(targets, predictions) == report.figures["scores"][name]
    assert (processed / "reports" / "baselines.png").exists()


def test_rows_are_limited_by_a_seeded_draw():
    rows = np.arange(100, 200)
    assert choose_rows(rows, 1000, 0) is rows
    chosen = choose_rows(rows, 10, 0)
    assert len(set(chosen)) == 10
    assert set(chosen) <= set(rows)
    np.testing.assert_array_equal(chosen, choose_rows(rows, 10, 0))


def test_the_best_follows_the_tasks_mode(project):
    task = build(compose().task)
    scores = {"low": {task.metric: 0.1}, "high": {task.metric: 0.9}}
    assert find_best(scores, task) == ("high" if task.mode == "max" else "low")
