"""What the kit reads of the data that a project trains on."""

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
