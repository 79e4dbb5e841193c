"""Cross-validation scores every item once, and leaves the project as it was."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.errors import UserError
from dlproof.files import hash_tree
from toy import train

SHORT = (
    "split.folds=3",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "logger=[csv]",
    "loader.batch_size=16",
)


def read_splits(folder):
    table = pd.read_csv(folder / "splits.csv", dtype=str)
    return {split: set(table["id"][table["split"] == split]) for split in set(table["split"])}


def test_every_item_is_validated_once_and_the_projects_test_items_never(processed, run):
    run("split", "split=random", "seed=7")
    tested = read_splits(processed / "data")["test"]
    usable = set(pd.read_csv("data/clean.csv", dtype=str)["id"])
    report = run("crossvalidate", *SHORT)
    folds = [read_splits(Path(report.figures["runs"], f"fold-{i}", "data")) for i in range(3)]
    held = folds[0]["test"]
    assert all(fold["test"] == held for fold in folds)
    assert tested <= held
    validated = [item for fold in folds for item in fold["validation"]]
    assert len(validated) == len(set(validated))
    assert set(validated) == usable - held


def test_folds_are_aggregated_and_the_project_stays_as_it_was(processed, run):
    before = {name: hash_tree(name) for name in ("data", "models", "reports")}
    report = run("crossvalidate", *SHORT)
    Path("reports/crossvalidate.json").unlink()
    assert {name: hash_tree(name) for name in before} == before
    figures = report.figures
    values = [fold["metrics"][figures["metric"]] for fold in figures["folds"]]
    found = figures["metrics"][figures["metric"]]
    assert found["mean"] == pytest.approx(np.mean(values))
    assert found["std"] == pytest.approx(np.std(values, ddof=1))
    assert found["interval"][0] <= found["mean"] <= found["interval"][1]
    assert report.summary.startswith(f"{figures['metric']} {found['mean']:.4g} [")
    assert report.summary.endswith("over 3 folds")


def test_a_folds_score_is_that_of_its_best_epoch(processed, run):
    report = run("crossvalidate", *SHORT)
    for fold in report.figures["folds"]:
        folder = Path(report.figures["runs"], f"fold-{fold['fold']}", "runs")
        record = json.loads(next(folder.glob("*/record.json")).read_text())
        metric = report.figures["metric"]
        assert fold["metrics"][metric] == pytest.approx(record[f"best_val_{metric}"], rel=1e-4)


def test_a_stop_between_folds_leaves_nothing(processed, run, monkeypatch):
    calls = []

    def stop_at_the_second(cfg):
        calls.append(cfg.split.fold)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return kept(cfg)

    kept = train.run
    monkeypatch.setattr(train, "run", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run("crossvalidate", *SHORT)
    assert calls == [0, 1]
    assert not list(Path("runs/crossvalidate").iterdir())
    assert not Path("reports/crossvalidate.json").exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [("loader=stream", "use loader=default"), ("trainer.devices=2", "trainer.devices=1")],
)
def test_what_folds_cannot_do_is_a_sentence(processed, run, override, words):
    with pytest.raises(UserError, match=words):
        run("crossvalidate", *SHORT, override)
    assert not Path("runs").exists()
