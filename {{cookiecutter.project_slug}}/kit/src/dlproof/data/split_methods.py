"""Ways to divide items: by shares of every stratum, by time, or as a file says; groups whole."""

import csv
import hashlib
import math
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import UserError
from .image_classes import read_split_folders
from .store import SPLITS, TEST, TRAIN, VALIDATION

REST = "rest"  # all that is not test
Counts = dict[str, dict[str, int]]  # stratum, or unit -> bin, or stratum -> items


def link_items(items: pd.DataFrame) -> pd.Series:
    """The unit of every item: the first id among all that share its content, `group` or `near`.

    Items that are linked through others are one unit too; nothing may tear it apart.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = pd.Series(np.arange(len(items)), index=items.index)
    firsts = [
        rows.where(items[key] == "", rows.groupby(items[key]).transform("min"))
        for key in ("hash", "group", "near")
    ]
    ends = (np.tile(rows, len(firsts)), np.concatenate(firsts))
    links = coo_array((np.ones(len(ends[0])), ends), shape=(len(rows), len(rows)))
    _, parts = connected_components(links, directed=False)
    return items["id"].groupby(parts).transform("min")


def assign_by_shares(items: pd.DataFrame, bins: dict[str, float], seed: int) -> pd.Series:
    """The bin of every item; depends on the columns, shares and seed, not on the order of rows.

    First the test bin is filled and then, from what is left, the others, so that the same items
    are tested whatever becomes of the rest.

    Args:
        items: `unit`, `stratum` and `kept` (the bin that the unit has had, or nothing).
        bins: Bin -> share; `test` is one of them.
        seed: Orders units of one size.
    """
    counts: Counts = {}
    for (unit, stratum), size in items.groupby(["unit", "stratum"]).size().items():
        counts.setdefault(unit, {})[stratum] = int(size)
    order = sorted(counts, key=lambda unit: (-sum(counts[unit].values()), hash_key(seed, unit)))
    counts = {unit: counts[unit] for unit in order}
    kept = dict(items.loc[items["kept"] != "", ["unit", "kept"]].to_numpy())
    sizes = items["stratum"].value_counts().sort_index().to_dict()
    halves = count_targets(sizes, {REST: 1 - bins[TEST], TEST: bins[TEST]}, sizes)
    old = {unit: TEST if name == TEST else REST for unit, name in kept.items()}
    placed = place(counts, halves, old)
    left = {unit: strata for unit, strata in counts.items() if placed[unit] == REST}
    shares = {name: share for name, share in bins.items() if name != TEST}
    targets = count_targets(sizes, shares, {name: half[REST] for name, half in halves.items()})
    placed |= place(left, targets, kept)
    return items["unit"].map(placed)


def hash_key(seed: int, unit: str) -> str:
    """A place in an order that is random, and the same everywhere."""
    return hashlib.sha256(f"{seed}:{unit}".encode()).hexdigest()


def count_targets(
    sizes: dict[str, int], shares: dict[str, float], totals: dict[str, int]
) -> Counts:
    """Stratum -> bin -> items: its share of `sizes`, in whole items that sum to `totals`.

    What rounding takes from a bin in one stratum is owed to it in the next.
    """
    targets: Counts = {}
    owed = dict.fromkeys(shares, 0.0)
    for stratum, size in sizes.items():
        wanted = {name: size * share for name, share in shares.items()}
        targets[stratum] = round_counts(wanted, totals[stratum], owed)
        owed = {name: owed[name] + wanted[name] - targets[stratum][name] for name in shares}
    return targets


def round_counts(wanted: dict[str, float], total: int, owed: dict[str, float]) -> dict[str, int]:
    """Whole numbers beside the wanted ones that sum to `total`; who is owed most is rounded up.

    As far as the items go, every bin gets one, the first bins first.
    """
    least = dict.fromkeys(wanted, 0) | dict.fromkeys(list(wanted)[:total], 1)
    counts = {name: max(least[name], math.floor(wanted[name] + 1e-9)) for name in wanted}

    def lack(name: str) -> tuple[bool, float]:
        return counts[name] < wanted[name], wanted[name] - counts[name] + owed[name]

    while sum(counts.values()) < total:
        counts[max(counts, key=lack)] += 1
    while sum(counts.values()) > total:
        counts[min((name for name in counts if counts[name] > least[name]), key=lack)] -= 1
    return counts


def place(counts: Counts, targets: Counts, kept: dict[str, str]) -> dict[str, str]:
    """Unit -> bin: one that has a bin keeps it, each other one goes where its strata lack most.

    Among whole numbers and single items that fills every target exactly; of groups, given in
    falling size, it lessens the squared error as far as one step can. The last groups go to bins
    that are still empty.
    """
    lacks = {stratum: dict(bins) for stratum, bins in targets.items()}
    names = list(next(iter(targets.values())))
    empty = dict.fromkeys(names)
    placed: dict[str, str] = {}
    waiting = [unit for unit in counts if unit not in kept]
    for number, unit in enumerate([*(unit for unit in counts if unit in kept), *waiting]):
        strata = counts[unit]
        last = len(counts) - number <= len(empty) and sum(strata.values()) > 1
        chosen = kept.get(unit) or max(
            empty if last else names,
            key=lambda name: sum(size * lacks[key][name] for key, size in strata.items()),
        )
        placed[unit] = chosen
        empty.pop(chosen, None)
        for stratum, size in strata.items():
            lacks[stratum][chosen] -= size
    return placed


def assign_by_time(items: pd.DataFrame, shares: dict[str, float]) -> pd.Series:
    """The split of every item, the earliest in train; `` for what no split may have.

    Equal times at a cut go to the earlier split. A unit that reaches over a cut keeps what lies in
    its first split, and the rest of it is left out: every time in train is before every one in
    validation, and those before test.

    Raises:
        UserError: A time does not parse.
    """
    times = parse_times(items)
    ordered = times.sort_values(ignore_index=True)
    side = pd.Series(0, index=items.index)
    for share in (shares[TRAIN], shares[TRAIN] + shares[VALIDATION]):
        side += times > ordered[max(round(len(ordered) * share), 1) - 1]
    first = side.groupby(items["unit"]).transform("min")
    return side.map(dict(enumerate(SPLITS))).where(side == first, "")


def parse_times(items: pd.DataFrame) -> pd.Series:
    """Times of items as numbers where all are, else as dates; both can be compared.

    Raises:
        UserError: One is neither a number nor an ISO date.
    """
    numbers = pd.to_numeric(items["time"], errors="coerce").replace([np.inf, -np.inf], np.nan)
    if numbers.notna().all():
        return numbers.astype(np.float64)
    times = pd.to_datetime(items["time"], errors="coerce", format="ISO8601", utc=True)
    if times.isna().any():
        wrong = items[times.isna()].iloc[0]
        raise UserError(
            f"{wrong['source']}: the time {wrong['time']!r} (data.time) does not parse: write "
            "all times as dates like 2024-01-31 or 2024-01-31T12:00, or all as numbers."
        )
    return times


def read_assignment(
    path: Path, names: Collection[str], ids: Collection[str] | None = None, column: str = "split"
) -> dict[str, str]:
    """Id -> bin, from a CSV with the columns `id` and `column`, or from the folders of a root.

    Args:
        path: The file, or the folder that holds train, validation and test.
        names: Bins that there are.
        ids: Items that there are; each must have its row.
        column: Holds the bin.

    Raises:
        UserError: Names the file and the row of the first fault.
    """
    if path.is_dir():
        return read_split_folders(path, ids or ())
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise UserError(f"{path} is not readable: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is not a CSV in UTF-8 ({error}): save it as one.") from error
    found: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        place = f"{path} row {number}: "
        if row.get("id") is None or row.get(column) is None:
            raise UserError(f"{place}has no 'id' or no {column!r}: it needs both columns.")
        if row["id"] in found:
            raise UserError(f"{place}{row['id']!r} has a row already: remove one.")
        if row[column] not in names:
            raise UserError(f"{place}{column} {row[column]!r} is none of {', '.join(names)}.")
        if ids is not None and row["id"] not in ids:
            raise UserError(f"{place}{row['id']!r} is no item: see data/items.csv for their ids.")
        found[row["id"]] = row[column]
    return found
