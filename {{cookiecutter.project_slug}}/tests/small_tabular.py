"""Raw data for the tests: `small_tabular.yaml` says how it is read and what runs on it."""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 120
NUMBERS = Path(__file__).parents[1].joinpath("configs", "task", "regression.yaml").exists()


def make_raw(folder):
    """Two numeric columns and a text column, some cells missing; the target depends on them."""
    generator = np.random.default_rng(0)
    width, height = generator.normal(10, 3, (2, ROWS))
    colour = generator.choice(["red", "green"], ROWS)
    value = width - height + 4 * (colour == "red") + generator.normal(0, 0.5, ROWS)
    target = value.round(3) if NUMBERS else np.where(value > 2, "big", "small")
    table = pd.DataFrame({"width": width, "height": height, "colour": colour, "target": target})
    table.loc[::20, "width"] = np.nan
    table.loc[5::20, "colour"] = None
    table.to_csv(folder / "raw.csv", index=False)
