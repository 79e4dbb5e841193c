"""The quarantine: what `clean` took out is written down, told and counted for checks."""

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..config import to_plain
from ..errors import UserError
from ..files import write_table
from ..report import Report
from ..types import DataType
from .ingest import hash_raw
from .near import name_first

LARGE_LOSS = 0.1  # share of all items quarantined for one reason
Kinds = dict[str, dict[str, str]]  # kind of problem -> id -> reason


def write(
    cfg: DictConfig, data_type: DataType, items: pd.DataFrame, usable: pd.DataFrame, kinds: Kinds
) -> Report:
    """Writes `clean.csv` and `quarantine.csv`, warns of large losses, and reports.

    Args:
        cfg: The composed config.
        data_type: Lists the raw items once more, to see that they stayed as they were.
        items: All of them.
        usable: Those that stay, with `near`.
        kinds: Why the others go.

    Raises:
        UserError: Raw data changed since `ingest`.
    """
    data_dir = Path(cfg.paths.data_dir)
    before, after = hash_raw(items), hash_raw(data_type.list_items())
    if before != after:
        raise UserError("the raw data changed since `ingest`: run `ingest` again.")
    reasons = {item: reason for found in kinds.values() for item, reason in found.items()}
    quarantine = items[items["id"].isin(list(reasons))][["id", "source"]]
    quarantine = quarantine.assign(reason=[reasons[item] for item in quarantine["id"]])
    # Renamed, since the first of a cluster may be in the quarantine.
    near = usable["near"].where(usable["near"] != "", usable["id"])
    usable = usable.assign(near=name_first(usable["id"], near))
    warnings = find_losses(len(items), kinds) + find_crowds(usable)
    for warning in warnings:
        print(f"warning: {warning}")
    write_table(usable, data_dir / "clean.csv")
    write_table(quarantine, data_dir / "quarantine.csv")
    figures = evidence(cfg, data_type, items, usable, kinds) | {
        "warnings": warnings,
        "raw_hash_before": before,
        "raw_hash_after": after,
    }
    report = Report("clean", figures, summary=summarise(figures, kinds))
    report.add_file(data_dir / "clean.csv")
    report.add_file(data_dir / "quarantine.csv")
    return report


def evidence(
    cfg: DictConfig, data_type: DataType, items: pd.DataFrame, usable: pd.DataFrame, kinds: Kinds
) -> dict[str, Any]:
    """Figures of `clean` that checks read: how many stay, how many go and why."""
    return {
        "items": len(items),
        "usable_items": len(usable),
        "quarantined_items": len(items) - len(usable),
        "reasons": {kind: len(found) for kind, found in kinds.items()},
        "policy": to_plain(cfg.clean),
        "incomplete_items": len(data_type.find_missing(usable)),
        "near_items": int((usable["near"] != "").sum()),
        "near_clusters": usable["near"].nunique() - int((usable["near"] == "").any()),
    }


def find_crowds(usable: pd.DataFrame) -> list[str]:
    """One sentence where one cluster of near duplicates takes a large part of the data."""
    counts = usable.loc[usable["near"] != "", "near"].value_counts()
    return [
        f"{count} of {len(usable)} items are near {name} or each other, and one split gets them "
        "all: raise clean.min_similarity if they are not the same."
        for name, count in counts.items()
        if count > LARGE_LOSS * len(usable)
    ]


def find_losses(total: int, kinds: Kinds) -> list[str]:
    """One sentence for each reason that takes a large part of the data: a person should look."""
    return [
        f"{len(found)} of {total} items are {kind}, which may be their nature: "
        "look into quarantine.csv before you trust what is left."
        for kind, found in kinds.items()
        if len(found) > LARGE_LOSS * total
    ]


def summarise(figures: dict[str, Any], kinds: Kinds) -> str:
    """`1,790 usable, 3 quarantined (2 duplicate, 1 unreadable), …`."""
    found = [f"{len(items)} {kind}" for kind, items in kinds.items() if items]
    told = f"{figures['quarantined_items']} quarantined" + (
        f" ({', '.join(found)})" if found else ""
    )
    return (
        f"{figures['usable_items']:,} usable, {told}, {figures['near_items']} near others; "
        "raw data unchanged"
    )
