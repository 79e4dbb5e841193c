"""Batches come whole from memory-mapped arrays, and raw data is decoded once and for all."""

import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.data.balance import Balance
from {{ cookiecutter.package_name }}.data.load import SplitData, num_workers
from {{ cookiecutter.package_name }}.data.store import load_store

pytestmark = pytest.mark.pipeline
LOADER = SimpleNamespace(batch_size=16, num_workers=0, pin_memory=False)


def load(**options):
    loader = SimpleNamespace(**(vars(LOADER) | options))
    return SplitData(load_store("data"), loader, Balance(), seed=0)


def read_epoch(loader):
    return [(batch["rows"].numpy(), batch["inputs"]) for batch in loader]


def test_an_epoch_decodes_nothing(processed):
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


def test_worker_processes_give_the_same_batches(processed):
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
    monkeypatch.setattr("{{ cookiecutter.package_name }}.data.load.MEMORY_LIMIT", 1)
    assert num_workers(store, "auto") == max(1, (os.cpu_count() or 1) - 1)
    assert num_workers(store, 3) == 3
