"""Whether a difference between two models is more than chance, and the smallest that would show.

Of one run each, the interval is the paired bootstrap's, and the p-value

- of a share of items, such as accuracy, McNemar's exact one. It counts the items that only one of
  the two gets right, so it tests no other metric;
- of another mean over items, such as the absolute error, the paired t test's on what each item adds
  to that mean. Wilcoxon's would ask who is better on most items, and may be sure of a model whose
  mean error is the larger;
- of other metrics, such as F1 or R², that of the gain in standard errors of the bootstrap.

Where a side has several runs, both are Student's t of the items and of how its runs vary, see
`Spread`; of a single one, nothing is known of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from .intervals import EQUAL, LOOKED_AT, bootstrap
from .weighing import Score, over_runs

POWER, LEVEL = 0.8, 0.05  # to see a difference that there is, and one that there is not
BETTER, UNSURE, WORSE = "better", "no difference shown", "worse"


@dataclass(frozen=True)
class Spread:
    """How uncertain a gain is that varies for several independent reasons.

    Student's t with the degrees of freedom of Welch (1947) and Satterthwaite (1946); with one
    reason, the t test.

    Attributes:
        errors: Of each the standard error and its degrees of freedom.
    """

    errors: Sequence[tuple[float, int]]

    @property
    def error(self) -> float:
        """The standard error of all together."""
        return float(sum(error**2 for error, _ in self.errors)) ** 0.5

    @property
    def degrees(self) -> float:
        """Of freedom; without bound where nothing varies."""
        parts = sum(error**4 / max(free, 1) for error, free in self.errors)
        return self.error**4 / parts if parts else np.inf

    def find_p(self, gain: float) -> float:
        """Two-sided p-value of a gain whose mean is 0 where there is no difference."""
        from scipy.stats import t

        if not self.error:
            return float(gain == 0)
        return float(2 * t.sf(abs(gain) / self.error, self.degrees))

    def find_interval(self, gain: float, confidence: float) -> tuple[float, float]:
        """Interval around a gain."""
        from scipy.stats import t

        half = float(t.ppf((1 + confidence) / 2, self.degrees)) * self.error
        return gain - half, gain + half


def compare(
    score: Score,
    sign: int,
    targets: np.ndarray,
    mine: np.ndarray,
    theirs: np.ndarray,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, Any]:
    """How much better one model is than another on the same items, and how surely.

    Args:
        score: The metric, of targets (N,) and the predictions (N, …) of one run.
        sign: 1 where it grows as models get better, else -1.
        targets: (N,).
        mine: (N, runs, …).
        theirs: (N, runs, …).
        resamples: Draws of N items with replacement.
        confidence: Share of them inside the interval.
        seed: Of the draws.

    Returns:
        `scores` of their runs; `gain`, larger being better, and its `interval`; `test` and `p`;
        the `smallest_difference` that so many items show.
    """
    interval = bootstrap(
        over_runs(score, sign),
        targets,
        mine,
        theirs,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )
    sides = [score_runs(score, targets, each) for each in (mine, theirs)]
    gain = float(sign * (sides[0].mean() - sides[1].mean())) + 0.0  # not -0.0
    difference = subtract_by_item(score, targets, mine, theirs)
    if difference is None:
        test = "bootstrap"
        error = (interval[1] - interval[0]) / 2 / find_quantile((1 + confidence) / 2)
    else:
        test, error = "paired t", float(difference.std(ddof=1)) / len(targets) ** 0.5
    is_share = difference is not None and bool(np.isin(difference, (-1, 0, 1)).all())
    spread = Spread([(error, len(targets) - 1), *find_run_errors(sides)])
    p = spread.find_p(gain)
    if len(spread.errors) > 1:
        test, interval = f"{test}, over runs", spread.find_interval(gain, confidence)
    elif is_share and difference is not None:
        test, p = "McNemar", find_mcnemar_p(difference)
    return {
        "scores": sides[1].tolist(),
        "gain": gain,
        "interval": interval,
        "test": test,
        "p": p,
        "smallest_difference": find_smallest(error, len(targets) if is_share else None),
    }


def find_run_errors(sides: Sequence[np.ndarray]) -> list[tuple[float, int]]:
    """Standard error and degrees of freedom of each side's mean over several runs."""
    several = [scores for scores in sides if len(scores) > 1]
    return [(float(s.std(ddof=1)) / len(s) ** 0.5, len(s) - 1) for s in several]


def score_runs(score: Score, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """The metric of each run's predictions (N, runs, …), (runs,)."""
    return np.array([score(targets, predictions[:, run]) for run in range(predictions.shape[1])])


def subtract_by_item(
    score: Score, targets: np.ndarray, mine: np.ndarray, theirs: np.ndarray
) -> np.ndarray | None:
    """What each item adds to the difference of two means over items (N,); None for other metrics.

    Over runs, the mean of them.
    """
    sides = []
    for predictions in (mine, theirs):
        runs = [predictions[:, run] for run in range(predictions.shape[1])]
        values = [split_by_item(score, targets, each) for each in runs]
        if any(value is None for value in values):
            return None
        sides.append(np.mean(values, axis=0))  # type: ignore[arg-type]
    return np.asarray(sides[0] - sides[1])


def split_by_item(score: Score, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray | None:
    """The values (N,) whose mean a metric is; None where it is no mean over items."""
    count = len(targets)
    halves = np.array_split(np.random.default_rng(0).permutation(count), min(count, 2))
    values = np.empty(0)
    for end in (min(count, LOOKED_AT), count):  # most other metrics are told by the first items
        more = range(len(values), end)
        ones = [score(targets[row : row + 1], predictions[row : row + 1]) for row in more]
        values = np.append(values, ones)
        if not is_close(values.mean(), score(targets[:end], predictions[:end])):
            return None
    parts = all(
        is_close(values[rows].mean(), score(targets[rows], predictions[rows])) for rows in halves
    )
    return values if parts else None


def is_close(mean: float, value: float) -> bool:
    """Whether two numbers are the same but for rounding; NaN is like none."""
    return bool(abs(mean - value) <= EQUAL * max(1.0, abs(value)))


def find_mcnemar_p(difference: np.ndarray) -> float:
    """Two-sided p-value of McNemar's test (1947), by the binomial distribution.

    Of two models that are equally often right, each is as likely as the other to be the one that
    gets an item right.

    Args:
        difference: (N,): 1 where only the first is right, -1 where only the second is, else 0.
    """
    from scipy.stats import binomtest

    discordant = int(np.count_nonzero(difference))
    if not discordant:
        return 1.0
    return float(binomtest(int((difference > 0).sum()), discordant).pvalue)


def correct(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values corrected for how many there are, such that one in twenty families has an error.

    By Holm's steps (1979): the smallest of m counts m times, the next m - 1 times, and none less
    than one before it.
    """
    corrected, reached = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        reached = min(1.0, max(reached, p_values[name] * (len(p_values) - place)))
        corrected[name] = reached
    return {name: corrected[name] for name in p_values}


def judge(interval: Sequence[float], corrected: float, level: float = LEVEL) -> str:
    """The verdict on a gain: shown only where the corrected p-value and the interval both show it.

    Args:
        interval: Of the gain.
        corrected: Its p-value, see `correct`.
        level: Largest p-value of a difference that is shown.
    """
    low, high = interval
    if corrected >= level or not (low > 0 or high < 0):
        return UNSURE
    return BETTER if low > 0 else WORSE


def find_quantile(share: float) -> float:
    """Of the normal distribution."""
    return NormalDist().inv_cdf(share)


def find_smallest(error: float, items: int | None = None) -> float:
    """The smallest true difference that a test at 5 % shows in four of five cases.

    A difference of shares takes at least as many items that only one model gets right: two models
    that agree on all that were seen would still have to differ on 8 to show it.

    Args:
        error: Standard error of the difference.
        items: Of which the metrics are shares; None for other metrics.
    """
    factor = find_quantile(1 - LEVEL / 2) + find_quantile(POWER)
    least = factor**2 / (items + factor**2) if items else 0.0
    return max(factor * error, least)
