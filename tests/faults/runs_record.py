"""Faults in the records of runs: of others, of long ago, unlike each other, or edited."""

import re
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from faults.harness import TABLES, Fault, Workspace
from faults.runs import BUSY, current_run, train_briefly


def overwrite_the_best_with_another(work):
    (last,) = sorted((work.root / "runs" / current_run(work)).glob("checkpoints/epoch-*"))[-1:]
    work.write("models/model.ckpt", last.read_bytes(), settled=False)


def edit_the_log(work):
    """In an editor, in place of training longer."""
    path = f"runs/{current_run(work)}/metrics.csv"
    text = (work.root / path).read_text()
    work.write(path, text.replace("0.9", "1.0"), settled=False)


def edit_the_record(work):
    work.edit(
        f"runs/{current_run(work)}/record.json",
        '"status": "finished"',
        '"status": "best"',
        settled=False,
    )


def edit_the_page_of_runs(work):
    work.edit("reports/runs.html", "finished", "won", settled=False)


def lock_another_torch(work):
    text = (work.root / "requirements.lock").read_text()
    work.write("requirements.lock", re.sub(r"(?m)^torch==\S+", "torch==99.0", text))


def lose_the_page_of_runs(work):
    work.remove("reports/runs.html")


def train_the_largest_first(work: Workspace) -> None:
    work.remove("runs")
    work.run("train", overrides=["model=mlp_base"])
    work.run("train")


def train_an_overfit_one_first(work: Workspace) -> None:
    """A smaller one, which knows four items by heart."""
    work.remove("runs")
    with pytest.MonkeyPatch.context() as monkeypatch:
        data = work.module("data.datamodule").SplitData
        monkeypatch.setattr(data, "draw", lambda self, _: np.tile(find_four(self.targets), 16))
        small = ["model.hidden_dim=64", "optimizer.lr=0.01", "trainer.max_epochs=10"]
        work.run("train", overrides=small)
    work.run("train")


def find_four(targets: np.ndarray) -> np.ndarray:
    """Places of two items of each of two classes."""
    return np.concatenate([np.flatnonzero(targets == code)[:2] for code in (0, 1)])


def train_years_ago(work: Workspace) -> None:
    class Then(datetime):
        """The clock of a machine in 2020."""

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2020, 1, 1, tzinfo=tz)

    work.patch("training.record", "datetime", Then)
    work.run("train")


def train_twice(work: Workspace) -> None:
    """A state of the project with two equal runs."""
    train_briefly(work)
    work.run("train")


def draw_from_another_seed(work: Workspace) -> None:
    """The record has the config's."""
    seed = work.find("training.train", "seed_everything")
    work.patch("training.train", "seed_everything", lambda number, **how: seed(number + 1, **how))
    work.run("train")


FAULTS = [
    Fault(
        "DL-27.3",
        "the best overwritten by a later one",
        overwrite_the_best_with_another,
        becomes="stale",
    ),
    Fault("DL-24.4", "a log that was edited", edit_the_log, becomes="stale"),
    Fault("DL-21.2", "a record that was edited", edit_the_record, becomes="stale"),
    Fault("ML-24", "a page of runs that was edited", edit_the_page_of_runs, becomes="stale"),
    Fault("DL-24.1", "another torch in the lock", lock_another_torch, becomes="stale"),
    Fault("ML-24", "no page of runs", lose_the_page_of_runs),
    Fault(
        "DL-16.1",
        "the largest model ran first",
        train_the_largest_first,
        also=BUSY,
        option_set=TABLES,
        given=train_briefly,
    ),
    Fault(
        "DL-16.3",
        "a larger model after one that overfits",
        train_an_overfit_one_first,
        also=BUSY,
        option_set=TABLES,
        given=train_briefly,
    ),
    Fault(
        "ML-13",
        "trained years ago",
        train_years_ago,
        also=BUSY,
        option_set=TABLES,
        given=train_briefly,
    ),
    Fault(
        "ML-25",
        "equal runs that end differently",
        draw_from_another_seed,
        also=BUSY,
        option_set=TABLES,
        given=train_twice,
    ),
]
