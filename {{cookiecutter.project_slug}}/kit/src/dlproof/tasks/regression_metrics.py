"""Metrics of values (N,) against numbers (N,), each of many draws at once."""

import numpy as np

from ..weighing import Measure, average, divide, weighted


@weighted
def mae(targets: np.ndarray, predictions: np.ndarray) -> Measure:
    """Mean absolute error."""
    return average(np.abs(subtract(predictions, targets)))


@weighted
def mse(targets: np.ndarray, predictions: np.ndarray) -> Measure:
    """Mean squared error."""
    return average(subtract(predictions, targets) ** 2)


@weighted
def rmse(targets: np.ndarray, predictions: np.ndarray) -> Measure:
    """Root of the mean squared error, in the target's unit."""
    measure = average(subtract(predictions, targets) ** 2)
    return lambda weights: np.sqrt(measure(weights))


@weighted
def r2(targets: np.ndarray, predictions: np.ndarray) -> Measure:
    """Share of the variance that is explained; not defined where all targets are equal."""
    errors = average(subtract(predictions, targets) ** 2)
    centred = subtract(targets, targets.mean())  # first: squares of large numbers lose digits
    means, squares = average(centred), average(centred**2)
    least = np.finfo(np.float64).eps * (centred**2).max()

    def measure(weights: np.ndarray) -> np.ndarray:
        spread = squares(weights) - means(weights) ** 2
        return 1 - divide(errors(weights), np.where(spread > least, spread, 0))

    return measure


def subtract(one: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    """The difference in float64."""
    return np.asarray(one, np.float64) - np.asarray(other, np.float64)
