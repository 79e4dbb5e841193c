"""How far a stream has moved from a reference: effect sizes, since p-values follow sample size."""

from collections import Counter
from typing import Any

import numpy as np

Distribution = dict[str, Any]
BINS = 10
QUANTILES = (np.arange(100) + 0.5) / 100  # middles, since the extremes would weigh too much
FALSE_ALARMS = 0.01  # share of windows without drift in which chance may reach the bound


def describe_distribution(values: np.ndarray) -> Distribution:
    """A reference that fits in JSON: bin edges and shares of numbers, shares of categories.

    Args:
        values: (N,) floats, NaN where missing. Text, whole-number types and floats of few
            different values count as categories.
    """
    few = max(1, min(BINS, len(values) // 10))
    if values.dtype.kind != "f" or len(np.unique(values)) <= few:
        counts = Counter(map(str, values.tolist()))
        shares = {name: count / len(values) for name, count in sorted(counts.items())}
        return {"kind": "categories", "count": len(values), "shares": shares}
    finite = values[np.isfinite(values)].astype(np.float64)
    described: Distribution = {
        "kind": "numbers",
        "count": len(values),
        "edges": np.unique(np.quantile(finite, np.linspace(0, 1, BINS + 1)[1:-1])).tolist(),
        "quantiles": np.quantile(finite, QUANTILES).tolist(),
        "deviation": float(finite.std()),
    }
    described["shares"] = (count_values(values, described) / len(values)).tolist()
    return described


def count_values(values: np.ndarray, reference: Distribution) -> np.ndarray:
    """Values in each slot of a reference: its bins and missing, or its categories and others."""
    if reference["kind"] == "categories":
        counts = Counter(map(str, values.tolist()))
        found = [counts[name] for name in reference["shares"]]
        return np.array([*found, len(values) - sum(found)])
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    slots = np.searchsorted(reference["edges"], finite, side="right")
    counted = np.bincount(slots, minlength=len(reference["edges"]) + 1)
    return np.append(counted, len(values) - len(finite))


def expected_counts(reference: Distribution) -> np.ndarray:
    """The reference's own values in each slot."""
    shares = reference["shares"]
    if reference["kind"] == "categories":
        shares = [*shares.values(), 0.0]
    return np.asarray(shares) * reference["count"]


def population_stability(values: np.ndarray, reference: Distribution) -> float:
    """Population stability index: sum of (seen - expected) * ln(seen / expected) over slots.

    By habit 0.1 is a small change and 0.2 a large one (Siddiqi 2006, Credit Risk Scorecards). Half
    a value is added to each slot, so that an empty one does not give infinity.
    """
    expected, seen = expected_counts(reference), count_values(values, reference)
    used = (expected + seen) > 0
    expected, seen = expected[used] + 0.5, seen[used] + 0.5
    expected, seen = expected / expected.sum(), seen / seen.sum()
    return float(np.sum((seen - expected) * np.log(seen / expected)))


def chance_level(num_values: int, reference: Distribution, num_tests: int) -> float:
    """The stability index that chance alone seldom exceeds in a window this small.

    Without drift, index / (1/n + 1/m) follows a chi-squared distribution with slots - 1 degrees of
    freedom (Yurdakul & Naranjo 2020, Journal of Risk Model Validation 14(4)).

    Args:
        num_values: n, values in the window.
        reference: Of m values.
        num_tests: Distributions that are looked at together.
    """
    from scipy.stats import chi2

    slots = max(2, int(np.count_nonzero(expected_counts(reference))))
    quantile = chi2.ppf(1 - FALSE_ALARMS / num_tests, slots - 1)
    return float(quantile * (1 / num_values + 1 / reference["count"]))


def shift_in_deviations(values: np.ndarray, reference: Distribution) -> float | None:
    """Wasserstein distance in standard deviations of the reference; None for categories."""
    from scipy.stats import wasserstein_distance

    if not reference.get("deviation") or not np.isfinite(values).any():
        return None
    finite = values[np.isfinite(values)]
    return float(wasserstein_distance(finite, reference["quantiles"]) / reference["deviation"])


def measure_drift(values: np.ndarray, reference: Distribution, num_tests: int) -> dict[str, Any]:
    """`psi`, the `chance` level beside it, and `shift` in deviations, of one distribution."""
    shift = shift_in_deviations(values, reference)
    return {
        "psi": round(population_stability(values, reference), 4),
        "chance": round(chance_level(len(values), reference, num_tests), 4),
        "shift": None if shift is None else round(shift, 4),
    }
