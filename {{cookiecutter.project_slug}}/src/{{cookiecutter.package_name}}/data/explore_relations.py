"""How what `explore` measures of each item relates to labels, origins and times."""

import math
from typing import Any

import pandas as pd

from .types import KEYS

MAX_NAMED = 100  # values of a key in a report


def relate_to_labels(measures: pd.DataFrame, labels: pd.Series, numbers: bool) -> dict[str, float]:
    """Feature -> how much of it the label tells, 0 to 1, the closest first.

    |Spearman's rank correlation| with numbers; with classes the correlation ratio, the root of
    the share of a feature's variance that lies between classes. A feature near 1 may be the label
    in disguise.
    """
    measures = measures.loc[:, measures.nunique() > 1]
    if numbers:
        found = measures.corrwith(pd.to_numeric(labels), method="spearman").abs()
    else:
        total = ((measures - measures.mean()) ** 2).sum()
        means = measures.groupby(labels).transform("mean")
        between = ((means - measures.mean()) ** 2).where(measures.notna()).sum()
        found = (between / total) ** 0.5
    ranked = found.dropna().clip(upper=1.0).sort_values(ascending=False, kind="stable")
    return {str(name): round(float(value), 4) for name, value in ranked.items()}


def count_keys(items: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Declared key -> how many values it has, and the items of the most frequent ones."""
    return {
        key: {
            "values": int(items[key].nunique()),
            "items": items[key].value_counts().head(MAX_NAMED).to_dict(),
        }
        for key in KEYS
        if items[key].any()
    }


def measure_shifts(
    items: pd.DataFrame, measures: pd.DataFrame, numbers: bool
) -> dict[str, dict[str, Any]]:
    """How far each origin, and the later half of the times, lies off all other items.

    Effect sizes, less what chance alone gives parts of that size, since p-values only follow the
    number of items.

    Returns:
        Part -> `items`, `labels` (total variation distance of the class shares, 0 to 1), and the
        `feature` that differs most with its `shift` (difference of means in deviations).
    """
    measures = measures.reindex(items["id"]).reset_index(drop=True)
    if numbers:
        measures = measures.assign(label=pd.to_numeric(items["label"], errors="coerce"))
    found = {}
    for name, inside in find_parts(items).items():
        shift = compare_means(measures[inside], measures[~inside])
        found[name] = {
            "items": int(inside.sum()),
            "labels": 0.0 if numbers else compare_shares(items["label"], inside),
            "feature": str(shift.idxmax()) if len(shift) else "",
            "shift": round(float(shift.max()), 4) if len(shift) else 0.0,
        }
    return found


def find_parts(items: pd.DataFrame) -> dict[str, pd.Series]:
    """`origin=north` -> which items are of it; `time` -> which are of the later half."""
    origins = items["origin"].value_counts().head(MAX_NAMED).index
    parts = {f"origin={origin}": items["origin"] == origin for origin in origins if origin}
    times = items["time"].rank(method="min", pct=True)  # ISO dates sort as they pass
    if items["time"].nunique() > 1:
        parts["the later half"] = times > 0.5
    return {name: inside for name, inside in parts.items() if 0 < inside.sum() < len(items)}


def compare_means(part: pd.DataFrame, rest: pd.DataFrame) -> pd.Series:
    """Feature -> difference of means in deviations (Cohen's d), less twice its standard error."""
    spread = ((part.var(ddof=0) + rest.var(ddof=0)) / 2) ** 0.5
    distance = (part.mean() - rest.mean()).abs() / spread.where(spread > 0)
    noise = 2 * (1 / part.count() + 1 / rest.count()) ** 0.5
    return (distance - noise).clip(lower=0).dropna()


def compare_shares(labels: pd.Series, inside: pd.Series) -> float:
    """Half the sum of the differences of the class shares, less what chance alone gives."""
    shares = labels.value_counts(normalize=True)
    first, second = (
        labels[which].value_counts(normalize=True).reindex(shares.index, fill_value=0)
        for which in (inside, ~inside)
    )
    size = 1 / (1 / inside.sum() + 1 / (~inside).sum())
    noise = 0.5 * ((2 / math.pi) * shares * (1 - shares) / size).pow(0.5).sum()
    return round(max(0.0, float((first - second).abs().sum() / 2 - noise)), 4)
