"""Batches for training: whole batches are gathered from the memory-mapped arrays at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from .store import Store

Batch = dict[str, Any]
Draw = Callable[[np.random.Generator], np.ndarray]
MEMORY_LIMIT = 2**31  # bytes; larger arrays are read by worker processes


class Rows(Dataset[Batch]):
    """One split's rows of the store; a batch is one gather an array.

    A batch is `inputs` (name -> tensor), `targets` and `rows` (positions in the store).
    """

    def __init__(self, store: Store, rows: np.ndarray) -> None:
        self.store = store
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, indices: list[int]) -> Batch:
        """Gathers a batch; the loader calls this in place of one call an item."""
        rows = self.rows[indices]
        inputs = {name: torch.from_numpy(array) for name, array in self.store.take(rows).items()}
        targets = torch.from_numpy(np.asarray(self.store.targets[rows]))
        return {"inputs": inputs, "targets": targets, "rows": torch.from_numpy(rows)}


class EpochSampler(Sampler[int]):
    """The order of items as a function of (seed, epoch), sliced by process.

    Every process sees its own slice of the same order. Training drops the remainder so that
    processes stay in step; validation (`shuffle=False`) covers each item exactly once.

    Args:
        size: Items of an epoch.
        seed: Of the order.
        shuffle: A new order each epoch.
        draw: Gives the positions of an epoch, always `size` of them; None: each item once.
        rank: This process.
        world_size: Processes.
    """

    def __init__(
        self,
        size: int,
        seed: int,
        shuffle: bool,
        draw: Draw | None = None,
        *,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.size, self.seed, self.shuffle, self.draw = size, seed, shuffle, draw
        self.rank, self.world_size = rank, world_size
        self.epoch = 0
        self.done = (0, 0)  # epoch, and how many of its items a resumed run has already used

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        order = np.arange(self.size)
        if self.shuffle:
            generator = np.random.default_rng([self.seed, self.epoch])
            order = self.draw(generator) if self.draw else generator.permutation(self.size)
            order = order[: self.size - self.size % self.world_size]
        epoch, items = self.done
        first = items if epoch == self.epoch else 0
        return iter(order[self.rank :: self.world_size][first:].tolist())

    def __len__(self) -> int:
        if self.shuffle:
            return self.size // self.world_size
        return len(range(self.rank, self.size, self.world_size))


def keep_batch(batch: Batch) -> Batch:
    """Collates nothing: `Rows` gives whole batches. A function so that workers can pickle it."""
    return batch


def leave_signals(worker: int) -> None:
    """Leaves signals to the process that trains: it saves a state, and needs its workers for that.

    SLURM and Kubernetes signal every process of a job. Only the one that started a worker ends it.

    Args:
        worker: Its number, as PyTorch's `worker_init_fn` is told.
    """
    if not hasattr(signal, "sigwaitinfo"):  # macOS, Windows
        return
    numbers = {signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    parent = os.getppid()

    def wait() -> None:
        while signal.sigwaitinfo(numbers).si_pid != parent:
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def num_workers(store: Store, wanted: int | str) -> int:
    """Number of worker processes: 0 while reading from memory is faster than passing batches."""
    if wanted != "auto":
        return int(wanted)
    size = sum(array.nbytes for array in store.arrays.values())
    return 0 if size < MEMORY_LIMIT else max(1, (os.cpu_count() or 1) - 1)


def to_tensors(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Arrays as tensors that share their memory, for one forward pass outside a loader."""
    return {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
