"""What turns a model's predictions into answers, fitted on the validation split.

A temperature makes probabilities as sure as they are right, thresholds make the class that is
answered cost least, and a half-width makes an interval of a number hold what it says.
"""

import numpy as np

LONGEST = 3.0  # from 1, in powers of e, that a temperature is looked for
MAX_SWEEPS = 10  # over the classes, each of which moves its threshold once
SMALLEST = 1e-6  # part of the largest cost that counts for a class whose errors cost nothing


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (N, classes) of the same outputs divided by a temperature."""
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny, dtype=np.float64))
    logits = (logits - logits.max(axis=1, keepdims=True)) / temperature
    shares = np.exp(logits)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def fit_temperature(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature with the lowest cross entropy (Guo et al. 2017).

    Each item's target gives a share of one item in all to the classes, alike, as Platt (1999) does:
    else a model without an error on validation would be made as sure as can be.

    Args:
        targets: (N,).
        probabilities: (N, classes), of outputs that were not divided.
    """
    from scipy.optimize import minimize_scalar

    count, classes = probabilities.shape
    shares = np.full(probabilities.shape, 1 / (count + 1) / classes)
    shares[np.arange(count), targets] += count / (count + 1)

    def measure(power: float) -> float:
        tempered = temper(probabilities, float(np.exp(power)))
        return float(-(shares * np.log(np.maximum(tempered, 1e-300))).sum() / count)

    found = minimize_scalar(measure, bounds=(-LONGEST, LONGEST), method="bounded")
    return float(np.exp(found.x))


def choose(probabilities: np.ndarray, thresholds: list[float] | None) -> np.ndarray:
    """The class whose probability is the largest part of its threshold: (…, classes) -> (…).

    Of two classes it is the second where its probability is above its threshold; without
    thresholds it is the likeliest.
    """
    scale = 1.0 if thresholds is None else np.array(thresholds)
    return np.asarray((probabilities / scale).argmax(axis=-1))


def fit_thresholds(
    targets: np.ndarray, probabilities: np.ndarray, costs: np.ndarray
) -> list[float] | None:
    """A threshold a class, of sum 1, that let the answers to these items cost least.

    They begin alike, and where they would be right if the probabilities were, and move one class
    after another, only where that costs less.

    Args:
        targets: (N,).
        probabilities: (N, classes).
        costs: (classes, classes), a row a true class and a column an answer.

    Returns:
        None where all wrong answers cost the same: the likeliest class then costs least.
    """
    wrong = costs - np.diag(costs)[:, None]  # what it costs more than the right answer
    away = wrong[~np.eye(len(costs), dtype=bool)]
    if np.ptp(away) == 0:
        return None
    means = np.maximum(wrong.sum(axis=1), SMALLEST * away.max())
    starts = (np.ones(len(costs)), 1 / means)
    found = [descend(start, probabilities, costs[targets]) for start in starts]
    _, thresholds = min(found, key=lambda pair: pair[0])
    return [float(value) for value in thresholds / thresholds.sum()]


def descend(
    thresholds: np.ndarray, probabilities: np.ndarray, by_item: np.ndarray
) -> tuple[float, np.ndarray]:
    """What the answers cost in all, and thresholds (classes,) of which none alone is better."""
    thresholds = thresholds.copy()
    for _ in range(MAX_SWEEPS):
        before = thresholds.copy()
        for code in range(len(thresholds)):
            thresholds[code] = move_threshold(code, thresholds, probabilities, by_item)
        if np.array_equal(before, thresholds):
            break
    chosen = (probabilities / thresholds).argmax(axis=1)
    return float(by_item[np.arange(len(chosen)), chosen].sum()), thresholds


def move_threshold(
    code: int, thresholds: np.ndarray, probabilities: np.ndarray, by_item: np.ndarray
) -> float:
    """The nearest threshold of a class at which the answers cost least, the others staying.

    Args:
        code: The class.
        thresholds: (classes,).
        probabilities: (N, classes).
        by_item: What each answer to each item costs (N, classes).
    """
    rows = np.arange(len(probabilities))
    parts = probabilities / thresholds
    parts[:, code] = -np.inf
    other = parts.argmax(axis=1)
    # An item is answered with the class below this threshold, and with the next best from there on.
    turns = probabilities[:, code] / np.maximum(parts[rows, other], np.finfo(np.float64).tiny)
    order = np.argsort(turns)
    more = by_item[rows, other] - by_item[:, code]
    sums = np.concatenate([[0.0], np.cumsum(more[order])])  # by how many items turn away
    now = int(np.searchsorted(turns[order], thresholds[code], "right"))
    ends = np.concatenate([[0.0], turns[order], [np.inf]])
    is_step = np.diff(ends) > 0
    least = sums[is_step].min()
    if sums[now] <= least + 1e-9 * max(1.0, abs(least)):
        return float(thresholds[code])
    found = np.flatnonzero(is_step & (sums <= least))
    lows, highs = ends[found], ends[found + 1]
    middles = np.where(np.isinf(highs), 2 * lows, (lows + highs) / 2)
    middles = np.maximum(middles, np.finfo(np.float32).eps)
    return float(middles[np.abs(np.log(middles / thresholds[code])).argmin()])


def find_half_width(residuals: np.ndarray, confidence: float) -> float | None:
    """Half the width of an interval that holds the next value so often: split conformal prediction.

    Holds for values like those here, whatever the model (Lei et al. 2018); None where there are too
    few for this confidence.

    Args:
        residuals: Absolute ones (N,), of items that the model was not fitted to.
        confidence: How often, from 0 to 1.
    """
    rank = int(np.ceil((len(residuals) + 1) * confidence - 1e-9))
    return float(np.sort(residuals)[rank - 1]) if rank <= len(residuals) else None
