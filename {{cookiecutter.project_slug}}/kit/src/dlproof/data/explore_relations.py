"""How what `explore` measures of each item relates to labels."""

from typing import Any

import numpy as np
import pandas as pd

from ..types import KEYS

MAX_NAMED = 100  # values of a key in a report
MAX_TOLD = 5  # features in a sentence
TELLING = 0.95  # of a feature that may be the label in disguise
BINS = 32  # of a feature, at most
BIN_ITEMS = 20  # in each, on the average


def relate_to_labels(measures: pd.DataFrame, labels: pd.Series, numbers: bool) -> dict[str, float]:
    """Feature -> strength of its relation to the label, 0 to 1, the strongest first.

    In a straight line: |Spearman's rank correlation| with numbers; with classes the correlation
    ratio, the root of the share of a feature's variance that lies between classes. Or in any
    shape, where that is more: see `relate_in_bins`. A feature near 1 may be the label in disguise.
    """
    different = measures.nunique()
    measures = measures.loc[:, different > 1]
    straight = measures.select_dtypes("number")
    targets = pd.to_numeric(labels) if numbers else labels
    if numbers:
        found = straight.corrwith(targets, method="spearman").abs()
    else:
        total = ((straight - straight.mean()) ** 2).sum()
        means = straight.groupby(labels).transform("mean")
        between = ((means - straight.mean()) ** 2).where(straight.notna()).sum()
        found = (between / total) ** 0.5
    binned = pd.Series(
        {n: relate_in_bins(measures[n], different[n], targets, numbers) for n in measures}
    )
    found = pd.concat([found, binned.astype("float64")]).groupby(level=0, sort=False).max()
    ranked = found.dropna().clip(upper=1.0).sort_values(ascending=False, kind="stable")
    return {str(name): round(float(value), 4) for name, value in ranked.items()}


def relate_in_bins(feature: pd.Series, different: int, targets: pd.Series, numbers: bool) -> float:
    """How much a feature's bins explain of the label, whatever the shape; 0 to 1.

    A bin is a category or a quantile of numbers, of `BIN_ITEMS` items or more on the average: with
    fewer, every feature would tell the label by chance. Numbers: the correlation ratio of the label
    over bins. Classes: Goodman and Kruskal's lambda, the share of the errors of always guessing the
    commonest class that guessing each bin's commonest one does without.
    """
    most = min(BINS, len(feature) // BIN_ITEMS)
    if pd.api.types.is_numeric_dtype(feature) and different > most >= 2:
        bins = feature.rank(pct=True).mul(most).fillna(-1).astype(int).to_numpy()
    else:
        bins = pd.factorize(feature, use_na_sentinel=False)[0]
    if len(np.unique(bins)) > most:
        return 0.0
    if numbers:
        means = targets.groupby(bins).transform("mean")
        return float(means.var(ddof=0) / targets.var(ddof=0)) ** 0.5
    table = pd.crosstab(bins, targets.to_numpy())
    errors = len(targets) - int(table.sum().max())
    return 1 - (len(targets) - int(table.max(axis=1).sum())) / errors if errors else 0.0


def warn_of_leaks(relations: dict[str, float]) -> list[str]:
    """A sentence where features nearly tell the label."""
    telling = [name for name, value in relations.items() if value >= TELLING]
    if not telling:
        return []
    if len(telling) == 1:
        determine, they_are, them = "determines", "it is", "it"
    else:
        determine, they_are, them = "determine", "they are", "them"
    more = f" and {len(telling) - MAX_TOLD} more" if len(telling) > MAX_TOLD else ""
    return [
        f"{', '.join(telling[:MAX_TOLD])}{more} nearly {determine} the label: make sure that "
        f"{they_are} known before the label is, or add {them} to `data.drop`."
    ]


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
