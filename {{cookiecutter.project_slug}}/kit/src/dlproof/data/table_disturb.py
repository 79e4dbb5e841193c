"""Rows as a broken sensor or a slip would make them: noise, gaps, wrong units, unknown words."""

import numpy as np

from ..types import Arrays, Disturbance, State


def add_noise(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """Gaussian noise on every number, of so many of its column's deviations."""
    numeric = arrays["numeric"]
    noise = strength * read_columns(state, "std") * draws.standard_normal(numeric.shape)
    return arrays | {"numeric": to_numbers(numeric + noise)}


def lose_cells(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """This share of each row's cells is missing, and never less than one cell."""
    numeric, codes = arrays["numeric"], arrays["categorical"]
    width = numeric.shape[1] + codes.shape[1]
    count = min(width, max(1, round(strength * width)))
    lost = draws.random((len(numeric), width)).argsort(axis=1) < count
    numbers, words = np.split(lost, [numeric.shape[1]], axis=1)
    return {
        "numeric": np.where(numbers, np.float32(np.nan), numeric),
        "categorical": np.where(words, 0, codes),
    }


def mistake_unit(
    arrays: Arrays, state: State, strength: float, draws: np.random.Generator
) -> Arrays:
    """One number of each row is so many times as large, as if written in another unit."""
    numeric = arrays["numeric"]
    if not numeric.shape[1]:
        return arrays
    chosen = draws.integers(numeric.shape[1], size=(len(numeric), 1))
    offset = read_columns(state, "offset")
    other = strength * (numeric + offset) - offset
    is_chosen = np.arange(numeric.shape[1]) == chosen
    return arrays | {"numeric": to_numbers(np.where(is_chosen, other, numeric))}


def leave_range(
    arrays: Arrays, state: State, strength: float, draws: np.random.Generator
) -> Arrays:
    """Every number lies so many deviations from its column's mean, on either side."""
    numeric = arrays["numeric"]
    side = draws.choice([-1.0, 1.0], size=numeric.shape)
    far = read_columns(state, "mean") + strength * side * read_columns(state, "std")
    return arrays | {"numeric": to_numbers(far)}


def forget_words(
    arrays: Arrays, state: State, strength: float, draws: np.random.Generator
) -> Arrays:
    """This share of the texts is one that training had no example of."""
    codes = arrays["categorical"]
    return arrays | {"categorical": np.where(draws.random(codes.shape) < strength, 0, codes)}


def read_columns(state: State, name: str) -> np.ndarray:
    """What was fitted under a name for each column of numbers, 0 where nothing was: (columns,)."""
    return np.array([fitted.get(name, 0.0) for fitted in state["numeric"].values()], np.float64)


def to_numbers(values: np.ndarray) -> np.ndarray:
    """float32, what is beyond it at its end."""
    largest = np.finfo(np.float32).max
    return values.clip(-largest, largest).astype(np.float32)


# Kind, as configs name it -> what it does.
DISTURBANCES = {
    "noise": Disturbance(add_noise, "noise of {:g} deviations"),
    "missing": Disturbance(lose_cells, "the loss of {:.0%} of a row's cells"),
    "unit": Disturbance(mistake_unit, "one number {:g} times as large"),
    "unknown": Disturbance(forget_words, "unknown words in {:.0%} of the texts"),
    "out_of_range": Disturbance(leave_range, "a row {:g} deviations out of range", hides=True),
}
