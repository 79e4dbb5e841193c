"""Evaluation opens the test split once and compares on the same items, slice by slice."""

from pathlib import Path

import numpy as np
import pytest
from dlproof import UserError, build
from dlproof.data import load_store

from {{ cookiecutter.package_name }}.evaluation.evaluate import score_groups

pytestmark = pytest.mark.pipeline


def test_figures_follow_from_the_kept_predictions_and_the_split_opens_once(finished, run, compose):
    report = run("evaluate")
    figures, task, store = report.figures, build(compose().task), load_store("data")
    rows = store.open_test()
    with np.load("reports/test_predictions.npz") as kept:
        assert kept["rows"].tolist() == rows.tolist()
        expected = task.metrics(np.asarray(store.targets[rows]), kept["predictions"])
    assert figures["metrics"] == pytest.approx(expected)
    assert report.summary.startswith(f"test {task.metric} {expected[task.metric]:.4f} [")
    assert f"{figures['best_baseline']} " in report.summary
    assert (figures["items"], figures["openings"]) == (len(rows), 1)
    assert figures["mode"]["calls"] > 0
    assert figures["mode"]["in_training_mode"] == figures["mode"]["with_gradients"] == 0
    assert Path("reports/evaluate.png").stat().st_size > 1000


def test_a_second_look_at_the_test_split_needs_a_reason(finished, run):
    Path("reports/test_predictions.npz").unlink()
    with pytest.raises(UserError, match="say why it must be evaluated again"):
        run("evaluate")
    assert run("evaluate", "evaluate.reason=the file was lost").figures["openings"] == 2


def test_every_class_is_a_slice_and_numbers_have_none(finished, compose):
    store, cfg = load_store("data"), compose()
    task, rows = build(cfg.task), store.open_test()
    targets = np.asarray(store.targets[rows])
    classes = store.state["task"].get("classes", [])
    right = np.eye(len(classes))[targets] if classes else targets
    groups = score_groups(cfg, store, task, rows, right)
    labels = store.items["label"].iloc[rows]
    assert set(groups) == ({f"label={label}" for label in labels} if classes else set())
    for name, found in groups.items():
        assert found["items"] == (labels == name.removeprefix("label=")).sum()
        assert found["score"] == 1.0
