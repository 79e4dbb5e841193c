"""`clean`: quarantines what cannot be used, with the reason; raw data stays as it is."""

from pathlib import Path

import pandas as pd
from dlproof import DataType, Report, UserError, build, read_table
from dlproof.data import clean, name_near, refuse_crowd
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Writes `clean.csv` and `quarantine.csv`.

    The first holds usable items, with the first of their near duplicates in `near`; the second id,
    source and reason of the others.

    Raises:
        UserError: Raw data changed since `ingest`, no item is usable, or all are near each other.
    """
    data_type: DataType = build(cfg.data)
    items = read_table(Path(cfg.paths.data_dir, "items.csv"), "ingest")
    broken = data_type.find_problems(items)
    readable = items[~items["id"].isin(list(broken))]
    near = name_near(readable, data_type, cfg.clean.min_similarity)
    refuse_crowd(readable.assign(near=near), cfg.clean.min_similarity)
    kinds = {"unreadable": broken, **find_kinds(readable.assign(near=near), data_type, cfg.clean)}
    reasons = {item: reason for found in kinds.values() for item, reason in found.items()}
    usable = items[~items["id"].isin(list(reasons))]
    if usable.empty:
        raise UserError(f"no item is usable; the first: {next(iter(reasons.values()))}.")
    return clean.write(cfg, data_type, items, usable.assign(near=near), kinds)


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
