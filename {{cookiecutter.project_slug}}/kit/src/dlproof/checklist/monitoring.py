"""Phase 7, monitoring: what the service measures of itself, and drift against the reference."""

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..files import hash_json, read_json
from ..monitoring.log import PROBE
from .deployment import find_file
from .evidence import Evidence, NotApplicableError, NotYetError
from .tables import count_by_split, read_split
from .verdict import Finding

INPUT = "input/"  # prefix of what is watched in the input


def window_of(project: Evidence) -> dict[str, Any]:
    """The monitor's figures over its window.

    Raises:
        NotYetError: There are too few predictions for a verdict.
        NotApplicableError: Too few, and nothing but use gives more: the probe sent all there is.
        StaleError: The newest predictions are not in the window.
    """
    figures = project.figures("monitor")
    if figures["items"] and not figures["enough"]:
        least = project.cfg.monitor.min_items
        if figures["source"] == PROBE:
            refuse_small_validation(project, least)
        raise NotYetError(
            f"{figures['items']} {figures['source']} predictions are logged, {least} are needed: "
            "run `monitor` later"
        )
    return figures


def refuse_small_validation(project: Evidence, least: int) -> None:
    """Raises a NotApplicableError where the probe has sent all items that there are to send."""
    items = count_by_split(read_split(project))["validation"]
    if items < min(least, project.cfg.probe.num_items):
        raise NotApplicableError(
            f"validation has {items} items to probe with, and a verdict needs {least} predictions: "
            "the first live ones will decide"
        )


def describe_window(figures: dict[str, Any]) -> str:
    """`200 live predictions of exp-2026-01-01-001, 2026-01-02 10:00 to 2026-01-03 11:30`."""
    told = f"{figures['items']} {figures['source']} predictions of {figures['version']}"
    ends = [str(figures[end])[:16].replace("T", " ") for end in ("from", "to") if end in figures]
    return ", ".join([told, " to ".join(ends)] if ends else [told])


def say_drift(figures: dict[str, Any], names: Collection[str]) -> str:
    """Which of some distributions have drifted, how far, and what to do; empty for none.

    Drift that is seen and left alone is an alarm without an action, so the bullet fails until the
    model is trained anew, or a person waives it until a date.
    """
    measured = figures.get("watched") or {}
    drifted = [name for name in figures.get("drifted", ()) if name in names]
    worst = max(drifted, key=lambda name: measured[name]["psi"], default="")
    if not worst:
        return ""
    told = f"DRIFT in {len(drifted)} of {len(names)}, most in {worst}: stability index "
    return f"{told}{measured[worst]['psi']:g}; train on newer data, or waive it with a reason"


def predictions_are_compared_by_window(project: Evidence) -> Finding:
    """The newest predictions of the exported model are held against the reference."""
    figures = window_of(project)
    measured = (figures.get("watched") or {}).get("prediction")
    if not measured:
        return Finding(False, f"{describe_window(figures)}: no distribution is compared")
    current = figures["version"] == project.figures("export")["version"]
    drift = say_drift(figures, ["prediction"])
    bound = max(figures["max_psi"], measured["chance"])
    told = drift or f"stability index {measured['psi']} (bound {bound:g})"
    return Finding(current and not drift, f"{describe_window(figures)}: {told}", "monitor.png")


def confidence_is_watched(project: Evidence) -> Finding:
    """Confidence is a metric of the service; its distribution and low share are followed."""
    figures = window_of(project)
    exported = count_observed(project, "prediction_confidence", "histogram")
    low = figures.get("low_confidence")
    measured = (figures.get("watched") or {}).get("confidence")
    if not (low and measured and exported):
        return Finding(
            False,
            f"{describe_window(figures)}, {exported} confidences scraped, "
            f"{'a' if measured else 'no'} distribution, {'a' if low else 'no'} share of low ones",
        )
    drift = say_drift(figures, ["confidence"])
    told = f"{low['share']:.1%} below {low['below']} ({low['expected']:.0%} expected), "
    told += drift or f"stability index {measured['psi']}, {exported} confidences scraped"
    return Finding(not drift, f"{describe_window(figures)}: {told}", "monitor.png")


def inputs_are_compared_with_training(project: Evidence) -> Finding:
    """The reference was made from train only, and every watched input is compared with it."""
    reference = read_json(find_file(project.report("export"), "reference.json"))
    train = describe_train(project)
    made_from = reference["items"]["input"]
    if made_from != train:
        return Finding(
            False,
            f"the reference was made from {made_from['count']} items that are not the "
            f"{train['count']} training items",
        )
    watched = {name for name in reference["watched"] if name.startswith(INPUT)}
    figures = window_of(project)
    measured = figures.get("watched") or {}
    compared = {name for name in watched if name in measured}
    drift = say_drift(figures, watched)
    told = f"{len(compared)} of {len(watched)} inputs against {train['count']:,} train items"
    return Finding(
        bool(watched) and compared == watched and not drift,
        f"{describe_window(figures)}: {told}, {drift or 'none drifted'}",
        "monitor.png",
    )


def describe_train(project: Evidence) -> dict[str, Any]:
    """Count and hash of the ids of train, as the reference should name them."""
    path = Path(project.cfg.paths.data_dir, "processed", "items.csv")
    if not path.exists():
        raise NotYetError("run `preprocess`")
    with path.open(encoding="utf-8", newline="") as stream:
        names = sorted(row["id"] for row in csv.DictReader(stream) if row["split"] == "train")
    return {"count": len(names), "sha256": hash_json(names)}


def count_observed(project: Evidence, metric: str, kind: str) -> int:
    """How much a scraped metric had counted at the probe; 0 when it is missing or another kind."""
    found = project.figures("probe")["metrics"].get(metric, {})
    return int(found["count"]) if found.get("type") == kind else 0


def check_metric(project: Evidence, metric: str, kind: str) -> Finding:
    """Whether a metric is scraped and has counted every request of the probe."""
    counted, sent = count_observed(project, metric, kind), project.figures("probe")["items"]
    told = f"{metric} ({kind}): {counted} counted, {sent} or more expected"
    return Finding(counted >= sent, told if counted else f"{metric} ({kind}) is not scraped")


def latency_is_scraped(project: Evidence) -> Finding:
    """The latency of every request is in a histogram that Prometheus can scrape."""
    return check_metric(project, "request_seconds", "histogram")


def requests_are_scraped(project: Evidence) -> Finding:
    """Every request is in a counter that Prometheus can scrape."""
    return check_metric(project, "requests", "counter")


def confidence_is_scraped(project: Evidence) -> Finding:
    """The confidence of every prediction is in a histogram that Prometheus can scrape."""
    return check_metric(project, "prediction_confidence", "histogram")
