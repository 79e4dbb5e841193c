"""Models of older and of smaller shares are judged on the same items, and the project stays."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.config import compose
from dlproof.data.store import load_store
from dlproof.errors import UserError
from dlproof.evaluation import staleness
from dlproof.files import hash_tree
from omegaconf import OmegaConf

SHORT = (
    "staleness.epochs=2",
    "staleness.shares=[0.3,0.6]",
    "optimizer.lr=1e-2",
    "loader.batch_size=16",
    "trainer.accelerator=cpu",
    "evaluate.resamples=50",
    "augmentation=none",
)


def test_every_share_is_judged_on_the_validation_items_and_the_project_stays(checked, run):
    before = {name: hash_tree(name) for name in ("data", "models")}
    report = run("staleness", *SHORT)
    assert {name: hash_tree(name) for name in before} == before
    figures, store = report.figures, load_store("data")
    rows = figures["shares"]
    assert [row["share"] for row in rows] == [0.3, 0.6, 1.0]
    assert rows[-1]["train_items"] == len(store.rows("train"))
    assert figures["items"] == len(store.rows("validation"))
    assert figures["by"] == "share"
    assert rows[-1]["gain"] == 0
    for row in rows:
        assert row["gain"] == pytest.approx(np.mean(rows[-1]["scores"]) - np.mean(row["scores"]))
        assert row["interval"][0] <= row["gain"] <= row["interval"][1]
    assert [Path("reports", name).exists() for name in report.pictures] == [True]
    assert report.summary.startswith("with 30% of the training items, accuracy is worse by ")


def test_a_smaller_share_takes_as_many_steps_on_its_own_statistics(checked, declared, monkeypatch):
    seen = []

    def note(project, own, seeds, epochs):
        store = load_store(own.paths.data_dir)
        seen.append((set(store.items["id"]), store.rows("train"), epochs))
        return np.zeros(4, int), np.full((4, len(seeds), 2), 0.5)

    monkeypatch.setattr(staleness, "train_on_seeds", note)
    staleness.run(compose([*SHORT, "staleness.epochs=3"]), declared)
    whole, splits = load_store("data"), pd.read_csv("data/splits.csv", dtype=str)
    tested = set(splits["id"][splits["split"] == "test"])
    assert [epochs for *_, epochs in seen] == [10, 5, 3]
    assert all(not ids & tested for ids, *_ in seen)
    assert seen[0][0] < seen[1][0] < seen[2][0]  # each share holds the smaller ones
    assert len(seen[2][1]) == len(whole.rows("train"))


@pytest.fixture
def dated():
    """Six training items, out of order, and two of validation, which are the newest."""
    days = [5, 1, 4, 2, 3, 6, 8, 10]
    return pd.DataFrame(
        {
            "id": [f"item {day}" for day in days],
            "split": ["train"] * 6 + ["validation"] * 2,
            "time": [f"2024-01-{day:02d}" for day in days],
            "source": "table.csv",
        }
    )


def test_with_times_a_share_holds_the_oldest_items_and_says_how_old_they_are(dated):
    cfg = OmegaConf.create({"data": {"time": "taken"}, "seed": 0})
    order = staleness.sort_by_age(cfg, dated)
    assert [dated["time"][row][-1] for row in order] == list("123456")
    found = staleness.describe_share(cfg, dated, order, 0.5)
    assert (found["train_items"], found["until"], found["days"]) == (3, "2024-01-03", 7)
    numbers = dated.assign(time=[time[-2:] for time in dated["time"]])
    assert staleness.describe_share(cfg, numbers, order, 0.5)["days"] is None


def test_a_share_without_one_of_the_classes_is_refused_with_the_remedy(checked, run):
    with pytest.raises(UserError, match=r"too few to train on .* staleness\.shares"):
        run("staleness", *SHORT, "staleness.shares=[0.001,0.5]")
    assert not Path("reports/staleness.json").exists()
