"""Random mixtures of what other people's tables hold: nothing is lost, changed or moved unsaid.

Rows grow three times: new ones come on top or below, some go, some come back, all are shuffled.
"""

import contextlib
import random
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.data.store import load_store
from dlproof.errors import UserError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ..projects import REGRESSION, TABLE, make_project, run_small

ROWS = 90
GRAIN = 2.0e-6  # of a deviation, or of the number where that is larger: what float32 rounds off
COLUMNS = ("measure", "moment", "northing", "grade", "word", "spelt", "coarse", "absent")


def draw_cell(kind, draw, label):
    """One cell as a file holds it."""
    cells = {
        "measure": lambda: f"{draw.gauss(50 + 5 * label, 10):.5f}",
        "moment": lambda: str(1_700_000_000_000 + draw.randrange(10**9)),
        "northing": lambda: f"{5_400_000 + draw.gauss(0, 20):.3f}",
        "grade": lambda: str(draw.randrange(5)),
        "word": lambda: draw.choice(["red", "green", "deep blue"]),
        "spelt": lambda: draw.choice(["red", "Red", " red", "R\u00e9d"]),
        "coarse": lambda: draw.choice("xy"),
        "absent": lambda: draw.choice(["", "1.5", "2.5", f"{draw.random():.4f}"]),
    }
    return cells[kind]()


def spell(number, draw):
    """A group as different people write it."""
    return draw.choice([str(number), f"{number}.0", f"{number:03d}", f" {number}"])


def make_row(name, columns, draw, is_class):
    """A row of known identity: `key`, which is left out of the file where no id is asked for."""
    label = draw.randrange(2)
    row = {kind: draw_cell(kind, draw, label) for kind in columns}
    target = "ab"[label] if is_class else f"{draw.gauss(label, 0.2):.2f}"
    return row | {"key": f"k{name}", "who": spell(name // 3, draw), "target": target}


def grow(rows, gone, columns, draw, is_class):
    """The rows a while later; identities are never used again."""
    last = max(int(row["key"][1:]) for row in [*rows, *gone]) + 1
    new = [make_row(last + n, columns, draw, is_class) for n in range(draw.randrange(1, 25))]
    back, gone[:] = gone[::2], gone[1::2]
    left = [row for row in rows if draw.random() < 0.85]
    gone += [row for row in rows if row not in left]
    order = draw.choice(["top", "below", "shuffled"])
    found = new + left + back if order == "top" else left + back + new
    return draw.sample(found, len(found)) if order == "shuffled" else found


def split_rows(run, rows, settings):
    """Runs the stages on the rows; returns identity -> split, and holds that none is lost."""
    pd.DataFrame(rows).drop(columns=[] if "data.id=key" in settings else "key").to_csv(
        "raw.csv", index=False
    )
    listed = run("ingest", *settings).figures
    cleaned = run("clean", *settings).figures
    divided = run("split", *settings).figures
    assert listed["items"] == len(rows) == cleaned["items"]
    assert cleaned["usable_items"] + sum(cleaned["reasons"].values()) == len(rows)
    assert sum(divided["items"].values()) + divided["left_out"]["count"] == cleaned["usable_items"]
    history = divided["history"]
    assert history["kept"] + history["new"] + history["moved"] == sum(divided["items"].values())
    numbers = {
        row["key"] if "data.id=key" in settings else f"row-{number:07d}": row["key"]
        for number, row in enumerate(rows, start=1)
    }
    placed = pd.read_csv("data/splits.csv", dtype=str)
    return {numbers[item]: split for item, split in placed[["id", "split"]].to_numpy()}


def split_unless_refused(run, rows, settings):
    """As `split_rows`; None where new rows join tested ones to others, which stops the stage."""
    try:
        return split_rows(run, rows, settings)
    except UserError as error:
        if "that were tested would be trained on" not in str(error):
            raise
        return None


def hold_numbers(run, settings):
    """No number of the arrays is off by more than float32 is, once it is normalised."""
    run("preprocess", *settings)
    store = load_store("data")
    raw = pd.read_csv("raw.csv", dtype=str, keep_default_na=False)
    raw.index = raw["key"] if "data.id=key" in settings else [f"row-{n + 1:07d}" for n in raw.index]
    for column, (name, fitted) in enumerate(store.state["data"]["numeric"].items()):
        true = pd.to_numeric(raw.loc[store.items["id"], name]).to_numpy(np.float64)
        kept = np.asarray(store.arrays["numeric"][:, column], np.float64)
        offset = fitted.get("offset", 0.0)
        off = np.abs(kept - (true - offset)) / fitted["std"]
        size = np.maximum(1, np.abs(true - offset - fitted["mean"]) / fitted["std"])
        assert np.array_equal(np.isnan(kept), np.isnan(true)), name
        assert np.nanmax(off / size) <= GRAIN, name


TABLES = (
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5, unique=True),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 10**6),
)


def hold_splits(columns, has_id, has_group, is_class, seed):
    draw, sort = random.Random(seed), TABLE if is_class else REGRESSION
    run = partial(run_small, "own", sort)
    chosen = ["data.id=key"] * has_id + ["data.group=who"] * has_group
    chosen += [] if has_group else ["data.drop=[who]"]
    columns = ["measure", *(kind for kind in columns if kind != "measure")]
    rows = [make_row(name, columns, draw, is_class) for name in range(ROWS)]
    gone, tested = [], set()
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder, "project"), "own", sort)
        with contextlib.chdir(Path(folder, "project")):
            for _ in range(4):
                splits = split_unless_refused(run, rows, chosen)
                if splits is None:
                    break
                trained = {name for name, split in splits.items() if split != "test"}
                assert not tested & trained
                tested |= splits.keys() - trained
                hold_numbers(run, chosen)
                rows = grow(rows, gone, columns, draw, is_class)


# Ten seconds an example; more of them are for who has the time.
@pytest.mark.parametrize("examples", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_no_row_is_lost_or_crosses_from_test_to_train(examples):
    limits = {"phases": [Phase.generate], "suppress_health_check": list(HealthCheck)}
    settings(max_examples=examples, **limits)(given(*TABLES)(hold_splits))()
