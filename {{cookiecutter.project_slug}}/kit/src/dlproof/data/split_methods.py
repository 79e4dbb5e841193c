"""What belongs together, and ways to divide items by time or as a file says."""

import csv
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import UserError
from .image_classes import read_split_folders
from .store import SPLITS, TRAIN, VALIDATION


def link_items(items: pd.DataFrame) -> pd.Series:
    """The unit of every item: the first id among all that share its content, `group` or `near`.

    Items that are linked through others are one unit too; nothing may tear it apart.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(len(items))
    ends, starts = [], []
    for key in ("hash", "group", "near"):
        codes = pd.factorize(items[key])[0]
        repeated = (np.bincount(codes)[codes] > 1) & (items[key] != "").to_numpy()
        first = np.full(codes.max(initial=-1) + 1, -1)
        first[codes[::-1]] = rows[::-1]
        ends.append(rows[repeated])
        starts.append(first[codes[repeated]])
    links = (np.concatenate(ends), np.concatenate(starts))
    if not len(links[0]):
        return items["id"].rename(None)
    graph = coo_array((np.ones(len(links[0])), links), shape=(len(rows), len(rows)))
    _, parts = connected_components(graph, directed=False)
    order = np.argsort(items["id"].to_numpy(), kind="stable")
    named = np.empty(parts.max() + 1, np.int64)
    named[parts[order[::-1]]] = order[::-1]
    return pd.Series(
        items["id"].to_numpy()[named[parts]], index=items.index, dtype=items["id"].dtype
    )


def assign_by_time(items: pd.DataFrame, shares: dict[str, float]) -> pd.Series:
    """The split of every item, the earliest in train; `` for what no split may have.

    Equal times at a cut go to the earlier split, as long as that leaves something for the later
    ones. A unit that reaches over a cut keeps what lies in its first split, and the rest of it is
    left out: every time in train is before every one in validation, and those before test.

    Raises:
        UserError: A time does not parse, or there are fewer than three.
    """
    times = parse_times(items)
    codes = np.unique(times.to_numpy(), return_inverse=True)[1]
    cuts = choose_cuts(np.cumsum(np.bincount(codes)), shares)
    side = pd.Series(np.searchsorted(cuts, codes, side="left"), index=items.index)
    first = side.groupby(items["unit"]).transform("min")
    return side.map(dict(enumerate(SPLITS))).where(side == first, "")


def choose_cuts(counts: np.ndarray, shares: dict[str, float]) -> np.ndarray:
    """Positions of the last moment in train and of the last one in validation.

    Args:
        counts: Items up to each moment.
        shares: Split -> share.

    Raises:
        UserError: There are fewer than three moments.
    """
    if len(counts) < len(SPLITS):
        raise UserError(
            f"the items have {len(counts)} different times, and a split by time needs three: "
            "set data.time to a column with more distinct times, or choose another split."
        )
    total = counts[-1]
    cuts: list[int] = []
    for number, share in enumerate((shares[TRAIN], shares[TRAIN] + shares[VALIDATION])):
        wanted = max(round(total * share), 1)
        cut = int(np.searchsorted(counts, wanted))
        most = len(counts) - len(SPLITS) + number  # leaves a moment for each later split
        cuts.append(min(max(cut, cuts[-1] + 1 if cuts else 0), most))
    return np.array(cuts)


def parse_times(items: pd.DataFrame) -> pd.Series:
    """Times of items as numbers where all are, else as dates; both can be compared.

    Raises:
        UserError: One is neither a number nor an ISO date.
    """
    codes, words = pd.factorize(items["time"])  # many items share a time
    texts = pd.Series(words)
    times = pd.to_numeric(texts, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if times.notna().all():
        times = times.astype(np.float64)
    else:
        times = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    times = times.iloc[codes].set_axis(items.index).rename("time")
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
            raise UserError(f"{place}{row['id']!r} is not an item: see data/items.csv for the ids.")
        found[row["id"]] = row[column]
    return found
