"""Batches come whole from memory-mapped arrays, and raw data is decoded once and for all."""

import os
import shutil

import numpy as np
import pytest
from dlproof.config import compose
from dlproof.data.load import num_workers
from dlproof.data.store import load_store


@pytest.fixture
def package():
    return "own"


@pytest.fixture
def load(declared):
    """`load(num_workers=2)`: the datamodule over the processed data."""

    def make(num_workers=0):
        loader = ("loader.batch_size=16", "loader.pin_memory=false")
        cfg = compose([*loader, f"loader.num_workers={num_workers}"])
        return declared.open_data(cfg)

    return make


def read_epoch(loader):
    return [(batch["rows"].numpy(), batch["inputs"]) for batch in loader]


def test_an_epoch_decodes_nothing(processed, load):
    for path in (processed / "raw", processed / "raw.csv"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    data = load()
    assert all(isinstance(array, np.memmap) for array in data.store.arrays.values())
    for loader in (data.train_dataloader(), data.val_dataloader()):
        epoch = read_epoch(loader)
        assert epoch
        for rows, inputs in epoch:
            for name, tensor in inputs.items():
                np.testing.assert_array_equal(tensor, data.store.arrays[name][rows])


def test_worker_processes_give_the_same_batches(processed, load):
    alone = read_epoch(load().train_dataloader())
    loader = load(num_workers=2).train_dataloader()
    assert loader.persistent_workers
    shared = read_epoch(loader)
    assert len(alone) == len(shared)
    for (rows, inputs), (others, theirs) in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(rows, others)
        for name, tensor in inputs.items():
            np.testing.assert_array_equal(tensor, theirs[name])


def test_workers_start_only_where_the_data_is_larger_than_memory_allows(processed, monkeypatch):
    store = load_store("data")
    assert num_workers(store, "auto") == 0
    monkeypatch.setattr("dlproof.data.load.MEMORY_LIMIT", 1)
    assert num_workers(store, "auto") == max(1, (os.cpu_count() or 1) - 1)
    assert num_workers(store, 3) == 3
