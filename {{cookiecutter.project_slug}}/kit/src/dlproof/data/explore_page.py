"""`reports/explore.html`: what `explore` found on one page, and what of it to look at."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any

import pandas as pd

from ..charter.charter import CHARTER, GROUP_TOLERANCE, Answers, read_charter
from ..page import fill_template
from .explore_relations import warn_of_leaks

NAME = "explore.html"
IMBALANCED = 3.0  # times the smallest class
FEW = 20  # items of a class
MANY_OUTLIERS = 0.01  # of all items
FAR_APART = 1000.0  # between the deviations of two features
MAX_ROWS = 60  # of the sample table
MAX_CELL = 80  # characters of one of its cells


def write_explore_page(folder: Path, figures: dict[str, Any], pictures: list[str]) -> Path:
    """Writes the page from the report's figures and the pictures beside it; returns its path."""
    declared = read_declared_groups()
    columns = figures.get("columns") or {
        name: found for name, found in figures.items() if "std" in found_keys(found)
    }
    return fill_template(
        Path(__file__).with_name("explore.html"),
        folder / NAME,
        figures=figures,
        advice=[
            *advise_on_labels(figures),
            *advise_on_items(figures),
            *advise_on_groups(figures["groups"], declared),
        ],
        declared=declared,
        columns={name: found for name, found in columns.items() if name != "labels"},
        listed={
            name.replace("_", " "): (found["count"], found.get("items", []))
            for name, found in figures.items()
            if "count" in found_keys(found)
        },
        pictures=[folder / name for name in pictures if name.endswith(".png")],
        samples=[row for name in pictures if name.endswith(".csv") for row in read(folder / name)],
    )


def found_keys(found: Any) -> set[str]:
    """Keys of a figure that is a mapping."""
    return set(found) if isinstance(found, dict) else set()


def read(path: Path) -> list[list[str]]:
    """The header and the first rows of a CSV, long cells cut."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=MAX_ROWS)
    rows = [table.columns.tolist(), *table.to_numpy().tolist()]
    return [[shorten(cell, MAX_CELL, placeholder=" …") for cell in row] for row in rows]


def read_declared_groups() -> dict[str, float]:
    """Group -> share of the population, as the charter declares; nothing while it is to do."""
    if not Path(CHARTER).exists():
        return {}
    answer = Answers(*read_charter()).get("data.groups")
    return dict(answer.value) if answer.state == "done" else {}


def advise_on_labels(figures: dict[str, Any]) -> Iterator[str]:
    """What balance and relations of the labels ask for."""
    labels = figures["labels"]
    if labels.get("imbalance", 1.0) >= IMBALANCED:
        yield (
            f"The largest class has {labels['imbalance']:g} times the items of the smallest: "
            "see `configs/balance`, and rank models by `f1_macro`."
        )
    for name, count in labels.get("smallest", {}).items():
        if count < FEW:
            yield f"The class {name} has {count} items, too few to split and measure: collect more."
    if labels["kind"] == "numbers" and abs(labels["skewness"]) > 2:
        yield f"The target is skewed ({labels['skewness']:g}): its logarithm may be easier."
    yield from warn_of_leaks(figures["relations"])


def advise_on_items(figures: dict[str, Any]) -> Iterator[str]:
    """What unreadable, repeated, outlying and odd items and columns ask for."""
    for name, told in (
        (
            "unreadable",
            "cannot be read: `clean` puts them into quarantine, see `data/quarantine.csv`",
        ),
        ("duplicates", "repeat an earlier one: `clean.duplicates` decides whether they stay"),
    ):
        count = figures.get(name, {"count": 0})["count"]
        if count:
            yield f"{count} items {told}."
    if figures["outliers"]["count"] > MANY_OUTLIERS * figures["items"]:
        yield (
            f"{figures['outliers']['count']} of {figures['items']:,} items are outliers: look at "
            "some before you trust means and deviations."
        )
    columns = figures.get("columns", {})
    missing = [name for name, found in columns.items() if found["missing_share"] > 0.5]
    for names, told in (
        (missing, "are missing in more than half of the rows: drop them or find out why"),
        (figures.get("constant_columns", []), "are constant: add them to `data.drop`"),
        (
            figures.get("crowded_columns", []),
            "are texts with many distinct values: group them or drop them",
        ),
    ):
        if names:
            yield f"{join_names(names)} {told}."
    spreads = [found["std"] for found in columns.values() if found.get("std", 0) > 0]
    if spreads and max(spreads) / min(spreads) > FAR_APART:
        yield "Columns differ a thousandfold in scale: keep the scaling of `configs/preprocess`."
    if len(figures.get("modes", {})) > 1:
        yield f"Images have {len(figures['modes'])} modes: `preprocess.channels` makes them one."


def advise_on_groups(found: dict[str, float], declared: dict[str, float]) -> Iterator[str]:
    """Declared groups that are absent or far from their share of the population."""
    for name, share in declared.items():
        if abs(found.get(name, 0.0) - share) > GROUP_TOLERANCE:
            yield (
                f"{name} is {found.get(name, 0.0):.1%} of the data and {share:.1%} of the "
                "population: collect accordingly, or say why in the charter."
            )


def join_names(names: list[str]) -> str:
    """`a, b, c and 4 more`."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
