"""Random changes of training rows: drawn per item, applied to whole batches on their device."""

import torch
from dlproof import State
from torch import Tensor


class TableAugmentation:
    """Gaussian noise on numeric columns.

    Args:
        state: Content of `state.json`: the columns' deviations.
        deviation: Deviation of the noise, as a share of each column's own.
    """

    def __init__(self, state: State, *, deviation: float) -> None:
        columns = state["data"]["numeric"].values()
        self.scale = deviation * torch.tensor([column["std"] for column in columns])

    def __call__(
        self, inputs: dict[str, Tensor], targets: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Adds noise to `numeric` (N, D); missing values stay missing, targets unchanged."""
        numeric = inputs["numeric"]
        noise = torch.randn_like(numeric) * self.scale.to(numeric)
        return inputs | {"numeric": numeric + noise}, targets
