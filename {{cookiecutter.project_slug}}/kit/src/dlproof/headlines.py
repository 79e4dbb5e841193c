"""The figures that people ask for first, for `dvc metrics show` and `dvc exp show`."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from .files import write_json
from .report import Report, load_report

FOLDER = "dvc"  # in reports/: what DVC shows
METRICS = "metrics.json"
STAGES = ("train", "export", "benchmark", "evaluate", "monitor")


def write_headlines(cfg: DictConfig) -> None:
    """Rewrites `reports/dvc/metrics.json` from the existing reports."""
    folder = Path(cfg.paths.reports_dir)
    there = [name for name in STAGES if (folder / f"{name}.json").exists()]
    found = select({name: load_report(name, folder) for name in there}, cfg.task.metric)
    if found:
        write_json(folder / FOLDER / METRICS, found)


def select(reports: dict[str, Report], metric: str) -> dict[str, dict[str, Any]]:
    """Ten numbers: how good the model is, and the best baseline; its size and speed; drift."""
    figures = {name: report.figures for name, report in reports.items()}
    train, test = figures.get("train", {}), figures.get("evaluate", {})
    low, high = test.get("interval") or (None, None)
    baseline = test.get("baselines", {}).get(test.get("best_baseline"), {})
    watched = figures.get("monitor", {}).get("watched", {}).values()
    numbers = {
        "validation": {metric: train.get(f"best_val_{metric}")},
        "test": {
            metric: test.get("metrics", {}).get(metric),
            "low": low,
            "high": high,
            "items": test.get("items"),
        },
        "baseline": {metric: baseline.get(metric)},
        "model": {
            "parameters": train.get("parameters"),
            "megabytes": figures.get("export", {}).get("megabytes"),
            "p95_ms": figures.get("benchmark", {}).get("raw_item", {}).get("p95_ms"),
        },
        "drift": {"psi": max((measured["psi"] for measured in watched), default=None)},
    }
    known = {
        group: {name: value for name, value in parts.items() if value is not None}
        for group, parts in numbers.items()
    }
    return {group: parts for group, parts in known.items() if parts}
