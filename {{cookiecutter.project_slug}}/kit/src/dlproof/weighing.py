"""Metrics of many draws at once: a draw of items is how often each of them counts."""

from collections.abc import Callable
from functools import wraps

import numpy as np

Score = Callable[[np.ndarray, np.ndarray], float]
Measure = Callable[[np.ndarray], np.ndarray]


def weighted(prepare: Callable[[np.ndarray, np.ndarray], Measure]) -> Score:
    """Makes a metric of one that is prepared once for all draws of the same items.

    Args:
        prepare: Of (targets, predictions) makes what gives a value (B,) for weights (B, N), NaN
            where the metric is not defined.

    Returns:
        A function of (targets, predictions) that gives a float.
    """

    @wraps(prepare)
    def score(targets: np.ndarray, predictions: np.ndarray) -> float:
        return float(prepare(targets, predictions)(np.ones((1, len(targets))))[0])

    score.prepare = prepare  # type: ignore[attr-defined]
    return score


def prepare(score: Score, targets: np.ndarray, predictions: np.ndarray) -> Measure:
    """What gives a metric (B,) of draws of these items: weights (B, N), how often each counts.

    A metric that is not `weighted` gets the drawn items, one draw after another.
    """
    if own := getattr(score, "prepare", None):
        measure: Measure = own(targets, predictions)
        return measure

    def measure_each(weights: np.ndarray) -> np.ndarray:
        rows = (np.repeat(np.arange(len(targets)), row.astype(np.int64)) for row in weights)
        return np.array([score(targets[drawn], predictions[drawn]) for drawn in rows])

    return measure_each


def over_runs(score: Score, sign: int) -> Score:
    """A metric of predictions (N, runs, …) that is averaged over runs, larger being better.

    Args:
        score: Of the predictions (N, …) of one run.
        sign: 1 where the metric grows as models get better, else -1.
    """

    @weighted
    def mean_score(targets: np.ndarray, predictions: np.ndarray) -> Measure:
        runs = range(predictions.shape[1])
        measures = [prepare(score, targets, predictions[:, run]) for run in runs]
        return lambda weights: sign * np.mean([each(weights) for each in measures], axis=0)

    return mean_score


def average(values: np.ndarray) -> Measure:
    """What gives the weighted mean (B,) of values (N,)."""
    return lambda weights: (weights @ values) / weights.sum(axis=1)


def divide(part: np.ndarray, whole: np.ndarray, otherwise: float = np.nan) -> np.ndarray:
    """A quotient, and another value where the divisor is 0."""
    given = np.full(np.broadcast_shapes(part.shape, whole.shape), otherwise)
    return np.divide(part, whole, out=given, where=whole != 0)
