"""Regression's loss and decoder: the network's outputs are deviations from the mean."""

from torch import Tensor, nn


class StandardisedLoss(nn.Module):
    """Mean squared error between outputs (N, 1) and standardised targets (N,)."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean = mean
        self.std = std

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss, a scalar."""
        return nn.functional.mse_loss(outputs.flatten(), (targets - self.mean) / self.std)


class Unstandardise(nn.Module):
    """Outputs (N, 1) to values (N,) in the target's unit."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean = mean
        self.std = std

    def forward(self, outputs: Tensor) -> Tensor:
        """The values."""
        return outputs.squeeze(1) * self.std + self.mean
