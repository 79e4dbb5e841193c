"""`explore`: measures balance, quality and distributions, and draws them beside its report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from omegaconf import DictConfig

from ..config import build
from ..figure import figure, save
from ..files import read_table
from ..report import Report
from ..types import DataType
from .explore_page import write_explore_page
from .explore_relations import count_keys, relate_to_labels, warn_of_leaks
from .near import name_near

if TYPE_CHECKING:
    from ..project import Project

MAX_BARS = 30
MAX_CLASSES = 20  # more different numbers than this are a measure, not classes
MAX_NAMED = 100  # items listed in a report


def run(cfg: DictConfig, project: "Project") -> Report:
    """Measures labels and their relations here, and the items themselves in the data type."""
    data_type: DataType = build(cfg.data)
    items = read_table(Path(cfg.paths.data_dir, "items.csv"), "ingest")
    folder = Path(cfg.paths.reports_dir)
    folder.mkdir(parents=True, exist_ok=True)
    labels = items.loc[items["label"] != "", "label"]
    figures = measure(items, labels, data_type.explore(items, folder, cfg.explore))
    readable = items[~items["id"].isin(figures["unreadable"]["items"])]
    near = name_near(readable, data_type, cfg.clean.min_similarity)
    figures["near_duplicates"] = list_near(readable.assign(near=near))
    figures["warnings"] = warn_of_leaks(figures["relations"])
    for warning in figures["warnings"]:
        print(f"warning: {warning}")
    plot_labels(labels, folder / "explore_labels.png")
    pictures = ["explore_labels.png", *figures.pop("pictures")]
    page = write_explore_page(folder, figures, pictures)
    report = Report(
        stage="explore",
        figures=figures,
        summary=f"{len(items):,} items, {describe_labels(figures['labels'])}, "
        f"{figures['duplicates']['count']} repeated, "
        f"{figures['near_duplicates']['count']} nearly, {figures['outliers']['count']} outliers; "
        f"look at {page}",
    )
    for picture in pictures:
        report.add_picture(folder / picture)
    return report


def measure(items: pd.DataFrame, labels: pd.Series, found: dict[str, Any]) -> dict[str, Any]:
    """All figures: those of labels and their relations, and what the data type found."""
    measures = found.pop("measures").replace([float("inf"), float("-inf")], float("nan"))
    known = items.set_index("id")["label"]
    if not known.index.equals(measures.index):
        known = known.loc[measures.index]
    if not (known != "").all():
        measures, known = measures[known != ""], known[known != ""]
    numbers = as_numbers(labels) is not None
    figures = {
        "items": len(items),
        "labels": measure_labels(labels),
        "duplicates": find_repeats(items),
        "relations": relate_to_labels(measures, known, numbers),
        "keys": count_keys(items),
        **found,
    }
    return figures | {"groups": share_labels(labels) | figures.get("groups", {})}


def as_numbers(labels: pd.Series) -> pd.Series | None:
    """The labels as numbers where they are a measure; None where they are classes."""
    codes, values = pd.factorize(labels)
    numbers = pd.to_numeric(pd.Series(values), errors="coerce")
    if numbers.isna().any() or numbers.nunique() <= MAX_CLASSES:
        return None
    return pd.Series(numbers.to_numpy()[codes], index=labels.index, name=labels.name)


def find_repeats(items: pd.DataFrame) -> dict[str, Any]:
    """Items whose content an earlier one has, by name; empty hashes are unreadable files."""
    repeated = items.loc[(items["hash"] != "") & items["hash"].duplicated(), "id"]
    return {"count": len(repeated), "items": repeated.head(MAX_NAMED).tolist()}


def list_near(items: pd.DataFrame) -> dict[str, Any]:
    """Items that an earlier one is near to but does not equal: id -> the first of them."""
    later = (items["near"] != "") & (items["near"] != items["id"]) & ~items["hash"].duplicated()
    pairs = items.loc[later, ["id", "near"]]
    listed = dict(pairs.head(MAX_NAMED).itertuples(index=False, name=None))
    return {"count": len(pairs), "items": listed}


def share_labels(labels: pd.Series) -> dict[str, float]:
    """`label=7` -> share, where labels are classes: groups that a charter can name."""
    if as_numbers(labels) is not None:
        return {}
    shares = labels.value_counts(normalize=True).head(MAX_NAMED)
    return {f"label={name}": round(float(share), 4) for name, share in shares.items()}


def measure_labels(labels: pd.Series) -> dict[str, Any]:
    """Spread of a measure, or the counts and imbalance of classes."""
    numbers = as_numbers(labels)
    if numbers is not None:
        spread = numbers.describe().drop("count").round(4).to_dict()
        return {"kind": "numbers", **spread, "skewness": round(float(numbers.skew()), 4)}
    counts = labels.value_counts()
    return {
        "kind": "classes",
        "classes": len(counts),
        "largest": {str(counts.index[0]): int(counts.iloc[0])},
        "smallest": {str(counts.index[-1]): int(counts.iloc[-1])},
        "imbalance": round(float(counts.iloc[0] / counts.iloc[-1]), 2),
    }


def describe_labels(figures: dict[str, Any]) -> str:
    """`10 classes, largest 1.2 times the smallest`, or the range of a measure."""
    if figures["kind"] == "numbers":
        return f"labels from {figures['min']:g} to {figures['max']:g}"
    return f"{figures['classes']} classes (largest {figures['imbalance']:g} times the smallest)"


def plot_labels(labels: pd.Series, path: Path) -> None:
    """A histogram of a measure, or a bar for each class."""
    numbers = as_numbers(labels)
    if numbers is not None:
        canvas, axis = figure((6, 3))
        axis.hist(numbers, bins=30, color="#4477aa")
        axis.set(xlabel="label", ylabel="items")
    else:
        counts = labels.value_counts()
        shown = counts.iloc[:MAX_BARS].sort_index(ascending=False)
        height = 0.28 * len(shown) + 0.9
        canvas, axis = figure((6, height))
        bars = axis.barh([name[:30] for name in shown.index], shown, color="#4477aa")
        axis.bar_label(bars, padding=3, fontsize=8)
        axis.margins(x=0.1, y=0.02)
        more = f" (the {MAX_BARS} largest of {len(counts)})" if len(counts) > MAX_BARS else ""
        axis.set(xlabel=f"items of each class{more}")
    axis.spines[["top", "right"]].set_visible(False)
    save(canvas, path)
