"""What a table looks like: measures, histograms and sample rows, drawn by `explore`."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..figure import figure, save
from ..files import atomic

MAX_COLUMNS = 30  # drawn
MAX_BARS = 10  # categories drawn
MAX_CLASSES = 20  # with more labels, samples are spread over their range


def explore_rows(
    table: pd.DataFrame, labels: pd.Series, folder: Path, settings: Any
) -> dict[str, Any]:
    """Figures of a table, beside a histogram a column and sample rows in `folder`.

    Args:
        table: The features, typed.
        labels: Named as the target.
        folder: Of the reports.
        settings: The config's `explore`.
    """
    plot_columns(table, folder / "explore_columns.png")
    samples = folder / "explore_samples.csv"
    shown = write_samples(pd.concat([labels, table], axis=1), str(labels.name), samples, settings)
    figures = measure_columns(table, settings.outlier_z)
    few = [name for name in table if figures["columns"][str(name)]["distinct"] <= MAX_CLASSES]
    figures |= {"groups": share_values(table[few])}
    pictures = ["explore_columns.png", samples.name]
    return figures | {"sampled_classes": shown, "pictures": pictures}


def measure_columns(table: pd.DataFrame, outlier_z: float) -> dict[str, Any]:
    """Each column's kind, missing share, values and outliers; `outliers.count` is rows."""
    outlying = pd.DataFrame({n: find_outliers(table[n], outlier_z) for n in table})
    columns = {
        str(name): measure_column(table[name]) | {"outliers": int(outlying[name].sum())}
        for name in table
    }
    return {
        "columns": columns,
        "missing_cells": int(table.isna().sum().sum()),
        "constant_columns": [name for name, found in columns.items() if found["distinct"] <= 1],
        "crowded_columns": [
            name
            for name, found in columns.items()
            if found["kind"] == "text" and found["distinct"] > MAX_CLASSES
        ],
        "outliers": {
            "count": int(outlying.any(axis=1).sum()),
            "values": int(outlying.to_numpy().sum()),
        },
        "measures": table,
    }


def measure_column(column: pd.Series) -> dict[str, Any]:
    """Kind, missing share and distinct values; the spread of a number."""
    figures = {
        "kind": "number" if pd.api.types.is_numeric_dtype(column) else "text",
        "missing_share": round(float(column.isna().mean()), 4),
        "distinct": int(column.nunique()),
    }
    if figures["kind"] == "text":
        return figures | {"most_common": column.value_counts().head(5).to_dict()}
    names = ("min", "median", "max", "mean", "std")
    spread = {name: float(getattr(column, name)()) for name in names}
    return figures | (spread if column.notna().any() else {})


def share_values(table: pd.DataFrame) -> dict[str, float]:
    """`column=value` -> share, of columns with few values: groups that a charter can name."""
    shares = {}
    for name in table:
        for value, share in table[name].value_counts(normalize=True).items():
            shares[f"{name}={write_value(value)}"] = round(float(share), 4)
    return shares


def write_value(value: Any) -> str:
    """`3` for 3.0; else with every digit, so that two values never share a name."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def find_outliers(column: pd.Series, outlier_z: float) -> pd.Series:
    """Which numbers lie more than `outlier_z` robust deviations (1.4826 * MAD) from the median."""
    if not pd.api.types.is_numeric_dtype(column):
        return pd.Series(False, index=column.index)
    distance = (column - column.median()).abs()
    spread = 1.4826 * distance.median()
    return distance > outlier_z * spread if spread > 0 else distance < 0


def plot_columns(table: pd.DataFrame, path: Path) -> None:
    """A histogram for each column of numbers, bars for each of text."""
    names = list(table.columns)[:MAX_COLUMNS]
    width = min(5, len(names))
    height = -(-len(names) // width)
    canvas, axes = figure((2.3 * width, 1.6 * height + 0.3), height, width, squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        draw_column(axis, table[name].dropna())
        axis.set_title(str(name)[:26], fontsize=8)
        axis.tick_params(labelsize=6)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    more = f" ({len(names)} of {table.shape[1]})" if len(names) < table.shape[1] else ""
    canvas.suptitle(f"Values of every column{more}", fontsize=10)
    save(canvas, path)


def draw_column(axis: Any, known: pd.Series) -> None:
    """Draws one column's known values."""
    if pd.api.types.is_numeric_dtype(known):
        values = known.to_numpy()
        axis.hist(values[np.isfinite(values)], bins=30, color="#4477aa")
        return
    counts = known.value_counts().iloc[:MAX_BARS][::-1]
    axis.barh([str(name)[:12] for name in counts.index], counts, color="#ccbb44")


def write_samples(table: pd.DataFrame, target: str, path: Path, settings: Any) -> list[str]:
    """Some rows of every class; rows spread over the range where the label is a measure.

    Returns:
        The classes, or values of the measure, that the rows have.
    """
    count = settings.samples_per_class
    if table[target].nunique() <= MAX_CLASSES:
        samples = table.groupby(target, sort=True).head(count).sort_values(target, kind="stable")
    else:
        order = pd.to_numeric(table[target], errors="coerce").sort_values(kind="stable").index
        samples = table.loc[order[np.linspace(0, len(order) - 1, count * 5).astype(int)]]
    with atomic(path) as draft:
        samples.to_csv(draft, index_label="row")
    return sorted(set(samples[target].astype(str)))
