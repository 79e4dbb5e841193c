"""Processed data agrees with its items, is fitted on train alone, and knows its version."""

import json
from pathlib import Path

import numpy as np
import pytest
from dlproof.config import build, compose
from dlproof.data import preprocess
from dlproof.data.store import load_store
from dlproof.files import read_table
from dlproof.report import load_report


def test_arrays_targets_and_items_align(processed):
    store = load_store("data")
    for name, shape in store.state["data"]["shapes"].items():
        assert store.arrays[name].shape == (len(store.items), *shape)
    task = build(compose().task)
    again = task.encode(store.items["label"], store.state["task"])
    np.testing.assert_array_equal(again, store.targets)


def test_chunks_make_no_difference(processed, run, monkeypatch):
    before = {path.name: path.read_bytes() for path in Path("data/processed").iterdir()}
    monkeypatch.setattr(preprocess, "BATCH", 7)
    monkeypatch.setattr(preprocess, "CELLS", 7)
    run("preprocess")
    assert {path.name: path.read_bytes() for path in Path("data/processed").iterdir()} == before


def test_statistics_come_from_train_alone(processed, run):
    before = json.loads(Path("data/processed/state.json").read_text())
    items = read_table(processed / "data" / "clean.csv", "clean")
    splits = read_table(processed / "data" / "splits.csv", "split")
    gone = set(splits.loc[splits["split"] != "train", "id"].iloc[1:])
    items[~items["id"].isin(gone)].to_csv("data/clean.csv", index=False)
    run("preprocess")
    after = json.loads(Path("data/processed/state.json").read_text())
    assert before["data"] == after["data"]
    assert before["task"] == after["task"]
    assert before["version"] != after["version"]


def test_a_stage_that_fails_leaves_the_older_result(processed, run, monkeypatch):
    before = Path("data/processed/state.json").read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(preprocess, "write_json", fail)
    with pytest.raises(OSError, match="No space"):
        run("preprocess")
    assert Path("data/processed/state.json").read_bytes() == before
    assert not [path for path in Path("data").iterdir() if path.name.startswith(".")]


def test_explore_draws_labels_and_items(processed, run):
    report = run("explore")
    assert len(report.pictures) >= 2
    assert all((processed / "reports" / picture).stat().st_size for picture in report.pictures)
    assert report.figures["items"] == load_report("ingest", "reports").figures["items"]
