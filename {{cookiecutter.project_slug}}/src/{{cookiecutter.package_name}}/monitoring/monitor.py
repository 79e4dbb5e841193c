"""`monitor`: holds the newest logged predictions and inputs against the training reference."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..files import atomic
from ..report import Report
from .drift import Distribution, count_values, expected_counts, measure_drift
from .log import LIVE, PROBE, PredictionLog, log_path
from .reference import INPUT, load_reference, split_answers

BARS = 12  # the largest are drawn
LOW_SHARE = 0.05  # of the reference's predictions count as unsure
NAMED = 3  # in the summary


def run(cfg: DictConfig) -> Report:
    """Reports drift of each watched distribution; too few predictions give no verdict."""
    reference = load_reference(cfg.paths.models_dir)
    source, rows = read_window(cfg, reference["version"])
    figures: dict[str, Any] = {
        "version": reference["version"],
        "source": source,
        "items": len(rows),
        "enough": len(rows) >= cfg.monitor.min_items,
        "drift": None,
    }
    if not figures["enough"]:
        summary = (
            f"{len(rows)} {source} predictions are logged and {cfg.monitor.min_items} are needed "
            "(monitor.min_items): no verdict"
        )
        return Report(stage="monitor", figures=figures, summary=summary)
    window = unpack(rows, reference["watched"])
    figures |= judge(window, reference["watched"], cfg.monitor.max_psi)
    figures |= {"from": rows["time"].iloc[0], "to": rows["time"].iloc[-1]}
    confidence = reference["watched"].get("confidence", {})
    if "quantiles" in confidence:
        figures["low_confidence"] = measure_low_confidence(window["confidence"], confidence)
    picture = Path(cfg.paths.reports_dir) / "monitor.png"
    draw(figures, window, reference["watched"], picture)
    drifted = ", ".join(figures["drifted"][:NAMED])
    if len(figures["drifted"]) > NAMED:
        drifted += f" and {len(figures['drifted']) - NAMED} more"
    return Report(
        stage="monitor",
        figures=figures,
        pictures=[picture.name],
        summary=f"{len(rows)} {source} predictions, "
        + (f"DRIFT in {drifted}" if drifted else "no drift"),
    )


def read_window(cfg: DictConfig, version: str) -> tuple[str, pd.DataFrame]:
    """The newest predictions of a model: live ones, or the probe's while there are none."""
    with closing(PredictionLog(log_path(cfg.paths.data_dir))) as log:
        for source in (LIVE, PROBE):
            rows = log.newest(version, source, cfg.monitor.window)
            if len(rows):
                return source, rows
    return LIVE, rows


def unpack(rows: pd.DataFrame, watched: Iterable[str]) -> dict[str, np.ndarray]:
    """Watched name -> its values in the window (N,); NaN where an input's value was not logged."""
    window = split_answers(rows["prediction"])
    for name in watched:
        if name.startswith(INPUT):
            values = [summary.get(name.removeprefix(INPUT)) for summary in rows["summary"]]
            window[name] = np.array([np.nan if value is None else value for value in values])
    return window


def judge(
    window: dict[str, np.ndarray], watched: dict[str, Distribution], max_psi: float
) -> dict[str, Any]:
    """The effect sizes of every watched distribution, and which are over the bound.

    The bound is `max_psi`, or what chance reaches in a window this small where that is more.
    """
    measured = {
        name: measure_drift(window[name], reference, len(watched))
        for name, reference in watched.items()
    }
    drifted = [name for name, m in measured.items() if m["psi"] > max(max_psi, m["chance"])]
    drifted.sort(key=lambda name: -measured[name]["psi"])
    return {"drift": bool(drifted), "drifted": drifted, "max_psi": max_psi, "watched": measured}


def measure_low_confidence(values: np.ndarray, reference: Distribution) -> dict[str, float]:
    """Share of predictions less sure than the least sure `LOW_SHARE` of the reference."""
    below = float(np.quantile(reference["quantiles"], LOW_SHARE))
    share = float((values < below).mean())
    return {"below": round(below, 4), "share": round(share, 4), "expected": LOW_SHARE}


def draw(
    figures: dict[str, Any],
    window: dict[str, np.ndarray],
    watched: dict[str, Distribution],
    path: Path,
) -> None:
    """Draws each stability index beside its bound, the worst distribution, and the predictions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    measured = figures["watched"]
    names = sorted(measured, key=lambda name: measured[name]["psi"])[-BARS:]
    bounds = [max(figures["max_psi"], measured[name]["chance"]) for name in names]
    figure, (left, *right) = plt.subplots(1, 3, figsize=(15, 5), layout="constrained")
    colours = ["tab:red" if name in figures["drifted"] else "tab:blue" for name in names]
    left.barh(names, [measured[name]["psi"] for name in names], color=colours)
    left.plot(bounds, range(len(names)), "k|", markersize=14, label="bound")
    left.set(title="Population stability index", xlabel="0: as in training")
    left.legend(loc="lower right")
    for axes, name in zip(right, (names[-1], "prediction"), strict=True):
        draw_distribution(axes, name, window[name], watched[name])
    with atomic(path) as draft:
        figure.savefig(draft, dpi=90)
    plt.close(figure)


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
