"""What holds for every split: earlier assignments, warnings, what checks read."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..errors import UserError
from ..files import write_table
from ..report import Report
from .split_history import FRESH, History, describe_data, describe_settings, keep, look_up, recall
from .store import SPLITS, TEST, TRAIN, VALIDATION

MAX_LISTED = 100  # strata, and items that are left out, in a report
MAX_TOLD = 10  # classes that are missing in a split
SLACK = (2.0, 0.05)  # items, or share of a stratum's, by which a split may be off unsaid
__all__ = ["check_shares", "find_kept", "find_misses", "recall", "write"]


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
    history: History,
    warnings: list[str],
) -> Report:
    """Writes `splits.csv`, prints every warning, and reports what checks read.

    Args:
        cfg: The composed config.
        items: With `bin`, empty for what is left out, `stratum` and `unit`.
        bins: Bin -> share.
        history: Where the items were before.
        warnings: A sentence each.

    Raises:
        UserError: A split is empty.
    """
    path = Path(cfg.paths.data_dir, "splits.csv")
    items = items.assign(split=name_splits(items["bin"], cfg.split))
    check_sizes(items)
    warnings = [*history.warnings, *warnings, *tell_untested(items, history), *find_torn(items)]
    warnings += [*find_off(items, bins), *find_tiny(items["split"], items["stratum"])]
    for warning in warnings:
        print(f"warning: {warning}")
    placed = items[items["split"] != ""]
    write_table(placed[["id", "split", *["bin"] * (cfg.split.name == "kfold")]], path)
    figures = evidence(items, placed) | {
        "history": history.compare(items["bin"]),
        "settings": describe_settings(cfg, bins),
        **describe_data(cfg),
        "warnings": warnings,
    }
    summary = ", ".join(f"{size:,} {split}" for split, size in figures["items"].items())
    report = Report(stage="split", figures=figures, summary=summary)
    report.add_file(path)
    report.add_file(keep(cfg, items, history))
    report.figures["version"] = report.files[path.as_posix()]
    return report


def find_kept(
    items: pd.DataFrame, bins: dict[str, float], was: pd.Series, moved: str = "refuse"
) -> tuple[pd.Series, list[str]]:
    """The bin that each item's unit has had, or ``, and a sentence on units that had several.

    Those are units that new items or keys have joined: they go to train as a whole, unless items
    were tested.

    Args:
        items: With `unit`.
        bins: Bin -> share.
        was: The bin that each item had, or ``.
        moved: `refuse` or `allow` items that were tested to be trained on.

    Raises:
        UserError: Items that were tested would be trained on.
    """
    old = was[was != ""]
    units = items.loc[old.index, "unit"]
    kept = old.groupby(units).first()
    several = old.groupby(units).nunique()
    joined = several.index[several > 1]
    if joined.empty:
        return look_up(items["unit"], kept), []
    inside = units.isin(joined)
    tested = int((old[inside] == TEST).sum())
    first = items[items["unit"] == joined[0]]
    told = f"the first holds {', '.join(first['id'][:3])}"
    if tested and moved == "refuse":
        raise UserError(
            f"{tested} items that were tested would be trained on: {len(joined)} groups or near "
            f"duplicates join them with others, {told}. Remove the items that join them, {FRESH} "
            "(earlier models can then no longer be compared), or set split.moved=allow."
        )
    goal = TRAIN if TRAIN in bins else min(set(bins) - {TEST})
    kept[joined] = goal
    warnings = [
        f"{len(joined)} groups or near duplicates join {int(inside.sum())} items that were in "
        f"several of {', '.join(bins)}, {told}: all of them go to {goal}, {tested} were tested "
        "before, and the figures of older models mean less."
    ]
    return look_up(items["unit"], kept), warnings


def tell_untested(items: pd.DataFrame, history: History) -> list[str]:
    """A sentence on items that were tested and are not any more, as time or a file says."""
    found = items.loc[history.find_untested(items["bin"]), "id"]
    if found.empty:
        return []
    return [
        f"{len(found)} items that were in test before are in train or validation now, the first "
        f"{found.iloc[0]}: models that were tested on them cannot be compared with new ones."
    ]


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
        f"share is {bins[split]:g}: its groups, or earlier splits, allow nothing closer."
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
        groups = items["unit"].nunique()
        raise UserError(
            f"{len(items)} items in {groups} groups, which are kept whole, leave "
            f"{', '.join(empty)} empty: collect more, or set larger shares in split."
        )


def find_off(items: pd.DataFrame, bins: dict[str, float]) -> list[str]:
    """A sentence when the splits as a whole have other shares than were asked for."""
    placed = items.loc[items["bin"] != "", "bin"]
    if not bins or placed.empty:
        return []
    found = placed.value_counts().reindex(list(bins), fill_value=0)
    asked = pd.Series(bins)
    gaps = (found - len(placed) * asked).abs()
    if gaps.max() <= max(SLACK[0], SLACK[1] * len(placed)):
        return []
    sizes = items["stratum"].value_counts()
    few = int((sizes < 1 / asked.min()).sum())
    remedy = (
        f"{few} of {len(sizes)} classes have fewer than {math.ceil(1 / asked.min())} items, and "
        "each split gets one of every class: split.per_class=0 puts the shares first"
        if few > len(sizes) / 2 and placed.isin(SPLITS).all()
        else "groups, equal times or earlier splits allow nothing closer; set shares near these"
    )
    return [
        f"the splits have {'/'.join(f'{share:.0%}' for share in found / len(placed))} of the "
        f"items, not {'/'.join(f'{share:.0%}' for share in asked)} as requested: {remedy}."
    ]


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
    """One sentence for each class that is missing in a split, and one for those beyond the first.

    A class without an item in train is among the first.
    """
    counts = pd.crosstab(strata, splits).reindex(columns=list(SPLITS), fill_value=0)
    tiny = counts[(counts == 0).any(axis=1)].sort_values(TRAIN, kind="stable")
    warnings = []
    for stratum, row in tiny.head(MAX_TOLD).iterrows():
        missing = [split for split in SPLITS if not row[split]]
        count = f"{row.sum()} item" + "s" * int(row.sum() > 1)
        warnings.append(
            f"{stratum!r} has {count}, none in {' and '.join(missing)}: "
            "its figures there mean nothing; collect more."
        )
    if len(tiny) > MAX_TOLD:
        warnings.append(f"{len(tiny) - MAX_TOLD} more classes are also missing in a split.")
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


def count_strata(splits: pd.Series, strata: pd.Series) -> dict[str, dict[str, int]]:
    """Stratum -> split -> items, of the largest strata."""
    largest = strata.value_counts().index[:MAX_LISTED]
    counts = pd.crosstab(strata, splits).reindex(columns=list(SPLITS), fill_value=0)
    counts = counts.loc[sorted(largest)]
    return {str(name): {s: int(row[s]) for s in SPLITS} for name, row in counts.iterrows()}
