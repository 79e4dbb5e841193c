"""Intervals of metrics, and of differences between two models on the same items."""

from collections.abc import Iterator, Sequence

import numpy as np

from .weighing import Score, prepare

LOOKED_AT = 1000  # single items by which a share is distinguished from other metrics
EQUAL = 1e-9
DRAWN_AT_ONCE = 250_000  # items, of all draws that are in memory


def bootstrap(
    metric: Score,
    targets: np.ndarray,
    *predictions: np.ndarray,
    resamples: int,
    confidence: float,
    seed: int,
) -> tuple[float, float]:
    """Interval of a metric, or of its difference between two models: see `bootstrap_all`."""
    (interval,) = bootstrap_all(
        [metric], targets, *predictions, resamples=resamples, confidence=confidence, seed=seed
    )
    return interval


def bootstrap_all(
    metrics: Sequence[Score],
    targets: np.ndarray,
    *predictions: np.ndarray,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[tuple[float, float]]:
    """Intervals of metrics, or of their differences between two models, of the same draws.

    By the percentiles of draws with replacement (Efron 1979) in which the metric is defined, NaN
    where it is in none, but for two kinds. A share of items, such as accuracy, has an exact
    interval (Clopper & Pearson 1934), where draws are too sure of few items. And where all draws
    give one value, as of a model without an error, they know nothing of items unlike those that
    were seen: see `widen`.

    Args:
        metrics: (targets, predictions) -> value; `dlproof.weighing` has those of many draws at
            once.
        targets: (N,).
        predictions: One model's, or two models' on the same items: their difference, paired.
        resamples: Draws of N items with replacement.
        confidence: Share of the draws inside the interval.
        seed: Of the draws.
    """
    count, is_difference = len(targets), len(predictions) == 2
    found: list[tuple[float, float] | None] = [None] * len(metrics)
    if not is_difference:
        found = [find_exact(metric, targets, predictions[0], confidence) for metric in metrics]
    measures = [
        [prepare(metric, targets, predicted) for predicted in predictions]
        for metric, exact in zip(metrics, found, strict=True)
        if exact is None
    ]
    values: list[list[np.ndarray]] = [[] for _ in measures]
    for weights in draw(count, resamples if measures else 0, seed):
        for pair, gathered in zip(measures, values, strict=True):
            scores = [measure(weights) for measure in pair]
            gathered.append(scores[0] - scores[1] if is_difference else scores[0])
    same = is_difference and np.array_equal(predictions[0], predictions[1])  # and stays so
    drawn = (
        summarise(np.concatenate(each), count, confidence, is_difference, same) for each in values
    )
    return [exact or next(drawn) for exact in found]


def summarise(
    values: np.ndarray, count: int, confidence: float, is_difference: bool, same: bool
) -> tuple[float, float]:
    """Percentiles of the draws (B,) in which a metric of N items is defined."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return np.nan, np.nan
    low, high = map(float, np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2]))
    if high - low < EQUAL and not same:
        return widen(low, count, confidence, signed=is_difference)
    return low, high


def find_exact(
    metric: Score, targets: np.ndarray, predictions: np.ndarray, confidence: float
) -> tuple[float, float] | None:
    """The exact interval of a share of items; None for other metrics."""
    hits = count_hits(metric, targets, predictions)
    if hits is None:
        return None
    from scipy.stats import binomtest

    exact = binomtest(hits, len(targets)).proportion_ci(confidence, method="exact")
    return float(exact.low), float(exact.high)


def draw(count: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of N items is in each of so many draws of N, some draws (B, N) at a time.

    Each draw is counted once for all metrics and models, so that targets and predictions stay
    together; scipy.stats.bootstrap calls a metric once a draw: see benchmarks/intervals.py.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, DRAWN_AT_ONCE // count)
    for start in range(0, resamples, at_once):
        rows = generator.integers(count, size=(min(at_once, resamples - start), count))
        yield np.stack([np.bincount(row, minlength=count) for row in rows]).astype(np.float64)


def count_hits(metric: Score, targets: np.ndarray, predictions: np.ndarray) -> int | None:
    """How many items a metric counts, where it is the share of those; None for other metrics."""
    count = len(targets)
    hits = metric(targets, predictions) * count
    if np.isnan(hits):
        return None
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
