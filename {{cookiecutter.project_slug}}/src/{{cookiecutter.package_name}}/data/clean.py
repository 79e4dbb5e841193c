"""`clean`: quarantines what cannot be used, with the reason; raw data stays as it is."""

from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from ..configuration import build, to_plain
from ..errors import UserError
from ..report import Report
from .ingest import hash_raw, read_table, write_table
from .near import name_first, name_near
from .types import DataType

LARGE_LOSS = 0.1  # share of all items quarantined for one reason


def run(cfg: DictConfig) -> Report:
    """Writes `clean.csv` and `quarantine.csv`.

    The first holds usable items, with the first of their near duplicates in `near`; the second id,
    source and reason of the others.

    Raises:
        UserError: Raw data changed since `ingest`, or no item is usable.
    """
    data_dir = Path(cfg.paths.data_dir)
    data_type: DataType = build(cfg.data)
    items = read_table(data_dir / "items.csv", "ingest")
    broken = data_type.find_problems(items)
    readable = items[~items["id"].isin(list(broken))]
    near = name_near(readable, data_type, cfg.clean.min_similarity)
    kinds = {"unreadable": broken, **find_kinds(readable.assign(near=near), data_type, cfg.clean)}
    reasons = {item: reason for found in kinds.values() for item, reason in found.items()}
    usable = items[~items["id"].isin(list(reasons))]
    if usable.empty:
        raise UserError(f"no item is usable; the first: {next(iter(reasons.values()))}.")
    before, after = hash_raw(items), hash_raw(data_type.list_items())
    if before != after:
        raise UserError("the raw data changed since `ingest`: run `ingest` again.")
    quarantine = items[items["id"].isin(list(reasons))][["id", "source"]]
    quarantine = quarantine.assign(reason=[reasons[item] for item in quarantine["id"]])
    # Renamed, since the first of a cluster may be in the quarantine.
    usable = usable.assign(near=name_first(usable["id"], near.where(near != "", items["id"])))
    warnings = find_losses(len(items), kinds) + find_crowds(usable)
    for warning in warnings:
        print(f"warning: {warning}")
    write_table(usable, data_dir / "clean.csv")
    write_table(quarantine, data_dir / "quarantine.csv")
    report = Report(
        stage="clean",
        figures={
            "items": len(items),
            "usable_items": len(usable),
            "quarantined_items": len(quarantine),
            "reasons": {kind: len(found) for kind, found in kinds.items()},
            "policy": to_plain(cfg.clean),
            "incomplete_items": len(data_type.find_missing(usable)),
            "near_items": int((usable["near"] != "").sum()),
            "near_clusters": usable["near"].nunique() - int((usable["near"] == "").any()),
            "warnings": warnings,
            "raw_hash_before": before,
            "raw_hash_after": after,
        },
        summary=f"{len(usable):,} usable, {describe(kinds)}, "
        f"{int((usable['near'] != '').sum())} near others; raw data unchanged",
    )
    report.add_file(data_dir / "clean.csv")
    report.add_file(data_dir / "quarantine.csv")
    return report


def find_kinds(
    items: pd.DataFrame, data_type: DataType, settings: DictConfig
) -> dict[str, dict[str, str]]:
    """Kind of problem -> id -> reason; an item appears under the first kind that meets it.

    Args:
        items: Readable items, with `near`.
        data_type: Tells which items lack values.
        settings: Of the stage: what is dropped.
    """
    searches = {"unexpected": find_unexpected, "unlabelled": find_unlabelled}
    if settings.missing == "drop":
        searches["incomplete"] = data_type.find_missing
    if settings.duplicates == "drop":  # kept, rows of one content may rightly differ in label
        searches |= {"conflicting": find_conflicts, "duplicate": find_duplicates}
    if settings.near_duplicates == "drop":
        searches["nearly duplicate"] = find_near_copies
    kinds = {}
    for kind, search in searches.items():
        kinds[kind] = search(items)
        items = items[~items["id"].isin(list(kinds[kind]))]
    return kinds


def find_unexpected(items: pd.DataFrame) -> dict[str, str]:
    """Items that ingest found outside the data's expectations."""
    return items[items["unexpected"] != ""].set_index("id")["unexpected"].to_dict()


def find_unlabelled(items: pd.DataFrame) -> dict[str, str]:
    """Items without a label."""
    return dict.fromkeys(items.loc[items["label"] == "", "id"], "has no label")


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
    first = items.groupby("hash")["id"].transform("first")
    repeated = first != items["id"]
    pairs = zip(items.loc[repeated, "id"], first[repeated], strict=True)
    return {item: f"same content as {original}" for item, original in pairs}


def find_near_copies(items: pd.DataFrame) -> dict[str, str]:
    """Every item but the first that is near, save its copies, which another policy rules.

    Those of another label stay, in the first one's cluster: nobody knows which label is right.
    """
    items = items[items["near"] != ""]
    first = items.groupby("near")[["id", "label", "hash"]].transform("first")
    later = items[(items["label"] == first["label"]) & (items["hash"] != first["hash"])]
    return {item: f"nearly the same as {first.at[row, 'id']}" for row, item in later["id"].items()}


def find_crowds(usable: pd.DataFrame) -> list[str]:
    """One sentence where one cluster of near duplicates takes a large part of the data."""
    counts = usable.loc[usable["near"] != "", "near"].value_counts()
    return [
        f"{count} of {len(usable)} items are near {name} or each other, and one split gets them "
        "all: raise clean.min_similarity if they are not the same."
        for name, count in counts.items()
        if count > LARGE_LOSS * len(usable)
    ]


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
