"""Ten numbers for `dvc metrics show`, of the reports that there are, and a run's curves."""

import csv
from pathlib import Path

from dlproof.config import flatten
from dlproof.files import read_json
from dlproof.headlines import select, write_headlines
from dlproof.report import Report
from dlproof.training.curves import write_curves
from omegaconf import OmegaConf

REPORTS = {
    "train": {"best_val_accuracy": 0.9, "parameters": 21_250, "epochs": 3},
    "export": {"megabytes": 0.1},
    "benchmark": {"raw_item": {"p95_ms": 4.2}},
    "evaluate": {
        "items": 57,
        "metrics": {"accuracy": 0.88, "f1_macro": 0.8},
        "interval": [0.8, 0.95],
        "best_baseline": "tree",
        "baselines": {"tree": {"accuracy": 0.85}, "constant": {"accuracy": 0.5}},
    },
    "monitor": {"watched": {"prediction": {"psi": 0.1}, "input/a": {"psi": 0.3}}},
}
LOG = """\
epoch,step,lr-AdamW,train/loss,val/loss,val/accuracy,train/accuracy
,0,0.001,,,,
0,9,,,0.5,0.7,
0,9,,0.6,,,0.65
,10,0.002,,,,
1,19,,,0.4,0.8,
1,19,,0.5,,,0.75
"""


def test_there_are_ten_numbers_each_from_where_it_was_measured():
    numbers = dict(
        flatten(select({name: Report(name, f) for name, f in REPORTS.items()}, "accuracy"))
    )
    assert numbers == {
        "validation.accuracy": 0.9,
        "test.accuracy": 0.88,
        "test.low": 0.8,
        "test.high": 0.95,
        "test.items": 57,
        "baseline.accuracy": 0.85,
        "model.parameters": 21_250,
        "model.megabytes": 0.1,
        "model.p95_ms": 4.2,
        "drift.psi": 0.3,
    }


def test_what_has_not_run_has_no_number(tmp_path):
    cfg = OmegaConf.create({"paths": {"reports_dir": str(tmp_path)}, "task": {"metric": "mae"}})
    write_headlines(cfg)
    assert not (tmp_path / "dvc").exists()
    Report("train", {"best_val_mae": 2.5}).write(tmp_path)
    write_headlines(cfg)
    assert read_json(tmp_path / "dvc" / "metrics.json") == {"validation": {"mae": 2.5}}


def test_curves_are_a_row_an_epoch_with_the_rate_that_came_before(tmp_path):
    (tmp_path / "metrics.csv").write_text(LOG)
    path = write_curves(tmp_path / "metrics.csv", tmp_path / "dvc" / "curves.csv", "accuracy")
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert [row["learning_rate"] for row in rows] == ["0.001", "0.002"]
    assert [row["val/accuracy"] for row in rows] == ["0.7", "0.8"]
    assert [row["train/loss"] for row in rows] == ["0.6", "0.5"]


def test_a_run_without_a_log_has_no_row(tmp_path):
    path = write_curves(tmp_path / "none.csv", tmp_path / "curves.csv", "mae")
    assert path.read_text() == "epoch,train/loss,val/loss,train/mae,val/mae,learning_rate\n"
    assert Path(path).exists()
