"""How far predictions can be trusted: confidence against accuracy, residuals by predicted value."""

from pathlib import Path
from typing import Any

import numpy as np

from ..figure import figure, save
from .classification_metrics import NUM_BINS

BLUE, GREY = "#4477aa", "#999999"
CONFIDENCE = 0.95  # of the intervals of each part
PARTS = 4  # of the predicted values
Rows = list[dict[str, Any]]


def measure_reliability(targets: np.ndarray, probabilities: np.ndarray) -> Rows:
    """How often answers of about one confidence are right (DeGroot & Fienberg 1983).

    Args:
        targets: (N,).
        probabilities: (N, classes).

    Returns:
        For each of 15 equal bins that has items: its ends, items, their mean `confidence`, the
        `accuracy`, its exact interval, and the p-value of a confidence that is as it should be.
    """
    from scipy.stats import binomtest

    confidence = probabilities.max(axis=1).astype(np.float64)
    is_right = targets == probabilities.argmax(axis=1)
    bins = np.clip(np.ceil(confidence * NUM_BINS).astype(int) - 1, 0, NUM_BINS - 1)
    rows = []
    for number in np.unique(bins):
        chosen = bins == number
        items, right = int(chosen.sum()), int(is_right[chosen].sum())
        sure = float(confidence[chosen].mean())
        test = binomtest(right, items, min(sure, 1.0))
        exact = test.proportion_ci(CONFIDENCE)
        rows.append(
            {
                "from": number / NUM_BINS,
                "to": (number + 1) / NUM_BINS,
                "items": items,
                "confidence": sure,
                "accuracy": right / items,
                "interval": [float(exact.low), float(exact.high)],
                "p_value": float(test.pvalue),
            }
        )
    return rows


def draw_reliability(rows: Rows, path: Path) -> None:
    """Accuracy over confidence with intervals, on the diagonal where both agree; items below."""
    canvas, (upper, lower) = figure(
        (4.5, 4.8), 2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]}
    )
    sure = [row["confidence"] for row in rows]
    right = np.array([row["accuracy"] for row in rows])
    low, high = np.array([row["interval"] for row in rows]).T
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    upper.errorbar(sure, right, [right - low, high - right], color=BLUE, marker="o", capsize=2)
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that is right")
    starts = [row["from"] for row in rows]
    lower.bar(starts, [row["items"] for row in rows], 1 / NUM_BINS, align="edge", color=BLUE)
    lower.set(xlabel="confidence", ylabel="items")
    save(canvas, path)


def measure_residuals(targets: np.ndarray, predictions: np.ndarray) -> Rows:
    """Residuals (prediction - target) in quarters of the predicted values.

    Returns:
        For each quarter that has items: its ends, items, the mean residual and its standard error
        (None for one item).
    """
    residuals = predictions.astype(np.float64) - targets
    order = np.argsort(predictions, kind="stable")
    return [
        {
            "from": float(predictions[part[0]]),
            "to": float(predictions[part[-1]]),
            "items": len(part),
            "residual": float(residuals[part].mean()),
            "error": float(residuals[part].std(ddof=1) / len(part) ** 0.5)
            if len(part) > 1
            else None,
        }
        for part in np.array_split(order, PARTS)
        if len(part)
    ]


def draw_residuals(targets: np.ndarray, predictions: np.ndarray, path: Path) -> None:
    """Residuals over predicted values, with the mean of each quarter."""
    canvas, axis = figure((4.5, 3.2))
    axis.axhline(0, color=GREY, linewidth=1, linestyle="--")
    axis.scatter(predictions, predictions - targets, s=14, alpha=0.5, color=BLUE)
    for row in measure_residuals(targets, predictions):
        axis.hlines(row["residual"], row["from"], row["to"], color="#cc3311", linewidth=2)
    axis.set(xlabel="predicted", ylabel="predicted - true")
    save(canvas, path)
