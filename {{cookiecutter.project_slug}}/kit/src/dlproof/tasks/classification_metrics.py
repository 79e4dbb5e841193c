"""Metrics of probabilities (N, classes) against classes (N,), each of many draws at once.

They equal scikit-learn's on the drawn items, whose functions take one draw at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..weighing import Measure, Score, average, divide, weighted

NUM_BINS = 15  # of confidence, as in Guo et al. 2017 and in torchmetrics


@weighted
def accuracy(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
    """Share of items whose likeliest class is the true one."""
    return average(targets == probabilities.argmax(axis=1))


def macro(name: str) -> Score:
    """Mean over classes of `precision`, `recall` or their harmonic mean `f1`.

    Over those that occur or were predicted; a class that was never predicted has precision 0.
    """
    return average_classes(name, lambda said, true: said + true > 0)


def by_support(name: str) -> Score:
    """As `macro`, each class weighing as much as it has items; recall would be the accuracy."""
    return average_classes(name, lambda said, true: true)


def average_classes(name: str, weigh: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Score:
    """Mean of a metric over classes, weighed by their predictions and items (B, C)."""

    @weighted
    def score(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
        table = Confusion(targets, probabilities)

        def measure(weights: np.ndarray) -> np.ndarray:
            values, said, true = table.score(name, weights)
            share = weigh(said, true)
            return (values * share).sum(axis=1) / share.sum(axis=1)

        return measure

    return score


@weighted
def auroc(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
    """Mean one-versus-rest area over the classes that occur; not defined for one class alone."""
    ranks = rank_classes(targets, probabilities)
    return lambda weights: average_defined([rank.find_area(weights) for rank in ranks])


@weighted
def average_precision(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
    """Mean one-versus-rest average precision over the classes that occur.

    Precision at each threshold, weighed by the recall that it adds, without interpolation; not
    defined for one class alone.
    """
    ranks = rank_classes(targets, probabilities)
    return lambda weights: average_defined([rank.find_precision(weights) for rank in ranks])


@weighted
def log_loss(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
    """Mean cross entropy; a probability of 0 counts as the smallest step of its type."""
    likelihood = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    grain = np.finfo(probabilities.dtype).eps
    return average(-np.log(np.clip(likelihood, grain, 1 - grain)))


@weighted
def calibration_error(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
    """Mean gap of confidence and accuracy over 15 equal bins of confidence (Guo et al. 2017)."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    gaps = (targets == probabilities.argmax(axis=1)) - confidence
    bins = np.clip(np.ceil(confidence * NUM_BINS).astype(int) - 1, 0, NUM_BINS - 1)
    by_bin = np.eye(NUM_BINS)[bins] * gaps[:, None]
    return lambda weights: np.abs(weights @ by_bin).sum(axis=1) / weights.sum(axis=1)


class Confusion:
    """Which class each item has, and which one was predicted.

    Args:
        targets: (N,).
        probabilities: (N, classes).
    """

    def __init__(self, targets: np.ndarray, probabilities: np.ndarray) -> None:
        self.targets, self.chosen = targets, probabilities.argmax(axis=1)
        self.right = np.flatnonzero(targets == self.chosen)
        self.classes = probabilities.shape[1]

    def score(self, name: str, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A metric of each class, 0 where it is not defined, its predictions and items: (B, C)."""
        said, true = self.count(self.chosen, weights), self.count(self.targets, weights)
        hits = self.count(self.targets[self.right], weights.take(self.right, axis=1))
        wholes = {"precision": said, "recall": true, "f1": (said + true) / 2}
        return divide(hits, wholes[name], 0.0), said, true

    def count(self, codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """How often each class is drawn, (B, C)."""
        return np.stack([np.bincount(codes, row, self.classes) for row in weights])


@dataclass(frozen=True)
class Rank:
    """Items by the probability of one class, the highest first; equal ones form a step.

    Attributes:
        order: Of the N items.
        hits: Places of the P items of the class.
        first: For each of them the place where its step begins.
        last: The place where it ends, exclusive.
    """

    order: np.ndarray
    hits: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def find_area(self, weights: np.ndarray) -> np.ndarray:
        """Area (B,) under the ROC curve, NaN where all items are of one kind; ties count half."""
        own, found, both = self.count(weights)
        above = [
            both.take(places, axis=1) - found.take(np.searchsorted(self.hits, places), axis=1)
            for places in (self.first, self.last)
        ]
        passed = (own * (above[0] + above[1])).sum(axis=1) / 2
        return 1 - divide(passed, found[:, -1] * (both[:, -1] - found[:, -1]))

    def find_precision(self, weights: np.ndarray) -> np.ndarray:
        """Average precision (B,), NaN where all items are of one kind."""
        own, found, both = self.count(weights)
        at_step = np.searchsorted(self.hits, self.last)
        precision = divide(found.take(at_step, axis=1), both.take(self.last, axis=1), 0.0)
        area = divide((own * precision).sum(axis=1), found[:, -1])
        return np.where(both[:, -1] > found[:, -1], area, np.nan)

    def count(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights of the hits (B, P), and running sums: of theirs (B, P + 1), of all (B, N + 1)."""
        drawn = weights.take(self.order, axis=1)
        own = drawn.take(self.hits, axis=1)
        return own, add_up(own), add_up(drawn)


def rank_classes(targets: np.ndarray, probabilities: np.ndarray) -> list[Rank]:
    """The rank of the items by each class that occurs."""
    ranks = []
    for code in np.unique(targets):
        order = np.argsort(-probabilities[:, code], kind="stable")
        values = -probabilities[order, code]
        hits = np.flatnonzero(targets[order] == code)
        steps = (np.searchsorted(values, values[hits], side) for side in ("left", "right"))
        ranks.append(Rank(order, hits, *steps))
    return ranks


def add_up(values: np.ndarray) -> np.ndarray:
    """Running sums along rows, from 0."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    values.cumsum(axis=1, out=sums[:, 1:])
    return sums


def average_defined(values: list[np.ndarray]) -> np.ndarray:
    """Mean (B,) over classes of those values (B,) that are defined, NaN where none is."""
    table = np.array(values)
    defined = ~np.isnan(table)
    return divide(np.where(defined, table, 0).sum(axis=0), defined.sum(axis=0).astype(float))
