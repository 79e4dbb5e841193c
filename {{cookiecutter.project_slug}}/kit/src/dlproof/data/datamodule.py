"""What the kit reads of the data that a project trains on."""

from typing import Any

import numpy as np
from lightning.pytorch import LightningDataModule

from ..types import State
from .balance import Balance
from .store import Store


class DataModule(LightningDataModule):
    """Loaders of the training and validation splits; a project's, or the kit's for streams.

    Attributes:
        store: The processed data, and what `balance` added to it.
        state: Content of `state.json`.
        targets: Of the training rows (N,).
        balance: What rare classes count.
    """

    store: Store
    state: State
    targets: np.ndarray
    balance: Balance

    def count_batches(self, world_size: int) -> int:
        """Training batches of an epoch in each process."""
        raise NotImplementedError

    def find_start(self) -> tuple[int, int]:
        """The epoch in which training starts, and how many of its batches a restored run has had.

        It is known when Lightning asks for the training loader.
        """
        if self.trainer is None:
            return 0, 0
        loop = self.trainer.fit_loop
        epoch: Any = loop.epoch_progress.current
        is_within = epoch.ready > epoch.processed
        return epoch.processed, loop.epoch_loop.batch_progress.current.ready * is_within
