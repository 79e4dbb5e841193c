"""`monitor`: compares the newest logged predictions and inputs with the training reference."""

from pathlib import Path
from typing import Any

import numpy as np
from dlproof import Report
from dlproof.deployment import load_reference
from dlproof.monitoring import Distribution, measure_drift, monitor
from omegaconf import DictConfig

NAMED = 3  # in the summary


def run(cfg: DictConfig) -> Report:
    """Reports drift of each watched distribution; too few predictions give no verdict."""
    reference = load_reference(cfg.paths.models_dir)
    version, watched = reference["version"], reference["watched"]
    source, rows = monitor.read_window(cfg, version)
    if len(rows) < cfg.monitor.min_items:
        summary = (
            f"{len(rows)} {source} predictions are logged and {cfg.monitor.min_items} are needed "
            "(monitor.min_items): no verdict"
        )
        return Report("monitor", monitor.evidence(version, source, rows, {}), summary=summary)
    window = monitor.unpack(rows, watched)
    verdict = judge(window, watched, cfg.monitor.max_psi)
    verdict |= monitor.measure_low_confidence(window, watched)
    figures = monitor.evidence(version, source, rows, verdict)
    picture = Path(cfg.paths.reports_dir, "monitor.png")
    monitor.draw(figures, window, watched, picture)
    summary = f"{len(rows)} {source} predictions, {summarise_drift(figures['drifted'])}"
    summary += monitor.describe_unknown(figures)
    report = Report("monitor", figures, summary=summary)
    report.add_picture(picture)
    return report


def judge(
    window: dict[str, np.ndarray], watched: dict[str, Distribution], max_psi: float
) -> dict[str, Any]:
    """The effect sizes of every watched distribution, and which are above the bound.

    The bound is `max_psi`, or what chance reaches in a window this small, if that is more.
    """
    measured = {
        name: measure_drift(window[name], reference, len(watched))
        for name, reference in watched.items()
    }
    drifted = [name for name, m in measured.items() if m["psi"] > max(max_psi, m["chance"])]
    drifted.sort(key=lambda name: -measured[name]["psi"])
    return {"drift": bool(drifted), "drifted": drifted, "max_psi": max_psi, "watched": measured}


def summarise_drift(drifted: list[str]) -> str:
    """`DRIFT in input/brightness, prediction and 2 more`, or `no drift`."""
    if not drifted:
        return "no drift"
    more = f" and {len(drifted) - NAMED} more" if len(drifted) > NAMED else ""
    return f"DRIFT in {', '.join(drifted[:NAMED])}{more}"
