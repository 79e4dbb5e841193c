"""How what `explore` measures of each item relates to labels."""

from typing import Any

import pandas as pd

from ..types import KEYS

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
