"""What holds for every split: earlier assignments, warnings, what checks read."""

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..errors import UserError
from ..files import write_table
from ..report import Report, load_report
from .split_methods import read_assignment
from .store import SPLITS, TEST, TRAIN, VALIDATION

MAX_LISTED = 100  # strata, and items that are left out, in a report
SLACK = (2.0, 0.05)  # items, or share of a stratum's, by which a split may be off unsaid


def check_shares(shares: dict[str, float]) -> dict[str, float]:
    """Returns the shares.

    Raises:
        UserError: They do not sum to 1, or a split would stay empty.
    """
    total = sum(shares.values())
    if abs(total - 1) > 1e-6:
        told = " + ".join(f"{share:g}" for share in shares.values())
        raise UserError(
            f"split.train + validation + test = {told} = {total:g}: they must sum to 1."
        )
    empty = [split for split, share in shares.items() if share <= 0]
    if empty:
        raise UserError(f"split.{empty[0]}=0 leaves no item for a later stage: give it a share.")
    return shares


def write(
    cfg: DictConfig,
    items: pd.DataFrame,
    bins: dict[str, float],
    previous: dict[str, str],
    warnings: list[str],
) -> Report:
    """Writes `splits.csv`, prints every warning, and reports what checks read.

    Args:
        cfg: The composed config.
        items: With `bin`, empty for what is left out, `stratum` and `unit`.
        bins: Bin -> share.
        previous: Id -> bin as it was before.
        warnings: A sentence each.

    Raises:
        UserError: A split is empty.
    """
    path = Path(cfg.paths.data_dir, "splits.csv")
    items = items.assign(split=name_splits(items["bin"], cfg.split))
    check_sizes(items)
    warnings = warnings + find_torn(items) + find_tiny(items["split"], items["stratum"])
    for warning in warnings:
        print(f"warning: {warning}")
    placed = items[items["split"] != ""]
    write_table(placed[["id", "split", *["bin"] * (cfg.split.name == "kfold")]], path)
    figures = evidence(items, placed) | {
        "history": compare(dict(placed[["id", "bin"]].to_numpy()), previous),
        "settings": describe_settings(cfg, bins),
        "warnings": warnings,
    }
    summary = ", ".join(f"{size:,} {split}" for split, size in figures["items"].items())
    report = Report(stage="split", figures=figures, summary=summary)
    report.add_file(path)
    report.figures["version"] = report.files[path.as_posix()]
    return report


def describe_settings(cfg: DictConfig, bins: dict[str, float]) -> dict[str, Any]:
    """What an assignment holds for: with others, items are assigned afresh."""
    return {"name": cfg.split.name, "seed": cfg.seed, "bins": bins}


def read_previous(cfg: DictConfig, bins: dict[str, float]) -> dict[str, str]:
    """Id -> bin as it was before; empty for the first time and after other settings."""
    path, settings = Path(cfg.paths.data_dir, "splits.csv"), describe_settings(cfg, bins)
    if not path.exists():
        return {}
    try:
        made_by = load_report("split", cfg.paths.reports_dir).figures.get("settings")
    except UserError:
        made_by = None  # the file stands for itself: to move items would leak
    if made_by not in (None, settings):
        return {}
    if settings["name"] == "kfold":
        return read_assignment(path, settings["bins"], column="bin")
    return read_assignment(path, SPLITS)


def find_kept(
    items: pd.DataFrame, bins: dict[str, float], previous: dict[str, str]
) -> tuple[pd.Series, list[str]]:
    """The bin that each item's unit has had, or ``, and a sentence for each that had several.

    Those are units that new items or keys have joined: they go to train as a whole.
    """
    old = items["id"].map(lambda item: previous.get(item, ""))
    kept, warnings = {}, []
    for unit, found in old[old != ""].groupby(items["unit"]).unique().items():
        kept[unit] = found[0]
        if len(found) > 1:
            kept[unit] = TRAIN if TRAIN in bins else min(set(found) - {TEST})
            warnings.append(
                f"the group of {unit!r} joins items that were in {' and '.join(sorted(found))}: "
                f"all of it goes to {kept[unit]}, and figures of older models mean less."
            )
    return items["unit"].map(lambda unit: kept.get(unit, "")), warnings


def find_misses(found: pd.Series, strata: pd.Series, bins: dict[str, float]) -> list[str]:
    """A sentence on the stratum that groups, or earlier splits, keep furthest from its shares."""
    counts = pd.crosstab(strata, found).reindex(columns=list(bins), fill_value=0).stack()
    wanted = pd.Series([len(strata[strata == name]) * bins[split] for name, split in counts.index])
    gaps = (counts - wanted.to_numpy()).abs()
    name, split = gaps.idxmax()
    if gaps.max() <= max(SLACK[0], SLACK[1] * counts[name].sum()):
        return []
    return [
        f"{name!r} has {counts[name, split]} of {counts[name].sum()} items in {split}, where the "
        f"share is {bins[split]:g}: its groups, or where they were before, allow no better."
    ]


def name_splits(bins: pd.Series, split: DictConfig) -> pd.Series:
    """The split that each bin is: of folds, one is validation and the others are train."""
    if split.name != "kfold":
        return bins
    return bins.map(lambda name: {TEST: TEST, str(split.fold): VALIDATION}.get(name, TRAIN))


def check_sizes(items: pd.DataFrame) -> None:
    """Raises a UserError when a split is empty."""
    empty = [split for split in SPLITS if not (items["split"] == split).any()]
    if empty:
        raise UserError(
            f"{len(items)} items in {items['unit'].nunique()} groups are too few: "
            f"{', '.join(empty)} would be empty."
        )


def find_torn(items: pd.DataFrame) -> list[str]:
    """A sentence when groups are in several splits, as a predefined split may have them."""
    placed = items[items["split"] != ""]
    torn = placed.groupby("unit")["split"].nunique() > 1
    if not torn.any():
        return []
    first = placed[placed["unit"] == torn.idxmax()]
    return [
        f"{torn.sum()} groups are in several splits, which leaks: the first holds "
        f"{', '.join(first['id'][:3])} in {' and '.join(sorted(set(first['split'])))}."
    ]


def find_tiny(splits: pd.Series, strata: pd.Series) -> list[str]:
    """One sentence for each class that is missing in a split."""
    warnings = []
    for stratum, group in splits.groupby(strata):
        missing = [split for split in SPLITS if split not in set(group)]
        if missing:
            count = f"{len(group)} item" + "s" * (len(group) > 1)
            warnings.append(
                f"{stratum!r} has {count}, none in {' and '.join(missing)}: "
                "its figures there mean nothing; collect more."
            )
    return warnings


def evidence(items: pd.DataFrame, placed: pd.DataFrame) -> dict[str, Any]:
    """Figures of `split` that checks read: sizes, shares and strata, and what is left out."""
    sizes = {split: int((items["split"] == split).sum()) for split in SPLITS}
    left_out = items["id"][items["split"] == ""]
    return {
        "items": sizes,
        "shares": {split: round(size / len(placed), 4) for split, size in sizes.items()},
        "units": int(items["unit"].nunique()),
        "left_out": {"count": len(left_out), "items": left_out[:MAX_LISTED].tolist()},
        "strata": count_strata(placed["split"], placed["stratum"]),
    }


def compare(now: dict[str, str], before: dict[str, str]) -> dict[str, int]:
    """How many items kept their bin, are new, moved, and are gone."""
    same = sum(before.get(item) == name for item, name in now.items())
    both = len(now.keys() & before.keys())
    new, gone = len(now) - both, len(before) - both
    return {"kept": same, "new": new, "moved": both - same, "gone": gone}


def count_strata(splits: pd.Series, strata: pd.Series) -> dict[str, dict[str, int]]:
    """Stratum -> split -> items, of the largest strata."""
    largest = strata.value_counts().index[:MAX_LISTED]
    counts = pd.crosstab(strata, splits).reindex(columns=list(SPLITS), fill_value=0)
    counts = counts.loc[sorted(largest)]
    return {str(name): {s: int(row[s]) for s in SPLITS} for name, row in counts.iterrows()}
