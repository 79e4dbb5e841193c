"""Streams hold the splits' very items, give each to one process, and need no other data."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.config import compose
from dlproof.data import stream
from dlproof.data.store import TEST, TRAIN, VALIDATION, load_store
from dlproof.errors import UserError
from toy.data.loaders import open_data

# So that there are many chunks.
pytestmark = pytest.mark.filterwarnings("ignore:An item was larger")
STREAM = ("loader=stream", "loader.batch_size=4", "loader.num_workers=0")
PROBE = """
import json, sys
import lightning.pytorch as pl
from toy.project import PROJECT


class Keep(pl.Callback):
    def on_train_epoch_start(self, trainer, module):
        self.rows = {"train": [], "validation": []}

    def on_train_batch_start(self, trainer, module, batch, index):
        self.rows["train"] += batch["rows"].tolist()

    def on_validation_batch_start(self, trainer, module, batch, index, loader=0):
        self.rows["validation"] += batch["rows"].tolist()

    def on_train_epoch_end(self, trainer, module):
        with open(f"rows-{trainer.current_epoch}-{trainer.global_rank}.json", "w") as file:
            json.dump(self.rows, file)


cfg = PROJECT.compose(sys.argv[1:])
data = PROJECT.open_data(cfg)
trainer = pl.Trainer(
    accelerator="cpu", devices=2, strategy="ddp", max_epochs=2, logger=False,
    callbacks=[Keep()], enable_checkpointing=False, enable_progress_bar=False,
    num_sanity_val_steps=0, use_distributed_sampler=False,
)
trainer.fit(PROJECT.build_module(cfg, data, 2), datamodule=data)
"""


@pytest.fixture
def streamed(checked, run, monkeypatch):
    monkeypatch.setattr(stream, "CHUNK_BYTES", 600)
    run("stream", "loader=stream")
    return checked


def open_small(small, *overrides):
    return open_data(compose([*small, *STREAM, *overrides]))


def gather(loader):
    return [row for batch in loader for row in batch["rows"].tolist()]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_the_store_and_none_is_of_the_test_split(streamed, small, workers):
    store = load_store("data")
    data = open_small(small, f"loader.num_workers={workers}")
    loaders = {TRAIN: data.train_dataloader(), VALIDATION: data.val_dataloader()}
    for split, loader in loaders.items():
        seen = []
        for batch in loader:
            rows = batch["rows"].numpy()
            seen += rows.tolist()
            for name, array in store.take(rows).items():
                np.testing.assert_array_equal(batch["inputs"][name].numpy(), array)
            np.testing.assert_array_equal(batch["targets"].numpy(), store.targets[rows])
        assert len(seen) == len(set(seen))
        whole = len(store.rows(split))
        assert len(seen) == (whole // 4 * 4 if split == TRAIN else whole)
        assert set(seen) <= set(store.rows(split).tolist())
    assert {path.name for path in next(Path("data/stream").iterdir()).iterdir()} == {
        TRAIN,
        VALIDATION,
        "about",
    }
    assert TEST not in (store.items["split"].iloc[seen]).tolist()


def test_the_order_is_new_each_epoch_and_repeats_with_the_seed(streamed, small):
    loader = open_small(small).train_dataloader()
    first, second = gather(loader), gather(loader)
    assert first != second
    assert gather(open_small(small).train_dataloader()) == first
    assert gather(open_small(small, "seed=1").train_dataloader()) != first


def test_the_order_is_the_same_on_a_network_folder(streamed, small, monkeypatch):
    order = gather(open_small(small).train_dataloader())
    monkeypatch.setenv("LITDATA_POSIX_FAST", "1")  # LitData takes the folder for one
    assert gather(open_small(small).train_dataloader()) == order


def test_classes_are_mixed_within_a_chunk(processed, run, small):
    run("stream", "loader=stream")  # all in one chunk, as they were written
    order = gather(open_small(small).val_dataloader())
    assert order != sorted(order)
    assert sorted(order) == load_store("data").rows(VALIDATION).tolist()


@pytest.mark.slow
def test_two_processes_see_every_item_of_an_epoch_once_together(streamed, small):
    (streamed / "probe.py").write_text(PROBE)
    command = [sys.executable, "probe.py", *small, *STREAM]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    store = load_store("data")
    for epoch in range(2):
        parts = [json.loads(path.read_text()) for path in sorted(Path().glob(f"rows-{epoch}-*"))]
        assert len(parts) == 2
        assert len({len(part[TRAIN]) for part in parts}) == 1
        train = [row for part in parts for row in part[TRAIN]]
        assert len(train) == len(set(train)) == len(store.rows(TRAIN)) // 8 * 8
        assert set(train) <= set(store.rows(TRAIN).tolist())
        seen = sorted(row for part in parts for row in part[VALIDATION])
        assert seen == store.rows(VALIDATION).tolist()


def test_training_needs_the_chunks_and_reports_alone(streamed, run):
    shutil.rmtree("data/processed")
    short = ("trainer.max_epochs=3", "trainer.accelerator=cpu", "logger=[csv]", "optimizer.lr=1e-2")
    report = run("train", *STREAM, *short, "loader.batch_size=16")
    table = pd.read_csv(Path("runs", report.figures["run"], "metrics.csv"))
    losses = table["train/loss"].dropna().tolist()
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_data_larger_than_the_cache_makes_room_for_itself(streamed, run, small):
    url = f"loader.url='local:{Path('data/mount').resolve()}'"
    run("stream", "loader=stream", url)
    chunks = [path.stat().st_size for path in Path("data/mount").glob(f"*/{TRAIN}/*.bin")]
    data = open_small(small, url, f"loader.max_cache_size={sum(chunks) // 4}B")
    loader = data.train_dataloader()
    for _ in range(2):
        peak, seen = 0, []
        for batch in loader:
            seen += batch["rows"].tolist()
            peak = max(peak, len(list(Path("data/stream_cache").rglob("*.bin"))))
        assert len(set(seen)) == len(seen) == len(load_store("data").rows(TRAIN)) // 4 * 4
        assert 0 < peak < len(chunks)


def test_a_stop_while_writing_leaves_nothing(processed, run, monkeypatch):
    def stop(folder, records, send):
        if folder.name == VALIDATION:
            raise KeyboardInterrupt
        write(folder, records, send)

    write = stream.write_set
    monkeypatch.setattr(stream, "write_set", stop)
    with pytest.raises(KeyboardInterrupt):
        run("stream", "loader=stream")
    assert not list(Path("data/stream").iterdir())
    assert not Path("reports/stream.json").exists()


def test_a_stream_of_another_data_version_is_a_sentence(streamed, run, small):
    run("split", "seed=1")
    run("preprocess")
    with pytest.raises(UserError, match=r"holds no chunks of the data version.*run `stream"):
        open_small(small)


def test_a_damaged_stream_is_a_sentence(streamed, small):
    for path in Path("data/stream").rglob("about/*.bin"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match="holds no chunks"):
        open_small(small)


def test_a_sampler_is_refused_with_what_to_use_instead(streamed, small):
    with pytest.raises(UserError, match=r"WeightedSampler.*class_weights"):
        open_small(small, "balance=weighted_sampler")


def test_without_litdata_or_a_place_the_command_says_what_to_do(processed, run, monkeypatch):
    with pytest.raises(UserError, match="stream loader=stream"):
        run("stream")
    monkeypatch.setitem(sys.modules, "litdata", None)
    with pytest.raises(UserError, match=r"uv pip install \.\[stream\]"):
        run("stream", "loader=stream")
    assert not Path("data/stream").exists()
