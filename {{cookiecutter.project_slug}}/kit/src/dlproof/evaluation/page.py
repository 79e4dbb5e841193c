"""`reports/evaluate.html`: how good the model is, for whom it is not, and what it gets wrong."""

from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..config import build
from ..data.store import TEST, Store
from ..files import leave_finite
from ..page import fill_template, write_number
from ..report import Report
from ..task import Task
from ..types import DataType
from .ledger import KEPT
from .predictions import load_predictions
from .robustness import draw_disturbed

NAME, WORST, TRUST = "evaluate.html", "evaluate_worst.png", "evaluate_trust.png"
BY_CHANCE = 0.05  # how often one of all parts may be told that is off by chance
FAR_OFF = 0.1  # a calibration error that is told
MAX_PAIRS = 3  # confused classes that are told
MAX_COSTS = 3  # disturbances that are told


def present(cfg: DictConfig, store: Store, task: Task, report: Report) -> None:
    """Draws how far predictions are to be trusted, the worst items, a disturbed one; the page.

    Args:
        cfg: The composed config.
        store: The processed data, its test split open.
        task: Whose metric ranks models.
        report: Of `evaluate`, with the picture of the errors.
    """
    (picture,) = (Path(cfg.paths.reports_dir, name) for name in report.pictures)
    worst = draw_worst(cfg, store, report.figures["worst"])
    rows = np.flatnonzero(store.items["split"] == TEST)
    disturbed = draw_disturbed(cfg, store, int(rows[0]))
    trust, kept = (Path(cfg.paths.reports_dir, name) for name in (TRUST, KEPT))
    task.draw_trust(np.asarray(store.targets[rows]), load_predictions(kept)[0], trust)
    drawn = {"picture": picture, "trust": trust, "worst": worst, "disturbed": disturbed}
    for path in filter(None, (trust, worst, disturbed)):
        report.add_picture(path)
    write_page(cfg, task, report.figures, drawn)


def write_page(
    cfg: DictConfig, task: Task, figures: dict[str, Any], pictures: dict[str, Path | None]
) -> Path:
    """Writes the page from the report's figures; returns its path.

    Args:
        cfg: The composed config.
        task: Whose metric ranks models.
        figures: As `evaluate` reports them.
        pictures: `picture` of the errors and `trust`, as the task draws them; of the `worst` items
            and of a `disturbed` one, where they can be drawn.
    """
    figures = leave_finite(figures)
    return fill_template(
        Path(__file__).with_name("page.html"),
        Path(cfg.paths.reports_dir, NAME),
        figures=figures,
        confidence=cfg.evaluate.confidence,
        advice=[
            *tell_gain(figures, task.mode),
            *tell_answers(figures),
            *tell_pairs(figures),
            *tell_groups(figures),
            *tell_confidence(figures),
            *tell_residuals(figures),
            *tell_clusters(figures),
            *tell_undefined(figures),
            *tell_robustness(figures, task.mode),
        ],
        **pictures,
    )


def draw_worst(cfg: DictConfig, store: Store, worst: list[dict[str, Any]]) -> Path | None:
    """Draws the worst items as the model gets them, each with what it was taken for.

    Args:
        cfg: The composed config.
        store: The processed data, its test split open.
        worst: As `evaluate` reports them.

    Returns:
        The picture's path; None for items that are none.
    """
    data_type: DataType = build(cfg.data)
    rows = pd.Index(store.items["id"]).get_indexer([item["id"] for item in worst])
    words = [f"{item['true']} as {write_number(item['predicted'])}" for item in worst]
    path = Path(cfg.paths.reports_dir, WORST)
    return path if data_type.draw_items(store.take(rows), words, path) else None


def tell_gain(figures: dict[str, Any], mode: str) -> Iterator[str]:
    """Whether the difference to the best baseline is more than chance."""
    low, high = figures["gain_interval"]
    if low is None:
        return
    best, told = figures["best_baseline"], f"{figures['metric']} {low:+.4g} to {high:+.4g}"
    if low * high <= 0:
        yield f"The difference to the best baseline, {best}, may be chance: {told}."
    else:
        kind = "better" if (low > 0) == (mode == "max") else "worse"
        yield f"The model is {kind} than the best baseline, {best}: {told}."


def tell_answers(figures: dict[str, Any]) -> Iterator[str]:
    """What an answer costs, and whether intervals of numbers hold what they say."""
    calibration, answers = figures["calibration"], figures["answers"]
    if "cost" in answers:
        told = f"An answer costs {answers['cost']['value']:.4g} on average"
        if calibration["thresholds"] is None:
            yield f"{told}, the likeliest class being answered: every wrong answer costs the same."
        else:
            likeliest = answers["cost_of_likeliest"]["value"]
            yield f"{told}; it would be {likeliest:.4g} if the likeliest class were answered."
    if "coverage" in answers:
        found, asked = answers["coverage"], calibration["confidence"]
        low, high = found["interval"]
        off = "" if low <= asked <= high else f", which is not the {asked:.0%} that was asked for"
        width = f"Intervals of ±{calibration['half_width']:.4g}"
        yield f"{width} hold {found['value']:.1%} of the true values{off}."


def tell_pairs(figures: dict[str, Any]) -> Iterator[str]:
    """Which classes are taken for which, and how often."""
    for pair in figures.get("most_confused", [])[:MAX_PAIRS]:
        told = f"{pair['true']} is taken for {pair['predicted']} in {pair['items']} of"
        yield f"{told} {figures['per_class'][pair['true']]['support']:g} cases."


def tell_groups(figures: dict[str, Any]) -> Iterator[str]:
    """The groups that differ from the rest by more than chance, of so many that were looked at."""
    metric, groups = figures["metric"], figures["groups"]
    count = sum(row["p_value"] is not None for row in groups.values())
    of_all = f" for {count} groups" if count > 1 else ""
    for name, row in groups.items():
        if row["gap"]:
            told = f"{metric} {row['score']:.4g} against {row['rest']:.4g}"
            yield f"{name} is {row['gap']} than the rest: {told} (p {row['p_value']:.2g}{of_all})."


def tell_confidence(figures: dict[str, Any]) -> Iterator[str]:
    """Whether probabilities are far from the shares of right answers, and where the farthest."""
    off = figures["metrics"].get("calibration_error")
    if off is not None and off > FAR_OFF:
        yield f"Its confidence is {off:.0%} away from how often it is right, on average."
    rows = figures.get("reliability", [])
    surely = [row for row in rows if row["p_value"] * len(rows) < BY_CHANCE]
    if surely:
        row = max(surely, key=lambda row: row["items"] * abs(row["accuracy"] - row["confidence"]))
        told = f"right in {row['accuracy']:.0%} of {row['items']} cases"
        yield f"Where it is {row['confidence']:.0%} sure, it is {told}."


def tell_residuals(figures: dict[str, Any]) -> Iterator[str]:
    """Where predicted values are too high or too low on average, by more than chance."""
    rows = figures.get("residuals", [])
    for row in rows:
        if (
            row["error"]
            and abs(row["residual"])
            > NormalDist().inv_cdf(1 - BY_CHANCE / 2 / len(rows)) * row["error"]
        ):
            side = "lower" if row["residual"] > 0 else "higher"
            told = f"true values are {abs(row['residual']):.4g} {side} on average"
            yield f"Where it predicts {row['from']:.4g} to {row['to']:.4g}, {told}."


def tell_clusters(figures: dict[str, Any]) -> Iterator[str]:
    """What most errors have in common."""
    for row in figures["clusters"][:1]:
        yield f"{row['items']} of {row['errors']} errors are alike to the model: {row['told']}."


def tell_undefined(figures: dict[str, Any]) -> Iterator[str]:
    """The metrics that these items do not define."""
    if names := figures["undefined"]:
        yield f"Not defined on these items, whose labels are all alike: {', '.join(names)}."


def tell_robustness(figures: dict[str, Any], mode: str) -> Iterator[str]:
    """What an item that shows nothing is taken for, and which disturbances surely cost most."""
    found = figures["robustness"]
    are = f"are wrong with {found['sure']:.0%} confidence or more"
    if "confusion" not in figures:
        are = "lie beyond all labels of training"
    for name, row in found["scores"].items():
        told = f"{row['told'][0].upper()}{row['told'][1:]}"
        if "answer" in row:
            sure = f" with {row['probability']:.0%} confidence" if "probability" in row else ""
            yield f"{told} is taken for {write_number(row['answer'])}{sure}."
        elif name in found["flagged"]:
            yield f"{told}: {row['overconfident']:.0%} of the answers {are}."
    costs = [row for row in found["scores"].values() if not row["hides"] and is_lost(row)]
    for row in sorted(costs, key=lambda row: -row["drop"])[:MAX_COSTS]:
        told = f"{row['told'][0].upper()}{row['told'][1:]}"
        if mode == "max":
            yield f"{told} costs {row['drop']:.3g} of {figures['metric']}."
        else:
            yield f"{told} adds {row['drop']:.3g} to {figures['metric']}."


def is_lost(row: dict[str, Any]) -> bool:
    """Whether a disturbance costs more than chance."""
    return row["interval"][0] is not None and row["interval"][0] > 0
