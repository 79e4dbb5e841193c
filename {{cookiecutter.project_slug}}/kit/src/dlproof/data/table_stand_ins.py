"""Numbers such as -999, which people write where a number is not known."""

from collections.abc import Sequence

import numpy as np

from .table_cells import Cells
from .table_settings import format_setting

STAND_INS = (-1.0, *(sign * (10.0**digits - 1) for digits in range(1, 8) for sign in (-1, 1)))
FEW, MANY = 5, 20  # different numbers beside it, from which on it can be told


def tell_stand_in(name: str, known: Cells, numbers: np.ndarray, missing: Sequence[str] = ()) -> str:
    """A sentence on a number that may mean "not known"; empty without one.

    Args:
        name: The column's.
        known: Its cells.
        numbers: What each word says, (W,).
        missing: Words that mean "not known" already.
    """
    value = find_stand_in(numbers, known.counts)
    if value is None:
        return ""
    same = numbers == value
    words, count, rest = known.words[same], known.counts[same].sum(), numbers[~same]
    unknown = format_setting("missing", name, [*missing, *words])
    return (
        f"column {name!r} is {words[0]} in {count} rows, apart from all its other "
        f"numbers ({rest.min():g} to {rest.max():g}): {unknown} if it means unknown"
    )


def find_stand_in(numbers: np.ndarray, counts: np.ndarray) -> float | None:
    """A number such as -999 that may mean "not known", since no other is near it; None without one.

    Args:
        numbers: Known ones, those that are written differently each for itself.
        counts: How often each stands.
    """
    for value in (float(numbers.min()), float(numbers.max())):
        if value not in STAND_INS:
            continue
        same = numbers == value
        rest = numbers[~same]
        different = len(np.unique(rest))
        if counts[same].sum() < 2 or different < FEW:
            continue
        low, high = float(rest.min()), float(rest.max())
        alone = value < 0 <= low and different > MANY  # among numbers that are never negative
        if alone or max(low - value, value - high) > high - low:
            return value
    return None
