"""Batches for training: each is gathered from the memory-mapped arrays as a whole."""

from typing import Any

import numpy as np
import torch
from dlproof import build, find_class
from dlproof.data import (
    TRAIN,
    VALIDATION,
    Balance,
    Batch,
    DataModule,
    Draw,
    EpochSampler,
    Rows,
    keep_batch,
    leave_signals,
    load_store,
    num_workers,
)
from omegaconf import DictConfig
from torch.utils.data import DataLoader


def open_data(cfg: DictConfig) -> DataModule:
    """The datamodule that `loader` names, over the processed data."""
    datamodule: DataModule = find_class(cfg.loader)(cfg)
    return datamodule


class SplitData(DataModule):
    """Loaders of the training and validation splits; the test split has none.

    Args:
        cfg: The composed config: `paths.data_dir`, `loader`, `balance` and `seed`.

    Attributes:
        store: The processed data, and what `balance` added to it.
        state: Content of `state.json`.
        targets: Targets of the training rows (N,).
    """

    def __init__(self, cfg: DictConfig) -> None:
        super().__init__()
        store = load_store(cfg.paths.data_dir)
        self.loader, self.seed = cfg.loader, cfg.seed
        self.balance: Balance = build(cfg.balance)
        self.store = self.balance.extend(store, cfg.seed)
        self.state = store.state
        self.targets = np.asarray(self.store.targets[self.store.rows(TRAIN)])

    def count_batches(self, world_size: int) -> int:
        """Training batches per epoch in each process."""
        size = len(self.draw(np.random.default_rng(self.seed)))
        return max(1, size // world_size // self.loader.batch_size)

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """The positions among the training rows that one epoch uses."""
        return self.balance.draw(self.targets, generator)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled, in whole batches per process."""
        loader = self.make_loader(self.store.rows(TRAIN), shuffle=True, draw=self.draw)
        self.skip_batches_done(loader)
        return loader

    def val_dataloader(self) -> DataLoader[Batch]:
        """In order, each item once."""
        return self.make_loader(self.store.rows(VALIDATION), shuffle=False)

    def skip_batches_done(self, loader: DataLoader[Batch]) -> None:
        """Starts where a restored run stopped; workers prefetch before Lightning sets the epoch."""
        epoch, batches = self.find_start()
        sampler: Any = loader.sampler
        sampler.set_epoch(epoch)
        sampler.done = (epoch, batches * self.loader.batch_size)

    def make_loader(
        self, rows: np.ndarray, shuffle: bool, draw: Draw | None = None
    ) -> DataLoader[Batch]:
        """A loader over this process's slice of the rows."""
        rank, world_size = 0, 1
        if self.trainer is not None:
            rank, world_size = self.trainer.global_rank, self.trainer.world_size
        workers = num_workers(self.store, self.loader.num_workers)
        pinned = self.loader.pin_memory
        size = len(draw(np.random.default_rng(self.seed))) if draw else len(rows)
        sampler = EpochSampler(size, self.seed, shuffle, draw, rank=rank, world_size=world_size)
        return DataLoader(
            Rows(self.store, rows),
            batch_size=self.loader.batch_size,
            sampler=sampler,
            collate_fn=keep_batch,  # a batch arrives whole, not as a list of items
            num_workers=workers,
            worker_init_fn=leave_signals,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available() if pinned == "auto" else pinned,
            drop_last=shuffle and len(sampler) >= self.loader.batch_size,
        )
