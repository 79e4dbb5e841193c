"""`clean`: quarantines what cannot be used, with the reason; raw data stays as it is."""

from pathlib import Path

import pandas as pd
from dlproof import DataType, Report, UserError, build, read_table
from dlproof.data import clean, name_near, refuse_crowd
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Writes `clean.csv` and `quarantine.csv`.

    `clean.csv` lists the usable items, with the first of their near duplicates in `near`;
    `quarantine.csv` lists id, source and reason of the others.

    Raises:
        UserError: Raw data changed since `ingest`, no item is usable, or all are near duplicates.
    """
    cfg = decide_duplicates(cfg)
    data_type: DataType = build(cfg.data)
    items = read_table(Path(cfg.paths.data_dir, "items.csv"), "ingest")
    broken = data_type.find_problems(items)
    readable = items[~items["id"].isin(list(broken))]
    near = name_near(readable, data_type, cfg.clean.min_similarity)
    readable = readable.assign(near=near)
    refuse_crowd(readable, cfg.clean.min_similarity)
    kinds = {"unreadable": broken}
    kinds |= find_kinds(readable, data_type, cfg.clean, cfg.task.name == "classification")
    reasons = {item: reason for found in kinds.values() for item, reason in found.items()}
    usable = items[~items["id"].isin(list(reasons))]
    if usable.empty:
        hint = " (clean.duplicates=keep keeps equal items)" if kinds.get("conflicting") else ""
        raise UserError(f"no item is usable; the first: {next(iter(reasons.values()))}{hint}.")
    return clean.write(cfg, data_type, items, usable.assign(near=near), kinds)


def decide_duplicates(cfg: DictConfig) -> DictConfig:
    """The config with `clean.duplicates=auto` decided.

    A table may well have equal rows, such as two people of the same class, age and sex. Equal
    images, or equal rows of a table where each row has an id, are copies.
    """
    if cfg.clean.duplicates != "auto":
        return cfg
    are_rows = cfg.data.get("path") is not None and cfg.data.get("id") is None
    decided = cfg.copy()
    decided.clean.duplicates = "keep" if are_rows else "drop"
    return decided


def find_kinds(
    items: pd.DataFrame, data_type: DataType, settings: DictConfig, are_classes: bool = True
) -> dict[str, dict[str, str]]:
    """Kind of problem -> id -> reason; an item appears only under the first kind that applies.

    Args:
        items: Readable items, with `near`.
        data_type: Finds the items that lack values.
        settings: Config group `clean`: what is dropped.
        are_classes: Whether labels are classes; equal items with different numbers are replicates.
    """
    searches = {"unexpected": find_unexpected, "unlabelled": find_unlabelled}
    if settings.missing == "drop":
        searches["incomplete"] = data_type.find_missing
    if settings.duplicates == "drop":  # where kept, equal rows may rightly differ in label
        searches |= {"conflicting": find_conflicts} if are_classes else {}
        searches["duplicate"] = find_duplicates
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
    """Items of identical content whose labels differ: no label can be trusted, so all go."""
    repeated = items[items["hash"].duplicated(keep=False)]
    labels = repeated.groupby("hash")["label"].agg(lambda found: ", ".join(sorted(set(found))))
    several = repeated.groupby("hash")["label"].transform("nunique") > 1
    odd = repeated[several]
    reasons = "identical content is labelled " + labels[odd["hash"]].to_numpy(object)
    return dict(zip(odd["id"], reasons, strict=True))


def find_duplicates(items: pd.DataFrame) -> dict[str, str]:
    """All but the first of the items with identical content and label."""
    repeated = items.duplicated(["hash", "label"])
    first = items[~repeated].set_index(["hash", "label"])["id"]
    later = items[repeated]
    originals = first.loc[list(zip(later["hash"], later["label"], strict=True))]
    pairs = zip(later["id"], originals, strict=True)
    return {item: f"same content as {original}" for item, original in pairs}


def find_near_copies(items: pd.DataFrame) -> dict[str, str]:
    """All but the first of each near-duplicate cluster; its exact copies are `find_duplicates`'.

    Items with another label than the first stay in its cluster: nobody knows which is right.
    """
    items = items[items["near"] != ""]
    first = items.groupby("near")[["id", "label", "hash"]].transform("first")
    later = items[(items["label"] == first["label"]) & (items["hash"] != first["hash"])]
    return {item: f"nearly the same as {first.at[row, 'id']}" for row, item in later["id"].items()}
