"""Numbers such as -999, which people write where a number is not known."""

from collections.abc import Sequence

import pandas as pd

from .table_settings import format_setting

STAND_INS = (-1.0, *(sign * (10.0**digits - 1) for digits in range(1, 8) for sign in (-1, 1)))
FEW, MANY = 5, 20  # different numbers beside it, from which on it can be told


def tell_stand_in(
    name: str, known: pd.Series, numbers: pd.Series, missing: Sequence[str] = ()
) -> str:
    """A sentence on a number that may mean "not known"; empty without one.

    Args:
        name: The column's.
        known: Its cells.
        numbers: What they say.
        missing: Words that mean "not known" already.
    """
    value = find_stand_in(numbers)
    if value is None:
        return ""
    cells, rest = known[numbers == value], numbers[numbers != value]
    unknown = format_setting("missing", name, [*missing, *cells.unique()])
    return (
        f"column {name!r} is {cells.iloc[0]} in {len(cells)} rows, apart from all its other "
        f"numbers ({rest.min():g} to {rest.max():g}): {unknown} if it means unknown"
    )


def find_stand_in(numbers: pd.Series) -> float | None:
    """A number such as -999 that may mean "not known", since no other is near it; None without one.

    Args:
        numbers: Known ones.
    """
    for value in (float(numbers.min()), float(numbers.max())):
        if value not in STAND_INS:
            continue
        rest = numbers[numbers != value]
        different = rest.nunique()
        if len(numbers) - len(rest) < 2 or different < FEW:
            continue
        low, high = float(rest.min()), float(rest.max())
        alone = value < 0 <= low and different > MANY  # among numbers that are never negative
        if alone or max(low - value, value - high) > high - low:
            return value
    return None
