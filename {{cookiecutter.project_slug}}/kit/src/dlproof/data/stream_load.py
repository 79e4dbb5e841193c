"""Batches for training from LitData's chunks (`loader=stream`), for data larger than a disk."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch.utils.data import DataLoader

from ..config import build
from ..errors import UserError
from ..report import load_report
from .balance import Balance
from .datamodule import DataModule
from .load import Batch, leave_signals
from .store import TRAIN, VALIDATION
from .stream import ABOUT, import_litdata, locate


class StreamData(DataModule):
    """Loaders of the training and validation splits that `stream` wrote, and nothing else.

    LitData orders chunks and the items within them anew as a function of seed and epoch, and
    gives each process its own share of whole training batches; what is left over is dropped.

    Args:
        cfg: The composed config: `loader=stream`, a `balance` that neither adds nor draws training
            items, `seed`, and where the reports are that name the data version.

    Raises:
        UserError: LitData is not installed, the place does not hold this data version, or the
            option of `balance` would have to see every target.
    """

    def __init__(self, cfg: DictConfig) -> None:
        super().__init__()
        loader, balance = cfg.loader, build(cfg.balance)
        version = load_report("preprocess", cfg.paths.reports_dir).figures["version"]
        chosen = type(balance)
        if chosen.extend is not Balance.extend or chosen.draw is not Balance.draw:
            raise UserError(
                f"{chosen.__name__} chooses training items one by one, which a stream cannot do: "
                "use balance=none, class_weights or focal, or loader=default."
            )
        self.loader, self.balance, self.seed = loader, balance, cfg.seed
        # LitData fetches chunks in a thread; to unpack them is less than to hand batches over.
        self.num_workers = 0 if loader.num_workers == "auto" else int(loader.num_workers)
        self.place = locate(loader.url, version)
        about = self.read_about()
        self.state = about["state"]
        self.items: dict[str, int] = about["items"]
        # In no order: enough to weigh classes by.
        self.targets = np.repeat(np.arange(len(about["class_counts"])), about["class_counts"])
        self.fields = np.dtype([(n, kind, tuple(shape)) for n, kind, shape in about["fields"]])

    def read_about(self) -> dict[str, Any]:
        """What `stream` wrote beside the items."""
        import_litdata()
        try:
            content: dict[str, Any] = json.loads(bytes(self.open_set(ABOUT)[0]))
        except Exception as error:  # each kind of storage has errors of its own
            raise UserError(
                f"{self.place} holds no chunks of the data version that reports/preprocess.json "
                f"is about: run `stream loader=stream` where the processed data is ({error})."
            ) from error
        return content

    def open_set(self, name: str, **options: Any) -> Any:
        """One of the sets below the data version, as LitData's dataset."""
        dataset = import_litdata().StreamingDataset(
            f"{self.place}/{name}",
            cache_dir=self.loader.cache_dir,
            max_cache_size=self.loader.max_cache_size,
            seed=self.seed,
            # All of a chunk is shuffled, so to unpack neighbours ahead would be in vain.
            item_shuffle_window=0,
            batch_decode=0,
            **options,
        )
        if dataset.posix_fast:  # network folders would be shared out by whole chunks: unequally
            dataset.posix_fast = replace(dataset.posix_fast, kind="posix")
        return dataset

    def count_batches(self, world_size: int) -> int:
        """Training batches of an epoch in each process."""
        return max(1, self.items[TRAIN] // self.choose_batch_size(TRAIN, world_size) // world_size)

    def choose_batch_size(self, split: str, world_size: int) -> int:
        """The configured one, or less, so that a small split has a batch for everyone."""
        readers = world_size * max(1, self.num_workers)
        return min(self.loader.batch_size, max(1, self.items[split] // readers))

    def train_dataloader(self) -> "Epochs":
        """Shuffled, in whole batches per process; a restored run goes on where it stood."""
        return Epochs(self.make_loader(TRAIN, shuffle=True), *self.find_start())

    def val_dataloader(self) -> DataLoader[Batch]:
        """In the order of the chunks, each item once."""
        return self.make_loader(VALIDATION, shuffle=False)

    def make_loader(self, split: str, shuffle: bool) -> Any:
        """A loader over this process's share of a split."""
        world_size = 1 if self.trainer is None else self.trainer.world_size
        pinned = self.loader.pin_memory
        warnings.filterwarnings("ignore", "Your `IterableDataset`")  # LitData shares items out
        return import_litdata().StreamingDataLoader(
            self.open_set(split, shuffle=shuffle, drop_last=shuffle),
            batch_size=self.choose_batch_size(split, world_size),
            # Not persistent: workers learn the epoch when they start.
            num_workers=self.num_workers,
            worker_init_fn=leave_signals,
            pin_memory=torch.cuda.is_available() if pinned == "auto" else pinned,
            collate_fn=partial(collate, fields=self.fields),
        )


class Epochs:
    """A stream's batches, epoch by epoch.

    LitData's loader has a state of its own, which Lightning would keep and restore: but Lightning
    stops before the loader knows that its epoch has ended, and the next one would be empty. So the
    epoch is told here, and batches that a run has had are read again and passed over.

    Args:
        loader: LitData's.
        epoch: In which training starts.
        done: Batches of that epoch which a restored run has had.
    """

    def __init__(self, loader: Any, epoch: int, done: int) -> None:
        self.loader, self.epoch, self.done = loader, epoch, done

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        self.loader.current_epoch = self.epoch  # LitData's own is one more
        done, self.done = self.done, 0
        self.epoch += 1
        yield from islice(self.loader, done, None)


def collate(records: list[bytes | memoryview], fields: np.dtype[Any]) -> Batch:
    """A batch as `load.Rows` gives it: inputs, targets and rows, one copy an array."""
    table = np.frombuffer(b"".join(records), fields)
    tensors = {name: torch.from_numpy(table[name].copy()) for name in fields.names or ()}
    targets, rows = tensors.pop("targets"), tensors.pop("rows")
    return {"inputs": tensors, "targets": targets, "rows": rows}
