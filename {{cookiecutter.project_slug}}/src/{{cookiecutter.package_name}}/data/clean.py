"""`clean`: quarantines what cannot be used, with the reason; raw data stays as it is."""

from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from ..configuration import build
from ..errors import UserError
from ..report import Report
from .ingest import hash_raw, read_table, write_table
from .types import DataType

LARGE_LOSS = 0.1  # share of all items quarantined for one reason


def run(cfg: DictConfig) -> Report:
    """Writes `clean.csv` (usable items, with the first of their near duplicates in `near`) and
    `quarantine.csv` (id, source, reason).

    Raises:
        UserError: Raw data changed since `ingest`, or no item is usable.
    """
    data_dir = Path(cfg.paths.data_dir)
    data_type: DataType = build(cfg.data)
    items = read_table(data_dir / "items.csv", "ingest")
    kinds = find_kinds(items, data_type)
    reasons = {item: reason for found in kinds.values() for item, reason in found.items()}
    usable = items[~items["id"].isin(list(reasons))]
    if usable.empty:
        raise UserError(f"no item is usable; the first: {next(iter(reasons.values()))}.")
    before, after = hash_raw(items), hash_raw(data_type.list_items())
    if before != after:
        raise UserError("the raw data changed since `ingest`: run `ingest` again.")
    quarantine = items[items["id"].isin(list(reasons))][["id", "source"]]
    quarantine = quarantine.assign(reason=[reasons[item] for item in quarantine["id"]])
    warnings = find_losses(len(items), kinds)
    for warning in warnings:
        print(f"warning: {warning}")
    write_table(usable.assign(near=""), data_dir / "clean.csv")
    write_table(quarantine, data_dir / "quarantine.csv")
    report = Report(
        stage="clean",
        figures={
            "items": len(items),
            "usable_items": len(usable),
            "quarantined_items": len(quarantine),
            "reasons": {kind: len(found) for kind, found in kinds.items()},
            "warnings": warnings,
            "raw_hash_before": before,
            "raw_hash_after": after,
        },
        summary=f"{len(usable):,} usable, {describe(kinds)}; raw data unchanged",
    )
    report.add_file(data_dir / "clean.csv")
    report.add_file(data_dir / "quarantine.csv")
    return report


def find_kinds(items: pd.DataFrame, data_type: DataType) -> dict[str, dict[str, str]]:
    """Kind of problem -> id -> reason; an item appears under the first kind that meets it."""
    unreadable = data_type.find_problems(items)
    rest = items[~items["id"].isin(list(unreadable))]
    unexpected = rest[rest["unexpected"] != ""].set_index("id")["unexpected"].to_dict()
    rest = rest[rest["unexpected"] == ""]
    unlabelled = dict.fromkeys(rest.loc[rest["label"] == "", "id"], "has no label")
    rest = rest[rest["label"] != ""]
    return {
        "unreadable": unreadable,
        "unexpected": unexpected,
        "unlabelled": unlabelled,
        "conflicting": find_conflicts(rest),
        "duplicate": find_duplicates(rest),
    }


def find_conflicts(items: pd.DataFrame) -> dict[str, str]:
    """Items of identical content whose labels differ: nobody knows which is right, so all go."""
    conflicts: dict[str, str] = {}
    for _, group in items[items["hash"].duplicated(keep=False)].groupby("hash"):
        labels = sorted(set(group["label"]))
        if len(labels) > 1:
            reason = f"identical content is labelled {', '.join(labels)}"
            conflicts |= dict.fromkeys(group["id"], reason)
    return conflicts


def find_duplicates(items: pd.DataFrame) -> dict[str, str]:
    """Every item but the first of identical content with one label."""
    alike = items.groupby("hash")["label"].transform("nunique") == 1
    first = items.groupby("hash")["id"].transform("first")
    repeated = alike & (first != items["id"])
    pairs = zip(items.loc[repeated, "id"], first[repeated], strict=True)
    return {item: f"same content as {original}" for item, original in pairs}


def find_losses(total: int, kinds: dict[str, dict[str, str]]) -> list[str]:
    """One sentence for each reason that takes a large part of the data: a person should look."""
    return [
        f"{len(found)} of {total} items are {kind}, which may be their nature: "
        "look into quarantine.csv before you trust what is left."
        for kind, found in kinds.items()
        if len(found) > LARGE_LOSS * total
    ]


def describe(kinds: dict[str, dict[str, str]]) -> str:
    """`3 quarantined (2 duplicate, 1 unreadable)`."""
    found = [f"{len(items)} {kind}" for kind, items in kinds.items() if items]
    total = sum(len(items) for items in kinds.values())
    return f"{total} quarantined" + (f" ({', '.join(found)})" if found else "")
