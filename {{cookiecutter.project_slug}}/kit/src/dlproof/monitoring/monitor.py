"""The newest predictions and inputs as distributions: read, measured, drawn, reported to checks."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..figure import figure, save
from .drift import Distribution, count_values, expected_counts
from .log import INPUT, LIVE, PROBE, PredictionLog, log_path, split_answers

NAMED = 3  # inputs in a summary
BARS = 12  # the largest are drawn
LOW_SHARE = 0.05  # of the reference's predictions count as unsure


def read_window(cfg: DictConfig, version: str) -> tuple[str, pd.DataFrame]:
    """The newest predictions of a model: live ones, or the probe's while those are too few."""
    with closing(PredictionLog(log_path(cfg.paths.data_dir))) as log:
        live, probe = (log.newest(version, source, cfg.monitor.window) for source in (LIVE, PROBE))
    few = len(live) < cfg.monitor.min_items
    return (PROBE, probe) if few and len(probe) > len(live) else (LIVE, live)


def unpack(rows: pd.DataFrame, watched: Iterable[str]) -> dict[str, np.ndarray]:
    """Watched name -> its values in the window (N,); NaN where an input's value was not logged."""
    window = split_answers(rows["prediction"])
    for name in watched:
        if name.startswith(INPUT):
            values = [summary.get(name.removeprefix(INPUT)) for summary in rows["summary"]]
            window[name] = np.array([np.nan if value is None else value for value in values])
    return window


def evidence(
    version: str, source: str, rows: pd.DataFrame, verdict: dict[str, Any]
) -> dict[str, Any]:
    """Figures of `monitor` that checks read: which window of which model, and its verdict.

    Args:
        version: Of the model.
        source: `live` or `probe`.
        rows: The window.
        verdict: As the project judges it; empty where there are too few predictions.
    """
    ends = {"from": rows["time"].iloc[0], "to": rows["time"].iloc[-1]} if len(rows) else {}
    found = {"version": version, "source": source, "items": len(rows), "enough": bool(verdict)}
    return found | {"unknown": count_unknown(rows), "drift": None} | verdict | ends


def count_unknown(rows: pd.DataFrame) -> dict[str, int]:
    """Input -> in how many predictions of a window it had a value that training had not met."""
    counts = Counter(name for answer in rows["prediction"] for name in answer.get("unknown", ()))
    return dict(counts.most_common())


def describe_unknown(figures: dict[str, Any]) -> str:
    """`, unknown values in colour (12)`, or nothing."""
    listed = [f"{name} ({count})" for name, count in figures["unknown"].items()]
    more = f" and {len(listed) - NAMED} more inputs" if len(listed) > NAMED else ""
    return f", unknown values in {', '.join(listed[:NAMED])}{more}" if listed else ""


def measure_low_confidence(
    window: dict[str, np.ndarray], watched: dict[str, Distribution]
) -> dict[str, Any]:
    """Share of predictions less sure than the least sure `LOW_SHARE` of the reference.

    Returns:
        It as `low_confidence`; nothing where a task has no confidence.
    """
    reference = watched.get("confidence", {})
    if "quantiles" not in reference:
        return {}
    values = window["confidence"]
    below = float(np.quantile(reference["quantiles"], LOW_SHARE))
    share = float((values < below).mean())
    found = {"below": round(below, 4), "share": round(share, 4), "expected": LOW_SHARE}
    return {"low_confidence": found}


def draw(
    figures: dict[str, Any],
    window: dict[str, np.ndarray],
    watched: dict[str, Distribution],
    path: Path,
) -> None:
    """Draws each stability index beside its bound, the worst distribution, and the predictions."""
    measured = figures["watched"]
    names = sorted(measured, key=lambda name: measured[name]["psi"])[-BARS:]
    bounds = [max(figures["max_psi"], measured[name]["chance"]) for name in names]
    canvas, (left, *right) = figure((15, 5), 1, 3)
    colours = ["tab:red" if name in figures["drifted"] else "tab:blue" for name in names]
    left.barh(names, [measured[name]["psi"] for name in names], color=colours)
    left.plot(bounds, range(len(names)), "k|", markersize=14, label="bound")
    left.set(title="Population stability index", xlabel="0: as in training")
    left.legend(loc="lower right")
    for axes, name in zip(right, (names[-1], "prediction"), strict=True):
        draw_distribution(axes, name, window[name], watched[name])
    save(canvas, path, dpi=90)


def draw_distribution(axes: Any, name: str, values: np.ndarray, reference: Distribution) -> None:
    """Shares of the reference and of the window, slot by slot."""
    expected, seen = expected_counts(reference), count_values(values, reference)
    if reference["kind"] == "categories":
        slots = [*reference["shares"], "other"]
    else:
        slots = [*(f"< {edge:.3g}" for edge in reference["edges"]), "above", "missing"]
    places = np.arange(len(slots))
    axes.bar(places - 0.2, expected / expected.sum(), 0.4, label="reference", color="tab:gray")
    axes.bar(places + 0.2, seen / seen.sum(), 0.4, label="window", color="tab:orange")
    axes.set_xticks(places, slots, rotation=60, ha="right")
    axes.set(title=name, ylabel="share of items")
    axes.legend()
