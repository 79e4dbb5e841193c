"""The quarantine: what `clean` removed is written, reported and counted for checks."""

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..config import to_plain
from ..errors import UserError
from ..files import hash_tree, write_table
from ..report import Report, load_report
from ..types import DataType
from .ingest import hash_raw
from .keys import tell_keys, unify_keys
from .near import name_first

LARGE_LOSS = 0.1  # share of all items quarantined for one reason
CROWDS = {"group": "group", "near": "cluster of near duplicates"}
# Kind of problem -> the setting that keeps such items.
REMEDIES = {
    "conflicting": "clean.duplicates=keep",
    "duplicate": "clean.duplicates=keep",
    "nearly duplicate": "clean.near_duplicates=group",
    "incomplete": "clean.missing=keep",
}
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
    before = hash_raw(items)
    after = recall_raw(cfg) or hash_raw(data_type.list_items())  # to list takes long
    if before != after:
        raise UserError("the raw data changed since `ingest`: run `ingest` again.")
    reasons = {item: reason for found in kinds.values() for item, reason in found.items()}
    quarantine = items[items["id"].isin(list(reasons))][["id", "source"]]
    quarantine = quarantine.assign(reason=[reasons[item] for item in quarantine["id"]])
    # Renamed, since the first of a cluster may be in the quarantine.
    near = usable["near"].where(usable["near"] != "", usable["id"])
    groups = unify_keys(usable["group"], cfg.clean.group_keys == "fold")
    told = tell_keys(usable["group"], groups)
    usable = usable.assign(near=name_first(usable["id"], near), group=groups)
    warnings = find_losses(len(items), kinds) + find_repeats(usable) + told + find_crowds(usable)
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


def recall_raw(cfg: DictConfig) -> str | None:
    """The hash of raw items that `ingest` found, where raw data still has the very same bytes."""
    try:
        ingest = load_report("ingest", cfg.paths.reports_dir)
    except UserError:
        return None
    same = ingest.made_from.get("raw") == hash_tree(cfg.data.get("root") or cfg.data.path)
    return ingest.figures["raw_hash"] if same else None


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
    """A sentence where groups or clusters of near duplicates take a large part of the data each."""
    warnings = []
    for key, remedy in (
        ("group", "empty the cells that only mean `unknown`, since an empty cell is not a group"),
        ("near", "raise clean.min_similarity if they are not the same"),
    ):
        counts = usable.loc[usable[key] != "", key].value_counts()
        large = counts[counts > LARGE_LOSS * len(usable)]
        if large.empty:
            continue
        names = ", ".join(f"{name!r} ({count})" for name, count in large.items())
        if key == "near" and usable.loc[usable[key] == large.index[0], "hash"].nunique() == 1:
            remedy = "they are equal: collect what distinguishes them, or set clean.duplicates=drop"
        warnings.append(
            f"many of the {len(usable)} items share a {CROWDS[key]}, which goes to one split as a "
            f"whole: {names}; {remedy}."
        )
    return warnings


def find_losses(total: int, kinds: Kinds) -> list[str]:
    """One sentence for each reason that takes a large part of the data: a person should look."""
    return [
        f"{len(found)} of {total} items are {kind}, which may be natural: check quarantine.csv "
        "before you trust the rest"
        + (f", or keep them with {REMEDIES[kind]}." if kind in REMEDIES else ".")
        for kind, found in kinds.items()
        if len(found) > LARGE_LOSS * total
    ]


def find_repeats(usable: pd.DataFrame) -> list[str]:
    """A sentence on items of equal content that stay."""
    repeated = usable[usable["hash"].duplicated(keep=False)]
    if repeated.empty:
        return []
    labels = repeated.groupby("hash")["label"].transform("nunique")
    differ = int((labels > 1).sum())
    return [
        f"{len(repeated)} items have the same content as another, {differ} of them with a "
        "different label: they are kept, together in one split. clean.duplicates=drop removes "
        "copies (and, for classes, contradictory labels)."
    ]


def summarise(figures: dict[str, Any], kinds: Kinds) -> str:
    """`1,790 usable, 3 quarantined (2 duplicate: clean.duplicates=keep, 1 unreadable), …`."""
    found = [
        f"{len(items)} {kind}" + (f": {REMEDIES[kind]}" if kind in REMEDIES else "")
        for kind, items in kinds.items()
        if items
    ]
    told = f"{figures['quarantined_items']} quarantined" + (
        f" ({', '.join(found)})" if found else ""
    )
    return (
        f"{figures['usable_items']:,} usable, {told}, {figures['near_items']} near others; "
        "raw data unchanged"
    )
