"""Baselines are fitted on train, scored on validation and kept for the final evaluation."""

import joblib
import pytest
from dlproof import build
from dlproof.data import load_store

pytestmark = pytest.mark.pipeline


def test_each_of_the_tasks_baselines_is_kept_as_it_was_scored(processed, run, compose):
    figures = run("baselines").figures
    cfg, store = compose(), load_store("data")
    data_type, task = build(cfg.data), build(cfg.task)
    rows = store.rows("validation")
    features, _ = data_type.features(store.take(rows), store.state["data"])
    kept = joblib.load("models/baselines.joblib")
    assert set(kept) == set(figures["scores"]) == set(task.baselines(cfg.seed))
    for name, estimator in kept.items():
        predictions = task.predict_baseline(estimator, features, store.state["task"])
        assert task.metrics(store.targets[rows], predictions) == figures["scores"][name]
    assert figures["best"] not in ("random", "constant")
    assert figures["fitted_items"] == len(store.rows("train"))


def test_they_see_no_more_items_than_the_config_allows(processed, run):
    assert run("baselines", "baselines.max_items=20").figures["fitted_items"] == 20
