"""Bootstrap intervals of metrics, and of differences between two models on the same items."""

from collections.abc import Callable

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray], float]


def bootstrap(
    metric: Metric,
    targets: np.ndarray,
    *predictions: np.ndarray,
    resamples: int,
    confidence: float,
    seed: int,
) -> tuple[float, float]:
    """Percentile interval of a metric, or of its difference between two models (Efron 1979).

    Args:
        metric: (targets, predictions) -> value.
        targets: (N,).
        predictions: One model's, or two models' on the same items: their difference, paired.
        resamples: Draws of N items with replacement.
        confidence: Share of the draws inside the interval.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        rows = generator.integers(0, len(targets), len(targets))
        scores = [metric(targets[rows], p[rows]) for p in predictions]
        values.append(scores[0] - scores[1] if len(scores) == 2 else scores[0])
    outside = (1 - confidence) / 2
    low, high = np.nanquantile(values, [outside, 1 - outside])
    return float(low), float(high)


def corrected_interval(values: np.ndarray, ratio: float, confidence: float) -> tuple[float, float]:
    """Student's t interval of the mean over folds, with the corrected variance.

    Folds share most of their training items, so their values are not independent and s²/k is too
    small; (1/k + validation/training) s² makes up for it, roughly (Nadeau & Bengio 2003,
    "Inference for the Generalization Error"). The interval stays an approximation.

    Args:
        values: (k,) one a fold, k at least 2.
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
        gains: (k,) one a seed, k at least 2.
        by_items: Interval of the mean gain over draws of items, see `bootstrap`.
        confidence: Share inside the interval.
    """
    low, high = corrected_interval(gains, 0.0, confidence)
    half = np.hypot(high - low, by_items[1] - by_items[0]) / 2
    return float(gains.mean() - half), float(gains.mean() + half)
