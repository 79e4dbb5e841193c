"""Batches come as a whole from memory-mapped arrays, in an order set by seed and epoch."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.data.datamodule import SplitData, open_data

pytestmark = pytest.mark.pipeline


def read_epoch(loader):
    return [(batch["rows"].numpy(), batch["inputs"]) for batch in loader]


def read_rows(loader):
    return np.concatenate([rows for rows, _ in read_epoch(loader)]).tolist()


@pytest.fixture
def data(processed, compose):
    return SplitData(compose())


def test_an_epoch_reads_the_arrays_and_no_raw_item(data):
    shutil.rmtree("raw") if Path("raw").exists() else Path("raw.csv").unlink()
    assert all(isinstance(array, np.memmap) for array in data.store.arrays.values())
    for loader in (data.train_dataloader(), data.val_dataloader()):
        epoch = read_epoch(loader)
        assert epoch
        for rows, inputs in epoch:
            for name, tensor in inputs.items():
                np.testing.assert_array_equal(tensor, data.store.arrays[name][rows])


def test_training_draws_training_items_and_validation_takes_each_of_its_items_once(data):
    drawn = read_rows(data.train_dataloader())
    assert len(set(drawn)) == len(drawn) == 16 * data.count_batches(1) == 32 * data.count_batches(2)
    assert set(drawn) <= set(data.store.rows("train"))
    assert read_rows(data.val_dataloader()) == data.store.rows("validation").tolist()
    assert "test_dataloader" not in vars(SplitData)  # only evaluate opens the test split


def test_the_order_differs_between_epochs_and_repeats_with_the_seed(data, compose):
    loader = data.train_dataloader()
    first = read_rows(loader)
    loader.sampler.set_epoch(1)
    assert read_rows(loader) != first
    assert read_rows(SplitData(compose()).train_dataloader()) == first
    assert read_rows(SplitData(compose("seed=2")).train_dataloader()) != first


def test_the_loader_group_names_the_datamodule(processed, compose):
    data = open_data(compose())
    assert isinstance(data, SplitData)
    assert (data.state, len(data.targets)) == (data.store.state, len(data.store.rows("train")))
