"""Confidence is held against accuracy, and residuals against predicted values."""

import numpy as np
import pytest
from dlproof.tasks import calibration_error
from dlproof.tasks.reliability import (
    draw_reliability,
    draw_residuals,
    measure_reliability,
    measure_residuals,
)
from PIL import Image
from sklearn.calibration import calibration_curve


def answer(count, seed=0, sharper=1.0):
    """Classes that are as likely as probabilities say, and these, made more certain than that."""
    draws = np.random.default_rng(seed)
    probabilities = draws.dirichlet([0.5, 0.5, 0.5], count)
    targets = np.array([draws.choice(3, p=row) for row in probabilities])
    sharp = probabilities**sharper
    return targets, sharp / sharp.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("sharper", [0.5, 1.0, 3.0])
def test_bins_hold_every_item_and_add_up_to_the_calibration_error(sharper):
    targets, probabilities = answer(500, sharper=sharper)
    rows = measure_reliability(targets, probabilities)
    assert sum(row["items"] for row in rows) == 500
    gaps = sum(row["items"] * abs(row["accuracy"] - row["confidence"]) for row in rows) / 500
    assert gaps == pytest.approx(calibration_error(targets, probabilities))
    for row in rows:
        assert row["from"] < row["confidence"] <= row["to"]
        assert row["interval"][0] <= row["accuracy"] <= row["interval"][1]


def test_accuracy_by_confidence_is_scikit_learns():
    targets, probabilities = answer(400)
    right = targets == probabilities.argmax(axis=1)
    share, sure = calibration_curve(right, probabilities.max(axis=1), n_bins=15)
    rows = measure_reliability(targets, probabilities)
    np.testing.assert_allclose([row["accuracy"] for row in rows], share)
    np.testing.assert_allclose([row["confidence"] for row in rows], sure)


def test_only_a_confidence_that_is_off_has_a_small_p_value():
    honest, sharp = (measure_reliability(*answer(2000, sharper=s)) for s in (1.0, 4.0))
    assert min(row["p_value"] for row in honest) > 0.05 / 15
    assert min(row["p_value"] for row in sharp) < 1e-6


def test_a_certain_answer_is_in_the_last_bin():
    (row,) = measure_reliability(np.array([0, 1]), np.eye(2))
    assert (row["to"], row["items"], row["accuracy"], row["p_value"]) == (1.0, 2, 1.0, 1.0)


def test_residuals_are_those_of_each_quarter_of_the_predicted_values():
    predictions = np.random.default_rng(0).permutation(np.arange(40.0))
    targets = predictions - np.where(predictions < 10, 3, 0)
    rows = measure_residuals(targets, predictions)
    assert [(row["from"], row["to"]) for row in rows] == [(0, 9), (10, 19), (20, 29), (30, 39)]
    assert [row["residual"] for row in rows] == [3, 0, 0, 0]
    assert [row["error"] for row in rows] == [0, 0, 0, 0]
    two = measure_residuals(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    assert [(row["items"], row["residual"], row["error"]) for row in two] == [
        (1, 1.0, None),
        (1, 2.0, None),
    ]


def test_both_are_drawn(tmp_path):
    targets, probabilities = answer(50)
    draw_reliability(measure_reliability(targets, probabilities), tmp_path / "classes.png")
    draw_residuals(np.arange(5.0), np.arange(5.0) + 1, tmp_path / "numbers.png")
    for name in ("classes.png", "numbers.png"):
        with Image.open(tmp_path / name) as picture:
            assert len(picture.convert("L").getcolors(100_000)) > 2
