"""`clean`: quarantines what cannot be used, with the reason; raw data stays as it is."""

from pathlib import Path

import pandas as pd
from dlproof import DataType, Report, UserError, build, read_table
from dlproof.data import clean, name_near, refuse_crowd
from omegaconf import DictConfig, OmegaConf


def run(cfg: DictConfig) -> Report:
    """Writes `clean.csv` and `quarantine.csv`.

    The first holds usable items, with the first of their near duplicates in `near`; the second id,
    source and reason of the others.

    Raises:
        UserError: Raw data changed since `ingest`, no item is usable, or all are near each other.
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

    Equal rows of a table are natural, such as people of one class, age and sex, unless each row
    has an id; equal pictures, or rows that say who they are, are copies.
    """
    if cfg.clean.duplicates != "auto":
        return cfg
    are_rows = cfg.data.get("path") is not None and cfg.data.get("id") is None
    decided: DictConfig = OmegaConf.merge(
        cfg, {"clean": {"duplicates": "keep" if are_rows else "drop"}}
    )
    return decided


def find_kinds(
    items: pd.DataFrame, data_type: DataType, settings: DictConfig, are_classes: bool = True
) -> dict[str, dict[str, str]]:
    """Kind of problem -> id -> reason; an item appears under the first kind that meets it.

    Args:
        items: Readable items, with `near`.
        data_type: Tells which items lack values.
        settings: Of the stage: what is dropped.
        are_classes: Whether labels are classes; numbers of equal items are replicates.
    """
    searches = {"unexpected": find_unexpected, "unlabelled": find_unlabelled}
    if settings.missing == "drop":
        searches["incomplete"] = data_type.find_missing
    if settings.duplicates == "drop":  # kept, rows of one content may rightly differ in label
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
    """Items of identical content whose labels differ: nobody knows which is right, so all go."""
    repeated = items[items["hash"].duplicated(keep=False)]
    labels = repeated.groupby("hash")["label"].agg(lambda found: ", ".join(sorted(set(found))))
    several = repeated.groupby("hash")["label"].transform("nunique") > 1
    odd = repeated[several]
    told = "identical content is labelled " + labels[odd["hash"]].to_numpy(object)
    return dict(zip(odd["id"], told, strict=True))


def find_duplicates(items: pd.DataFrame) -> dict[str, str]:
    """Every item but the first of identical content and label."""
    repeated = items.duplicated(["hash", "label"])
    first = items[~repeated].set_index(["hash", "label"])["id"]
    later = items[repeated]
    originals = first.loc[list(zip(later["hash"], later["label"], strict=True))]
    pairs = zip(later["id"], originals, strict=True)
    return {item: f"same content as {original}" for item, original in pairs}


def find_near_copies(items: pd.DataFrame) -> dict[str, str]:
    """Every item but the first that is near, save its copies, which another policy rules.

    Those of another label stay, in the first one's cluster: nobody knows which label is right.
    """
    items = items[items["near"] != ""]
    first = items.groupby("near")[["id", "label", "hash"]].transform("first")
    later = items[(items["label"] == first["label"]) & (items["hash"] != first["hash"])]
    return {item: f"nearly the same as {first.at[row, 'id']}" for row, item in later["id"].items()}
