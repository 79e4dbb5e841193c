"""Normalisation as the network's first layer: training, export and service share one code path."""

import torch
from dlproof import State
from torch import Tensor, nn


class TableNormaliser(nn.Module):
    """Numbers (N, D), NaN where missing -> filled as fitted, zero mean, unit deviation."""

    fill: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, state: State) -> None:
        super().__init__()
        columns = list(state["numeric"].values())
        for name in ("fill", "mean", "std"):
            values = [column[name] for column in columns]
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32))

    def forward(self, numeric: Tensor, categorical: Tensor) -> tuple[Tensor, Tensor]:
        """Categorical codes (N, C) pass through."""
        filled = torch.where(torch.isnan(numeric), self.fill, numeric)
        return (filled - self.mean) / self.std, categorical
