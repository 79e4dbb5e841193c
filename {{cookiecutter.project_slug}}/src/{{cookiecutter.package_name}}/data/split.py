"""`split`: assigns every usable item to train, validation or test in `data/splits.csv`."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..configuration import build
from ..errors import UserError
from ..report import Report
from .ingest import read_table, write_table
from .store import SPLITS, TEST, TRAIN, VALIDATION

MAX_LISTED = 100  # strata in a report


def run(cfg: DictConfig) -> Report:
    """Splits by shares, seeded; `split=stratified` keeps every class's share in each split.

    Raises:
        UserError: The shares do not sum to 1, there are too few items, or the labels do not suit
            the task.
    """
    data_dir = Path(cfg.paths.data_dir)
    shares = check_shares({split: float(cfg.split[split]) for split in SPLITS})
    items = read_table(data_dir / "clean.csv", "clean")
    task = build(cfg.task)
    task.fit(items["label"])  # refuses unsuitable labels before anything is built on them
    strata = task.strata(items["label"])
    groups = strata if cfg.split.name == "stratified" else pd.Series("all", index=items.index)
    items["split"] = assign(items["id"], groups, shares, cfg.seed)
    check_sizes(items["split"])
    warnings = find_tiny(items["split"], strata)
    for warning in warnings:
        print(f"warning: {warning}")
    path = data_dir / "splits.csv"
    write_table(items[["id", "split"]], path)
    sizes = {split: int((items["split"] == split).sum()) for split in SPLITS}
    report = Report(
        stage="split",
        figures={
            "items": sizes,
            "shares": {split: round(size / len(items), 4) for split, size in sizes.items()},
            "strata": count_strata(items["split"], strata),
            "warnings": warnings,
        },
        summary=", ".join(f"{size:,} {split}" for split, size in sizes.items()),
    )
    report.add_file(path)
    report.figures["version"] = report.files[path.as_posix()]
    return report


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


def assign(ids: pd.Series, strata: pd.Series, shares: dict[str, float], seed: int) -> pd.Series:
    """The split of every item; depends on ids, strata, shares and seed alone, not on row order.

    Within a stratum, items are ordered by a hash of seed and id and cut at the shares; what
    rounding takes from a split in one stratum is owed to it in the next.
    """
    keys = [hashlib.sha256(f"{seed}:{item}".encode()).hexdigest() for item in ids]
    table = pd.DataFrame({"key": keys, "stratum": strata.to_numpy()}, index=ids.index)
    splits = pd.Series("", index=ids.index, dtype=object)
    owed = dict.fromkeys(shares, 0.0)
    for _, group in table.groupby("stratum", sort=True):
        wanted = {split: len(group) * share + owed[split] for split, share in shares.items()}
        counts = round_counts(wanted, len(group))
        owed = {split: wanted[split] - counts[split] for split in shares}
        ordered = group.sort_values("key").index
        splits[ordered] = np.repeat(list(counts), list(counts.values()))
    return splits


def round_counts(wanted: dict[str, float], total: int) -> dict[str, int]:
    """Whole counts near the wanted ones that sum to `total`.

    From three items on each split gets one; two go to train and test, a single one to train.
    """
    least = dict.fromkeys(wanted, 0) | dict.fromkeys((TRAIN, TEST, VALIDATION)[:total], 1)
    counts = {split: max(least[split], int(value + 1e-9)) for split, value in wanted.items()}
    while sum(counts.values()) < total:
        counts[max(counts, key=lambda split: wanted[split] - counts[split])] += 1
    while sum(counts.values()) > total:
        spare = [split for split in counts if counts[split] > least[split]]
        counts[min(spare, key=lambda split: wanted[split] - counts[split])] -= 1
    return counts


def check_sizes(splits: pd.Series) -> None:
    """Raises a UserError when a split is empty."""
    empty = [split for split in SPLITS if not (splits == split).any()]
    if empty:
        raise UserError(f"{len(splits)} items are too few: {', '.join(empty)} would be empty.")


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


def count_strata(splits: pd.Series, strata: pd.Series) -> dict[str, dict[str, int]]:
    """Stratum -> split -> items, of the largest strata."""
    largest = strata.value_counts().index[:MAX_LISTED]
    counts = pd.crosstab(strata, splits).reindex(columns=list(SPLITS), fill_value=0)
    counts = counts.loc[sorted(largest)]
    return {str(name): {s: int(row[s]) for s in SPLITS} for name, row in counts.iterrows()}
