"""Intervals of metrics, and of differences between two models on the same items."""

from collections.abc import Callable

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray], float]
LOOKED_AT = 1000  # single items by which a share is distinguished from other metrics
EQUAL = 1e-9
DRAWN_AT_ONCE = 10**6  # rows, of all draws that are in memory


def bootstrap(
    metric: Metric,
    targets: np.ndarray,
    *predictions: np.ndarray,
    resamples: int,
    confidence: float,
    seed: int,
) -> tuple[float, float]:
    """Interval of a metric, or of its difference between two models.

    By the percentiles of draws with replacement (Efron 1979), but for two kinds. A share of items,
    such as accuracy, has an exact interval (Clopper & Pearson 1934), where draws are too sure of
    few items. And where all draws give one value, as of a model without an error, they know nothing
    of items unlike those that were seen: see `widen`.

    Args:
        metric: (targets, predictions) -> value.
        targets: (N,).
        predictions: One model's, or two models' on the same items: their difference, paired.
        resamples: Draws of N items with replacement.
        confidence: Share of the draws inside the interval.
        seed: Of the draws.
    """
    count, is_difference = len(targets), len(predictions) == 2
    if not is_difference and (hits := count_hits(metric, targets, *predictions)) is not None:
        from scipy.stats import binomtest

        exact = binomtest(hits, count).proportion_ci(confidence, method="exact")
        return float(exact.low), float(exact.high)

    def measure(rows: np.ndarray) -> float:
        """The metric, or the difference, of some of the items."""
        scores = [metric(targets[rows], predicted[rows]) for predicted in predictions]
        return scores[0] - scores[1] if is_difference else scores[0]

    low, high = draw(measure, count, resamples, confidence, seed)
    same = is_difference and np.array_equal(
        predictions[0], predictions[1]
    )  # and stays so on any items
    if high - low < EQUAL and not same:
        return widen(low, count, confidence, signed=is_difference)
    return low, high


def draw(
    measure: Callable[[np.ndarray], float], count: int, resamples: int, confidence: float, seed: int
) -> tuple[float, float]:
    """Percentiles of a measure of some of N items; of a single item, its own."""
    from scipy import stats

    if count == 1:
        return (measure(np.array([0])),) * 2
    # Rows are drawn in place of values, so that targets and all predictions stay together.
    found = stats.bootstrap(
        (np.arange(count),),
        measure,
        vectorized=False,
        n_resamples=resamples,
        confidence_level=confidence,
        method="percentile",
        batch=max(1, DRAWN_AT_ONCE // count),
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return float(low), float(high)


def count_hits(metric: Metric, targets: np.ndarray, predictions: np.ndarray) -> int | None:
    """How many items a metric counts, where it is the share of those; None for other metrics."""
    count = len(targets)
    hits = metric(targets, predictions) * count
    halves = np.array_split(np.random.default_rng(0).permutation(count), min(count, 2))
    parts = sum(metric(targets[rows], predictions[rows]) * len(rows) for rows in halves)
    if not max(abs(parts - hits), abs(round(hits) - hits)) < EQUAL * count:
        return None
    looked_at = range(min(count, LOOKED_AT))
    ones = (metric(targets[row : row + 1], predictions[row : row + 1]) for row in looked_at)
    return round(hits) if all(value in (0.0, 1.0) for value in ones) else None


def widen(
    value: float, count: int, confidence: float, *, signed: bool = False
) -> tuple[float, float]:
    """Interval of a metric that is the same in all draws of its items.

    With the given confidence at most a share of all items is unlike those that were seen, the one
    that Clopper and Pearson give for none of N. They may be as right or as wrong as a metric from
    0 to 1 lets them; the difference of two lies from -1 to 1. An error in other units has no bound
    by which to widen it.

    Args:
        value: Of the metric, or of the difference.
        count: N items, all alike.
        confidence: That no more are unlike.
        signed: Whether it is a difference.
    """
    unlike = 1 - ((1 - confidence) / 2) ** (1 / count)
    lowest, highest = -1.0 if signed else 0.0, 1.0
    if not lowest <= value <= highest:
        return value, value
    return value - unlike * (value - lowest), value + unlike * (highest - value)


def corrected_interval(values: np.ndarray, ratio: float, confidence: float) -> tuple[float, float]:
    """Student's t interval of the mean over folds, with the corrected variance.

    Folds share most of their training items, so their values are not independent and s²/k is too
    small; (1/k + validation/training) s² makes up for it, roughly (Nadeau & Bengio 2003,
    "Inference for the Generalization Error"). The interval stays an approximation.

    Args:
        values: (k,) one per fold, k at least 2.
        ratio: Validation items for each training item.
        confidence: Share of the t distribution inside the interval.
    """
    from scipy.stats import t

    count = len(values)
    error = np.sqrt((1 / count + ratio) * values.var(ddof=1))
    half = t.ppf((1 + confidence) / 2, count - 1) * error
    return float(values.mean() - half), float(values.mean() + half)


def paired_interval(
    gains: np.ndarray, by_items: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Interval of a mean gain over seeds, whose models are scored on the same items.

    Student's t over the seeds says how much training varies, the bootstrap's width how much the
    items do: two independent sources, whose half-widths add as squares.

    Args:
        gains: (k,) one per seed, k at least 2.
        by_items: Interval of the mean gain over draws of items, see `bootstrap`.
        confidence: Share inside the interval.
    """
    low, high = corrected_interval(gains, 0.0, confidence)
    half = np.hypot(high - low, by_items[1] - by_items[0]) / 2
    return float(gains.mean() - half), float(gains.mean() + half)
