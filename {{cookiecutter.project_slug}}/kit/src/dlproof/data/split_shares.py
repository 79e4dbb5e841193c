"""Division by shares: every stratum keeps its share in each bin, and groups stay whole."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from .store import SPLITS, TEST

REST = "rest"  # all that is not test
Counts = dict[str, dict[str, int]]  # stratum, or unit -> bin, or stratum -> items


def assign_by_shares(
    items: pd.DataFrame, bins: dict[str, float], seed: int, per_class: int = 1
) -> pd.Series:
    """The bin of every item; depends on the columns, shares and seed, not on the order of rows.

    First the test bin is filled and then, from what is left, the others, so that the same items
    are tested whatever becomes of the rest.

    Args:
        items: `unit`, `stratum` and `kept` (the bin that the unit has had, or nothing).
        bins: Bin -> share; `test` is one of them.
        seed: Orders units of one size.
        per_class: Items that every bin gets of each stratum that has one for each; with 0 shares
            come before that. The first bin gets one of every stratum in any case.
    """
    units = order_units(items, seed)
    groups = count_groups(items, units)
    sizes = items["stratum"].value_counts().sort_index().to_dict()
    least = {name: per_class if size >= len(SPLITS) else 0 for name, size in sizes.items()}
    taken = count_taken(items)
    halves = count_targets(sizes, {REST: 1 - bins[TEST], TEST: bins[TEST]}, sizes, least)
    old = units["kept"].mask((units["kept"] != "") & (units["kept"] != TEST), REST)
    parts = {TEST: taken.get(TEST, {}), REST: add_up(c for n, c in taken.items() if n != TEST)}
    placed = place(units.assign(kept=old), groups, halves, parts)
    shares = {name: share for name, share in bins.items() if name != TEST}
    totals = {name: half[REST] for name, half in halves.items()}
    targets = count_targets(sizes, shares, totals, least)
    rest = (placed == REST).to_numpy()
    placed[rest] = place(units[rest], groups, targets, taken).to_numpy()
    return items["unit"].map(placed).astype(object).rename(None)


def order_units(items: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The units in falling size: their `size`, the `stratum` of one item, and `kept`."""
    codes, names = pd.factorize(items["unit"])
    first = np.flatnonzero(~pd.Series(codes).duplicated())
    units = items[["stratum", "kept"]].iloc[first].set_axis(pd.Index(names, name="unit"))
    units["size"] = np.bincount(codes)
    hashes = b"".join([hash_key(seed, unit) for unit in names.tolist()])
    keys = np.frombuffer(hashes, ">u8").reshape(-1, 4)[:, 0]
    return units.iloc[np.lexsort((keys, -units["size"].to_numpy()))]


def count_groups(items: pd.DataFrame, units: pd.DataFrame) -> Counts:
    """Unit -> stratum -> items, of units with several items."""
    several = items[items["unit"].isin(units.index[units["size"] > 1])]
    counts: Counts = {}
    for (unit, stratum), size in several.groupby(["unit", "stratum"]).size().items():
        counts.setdefault(unit, {})[stratum] = int(size)
    return counts


def count_taken(items: pd.DataFrame) -> Counts:
    """Bin -> stratum -> items that keep it."""
    counts: Counts = {}
    for (name, stratum), size in items.groupby(["kept", "stratum"]).size().items():
        if name != "":
            counts.setdefault(name, {})[stratum] = int(size)
    return counts


def add_up(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sum of several counts by stratum."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def hash_key(seed: int, unit: str) -> bytes:
    """A place in an order that is random, and the same everywhere."""
    return hashlib.sha256(f"{seed}:{unit}".encode()).digest()


def count_targets(
    sizes: dict[str, int], shares: dict[str, float], totals: dict[str, int], least: dict[str, int]
) -> Counts:
    """Stratum -> bin -> items: its share of `sizes`, in whole items that sum to `totals`.

    What rounding takes from a bin in one stratum is owed to it in the next.
    """
    targets: Counts = {}
    owed = dict.fromkeys(shares, 0.0)
    for stratum, size in sizes.items():
        wanted = {name: size * share for name, share in shares.items()}
        targets[stratum] = round_counts(wanted, totals[stratum], owed, least[stratum])
        owed = {name: owed[name] + wanted[name] - targets[stratum][name] for name in shares}
    return targets


def round_counts(
    wanted: dict[str, float], total: int, owed: dict[str, float], each: int = 1
) -> dict[str, int]:
    """Whole numbers beside the wanted ones that sum to `total`; who is owed most is rounded up.

    As far as the items go, every bin gets `each`, the first bins first, and the first one item.
    """
    least = dict.fromkeys(wanted, 0) | dict.fromkeys(list(wanted)[:total], each)
    least |= dict.fromkeys(list(wanted)[: min(total, 1)], 1)
    counts = {name: max(least[name], math.floor(wanted[name] + 1e-9)) for name in wanted}

    def lack(name: str) -> tuple[bool, float]:
        return counts[name] < wanted[name], wanted[name] - counts[name] + owed[name]

    while sum(counts.values()) < total:
        counts[max(counts, key=lack)] += 1
    while sum(counts.values()) > total:
        counts[min((name for name in counts if counts[name] > least[name]), key=lack)] -= 1
    return counts


def place(units: pd.DataFrame, groups: Counts, targets: Counts, taken: Counts) -> pd.Series:
    """The bin of each unit: one that has a bin keeps it, others go where their strata lack most.

    Among whole numbers and single items that fills every target exactly; of groups, given in
    falling size, it lessens the squared error as far as one step can. The last groups go to bins
    that are still empty.

    Args:
        units: In falling size: `size`, `stratum` and `kept`.
        groups: Unit -> stratum -> items, of units with several.
        targets: Stratum -> bin -> items.
        taken: Bin -> stratum -> items that keep it.
    """
    names = list(next(iter(targets.values())))
    lacks = {
        stratum: {
            name: wanted - taken.get(name, {}).get(stratum, 0) for name, wanted in row.items()
        }
        for stratum, row in targets.items()
    }
    placed = units["kept"].to_numpy(object, copy=True)
    waiting = np.flatnonzero(placed == "")
    sizes, full = units["size"].to_numpy()[waiting], set(placed)
    several, single = waiting[sizes > 1], waiting[sizes == 1]
    placed[several] = place_groups(units.index[several], len(waiting), groups, lacks, full)
    strata = units["stratum"].to_numpy(object)[single]
    for stratum, members in pd.Series(single).groupby(strata, sort=False):
        lack = np.array([lacks[stratum][name] for name in names])
        placed[members] = np.array(names, object)[fill(lack, len(members))]
    return pd.Series(placed, units.index)


def place_groups(
    waiting: pd.Index, last: int, groups: Counts, lacks: Counts, full: set[str]
) -> list[str]:
    """The bins of groups, one after the other; what they take is taken from `lacks`.

    Args:
        waiting: Their units, in falling size.
        last: How many units wait, the single items behind them included.
        groups: Unit -> stratum -> items.
        lacks: Stratum -> bin -> items.
        full: Bins that hold something already.
    """
    names = list(next(iter(lacks.values())))
    empty = {name: None for name in names if name not in full}
    found = []
    for number, unit in enumerate(waiting):
        strata = groups[unit]
        chosen = max(
            empty if last - number <= len(empty) else names,
            key=lambda name: sum(size * lacks[key][name] for key, size in strata.items()),
        )
        empty.pop(chosen, None)
        found.append(chosen)
        for stratum, size in strata.items():
            lacks[stratum][chosen] -= size
    return found


def fill(lacks: np.ndarray, count: int) -> np.ndarray:
    """Positions of bins, (count,), that single items go to: each to the one that lacks most."""
    steps = np.arange(count)
    left = np.concatenate([lack - steps for lack in lacks])
    bins = np.repeat(np.arange(len(lacks)), count)
    return bins[np.lexsort((bins, -left))[:count]]
