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
