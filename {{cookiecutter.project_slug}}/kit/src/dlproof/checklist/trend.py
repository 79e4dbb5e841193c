"""Does a steady drift over time explain that later items have other numbers than earlier ones?"""

import numpy as np

from .tables import Row

SURE = 3.0  # standard errors
EXACT = 1e-9  # of the numbers' range: as much as rounding takes


def find_drift(rows: list[Row]) -> str:
    """What the drift is that leads from the training items to the later ones; empty if none does.

    Args:
        rows: Items of a split by time, with their number as `label`.
    """
    import pandas as pd

    from ..data.split_methods import parse_times

    items = pd.DataFrame([row for row in rows if row["split"]])
    times = pd.to_numeric(parse_times(items)).to_numpy(float)
    times = (times - times.min()) / (np.ptp(times) or 1.0)
    numbers = items["label"].astype(float).to_numpy()
    slope = fit_drift(times, numbers, (items["split"] != "train").to_numpy())
    return f"a drift of {slope:+.3g} over all the time explains it" if slope else ""


def fit_drift(times: np.ndarray, numbers: np.ndarray, late: np.ndarray) -> float:
    """Slope of a line through the early items that leads to the late ones; 0 if there is none.

    It must rise or fall beyond chance, and the mean of the late items lie on it as exactly as a
    line through so few can tell.

    Args:
        times: (N,).
        numbers: (N,).
        late: (N,) whether an item is one that the line must lead to.
    """
    centre, level = times[~late].mean(), numbers[~late].mean()
    along, count = times[~late] - centre, int((~late).sum())
    squares = float((along**2).sum())
    if count < 3 or squares == 0:
        return 0.0
    slope = float(along @ (numbers[~late] - level)) / squares
    residuals = numbers[~late] - level - slope * along
    spread = float(np.sqrt((residuals**2).sum() / (count - 2)))
    ahead = times[late].mean() - centre
    off = abs(numbers[late].mean() - level - slope * ahead)
    error = spread * np.sqrt(1 / count + 1 / late.sum() + ahead**2 / squares)
    rises = abs(slope) > SURE * spread / np.sqrt(squares)
    leads = off <= SURE * error + EXACT * np.ptp(numbers)
    return slope if rises and leads else 0.0
