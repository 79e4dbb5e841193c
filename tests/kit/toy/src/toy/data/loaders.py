"""Batches of the processed arrays."""

import numpy as np
from dlproof import build, find_class
from dlproof.data import (
    TRAIN,
    VALIDATION,
    DataModule,
    EpochSampler,
    Rows,
    keep_batch,
    leave_signals,
    load_store,
)
from torch.utils.data import DataLoader


def open_data(cfg):
    """What `loader` names."""
    return find_class(cfg.loader)(cfg)


class Loaders(DataModule):
    """Loaders of train and validation."""

    def __init__(self, cfg):
        super().__init__()
        self.loader, self.seed, self.balance = cfg.loader, cfg.seed, build(cfg.balance)
        self.store = self.balance.extend(load_store(cfg.paths.data_dir), cfg.seed)
        self.state = self.store.state
        self.targets = np.asarray(self.store.targets[self.store.rows(TRAIN)])

    def count_batches(self, world_size):
        """Of an epoch, in each process."""
        size = len(self.draw(np.random.default_rng(self.seed)))
        return max(1, size // world_size // self.loader.batch_size)

    def draw(self, generator):
        """An epoch's positions in the training rows."""
        return self.balance.draw(self.targets, generator)

    def train_dataloader(self):
        """Shuffled; a restored run goes on where it stood."""
        loader = self.make(TRAIN, shuffle=True)
        epoch, batches = self.find_start()
        loader.sampler.set_epoch(epoch)
        loader.sampler.done = (epoch, batches * self.loader.batch_size)
        return loader

    def val_dataloader(self):
        """In order."""
        return self.make(VALIDATION, shuffle=False)

    def make(self, split, shuffle):
        """This process's slice of a split."""
        rows, draw = self.store.rows(split), self.draw if shuffle else None
        size = len(draw(np.random.default_rng(self.seed))) if draw else len(rows)
        trainer = self.trainer
        place = {"rank": trainer.global_rank, "world_size": trainer.world_size} if trainer else {}
        sampler = EpochSampler(size, self.seed, shuffle, draw, **place)
        workers = 0 if self.loader.num_workers == "auto" else self.loader.num_workers
        return DataLoader(
            Rows(self.store, rows),
            batch_size=self.loader.batch_size,
            sampler=sampler,
            collate_fn=keep_batch,
            num_workers=workers,
            worker_init_fn=leave_signals,
            persistent_workers=workers > 0,
            drop_last=shuffle and len(sampler) >= self.loader.batch_size,
        )
