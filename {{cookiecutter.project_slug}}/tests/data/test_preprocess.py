"""Processed data agrees with its items and is fitted on train only."""

from pathlib import Path

import numpy as np
import pytest
from dlproof import build, read_table, write_table
from dlproof.data import load_store

pytestmark = pytest.mark.pipeline


def test_arrays_targets_and_items_align(processed, compose):
    store, cfg = load_store("data"), compose()
    data_type, task = build(cfg.data), build(cfg.task)
    again = data_type.encode(data_type.read(store.items), store.state["data"])
    for name, shape in store.state["data"]["shapes"].items():
        assert store.arrays[name].shape == (len(store.items), *shape)
        np.testing.assert_array_equal(again[name], store.arrays[name])
    targets = task.encode(store.items["label"], store.state["task"])
    np.testing.assert_array_equal(targets, store.targets)


def test_statistics_come_from_train_alone(processed, run):
    before = load_store("data").state
    items = read_table(Path("data/clean.csv"), "clean")
    splits = read_table(Path("data/splits.csv"), "split")
    gone = set(splits.loc[splits["split"] != "train", "id"].iloc[1:])
    write_table(items[~items["id"].isin(gone)], Path("data/clean.csv"))
    run("preprocess")
    after = load_store("data").state
    assert (before["data"], before["task"]) == (after["data"], after["task"])
    assert before["version"] != after["version"]


def test_raw_data_is_as_it_was(processed, run):
    figures = run("preprocess").figures
    assert figures["raw_before"] == figures["raw_after"]
