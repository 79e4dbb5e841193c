"""Classification's loss, and metrics that aggregate over batches and processes."""

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics.classification import (
    MulticlassAUROC,
)
from torchmetrics.utilities import dim_zero_cat


class FocalLoss(nn.CrossEntropyLoss):
    """Cross entropy whose items are weighed by class and by (1 - p) ** gamma (Lin et al. 2017).

    Torch's own weights also weigh the smoothed part of each class, so that label smoothing makes
    every item look like the rarest class; and they are divided by a batch's sum, which is small
    where a batch lacks that class. Here an item weighs what its class does.

    Args:
        gamma: 0 is cross entropy; p is the probability of the item's class.
        options: Of `CrossEntropyLoss`; class weights have mean 1 over the items.
    """

    def __init__(self, gamma: float, **options: Any) -> None:
        super().__init__(**options)
        self.gamma = gamma

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Logits (N, classes) and classes (N,), or shares of classes (N, classes) -> a scalar."""
        losses = nn.functional.cross_entropy(
            outputs, targets, reduction="none", label_smoothing=self.label_smoothing
        )
        shares = targets if targets.ndim > 1 else nn.functional.one_hot(targets, outputs.shape[1])
        shares = shares.to(outputs)
        if self.gamma:
            losses = losses * (1 - (outputs.softmax(dim=1) * shares).sum(dim=1)) ** self.gamma
        if self.weight is not None:
            losses = losses * (shares @ self.weight.to(outputs))
        return losses.mean()


class TemperedSoftmax(nn.Module):
    """Logits (N, classes) to probabilities that are as sure as they are right (Guo et al. 2017).

    Args:
        temperature: Above 1 it makes them less sure.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, outputs: Tensor) -> Tensor:
        """The probabilities."""
        return (outputs / self.temperature).softmax(dim=1)


class PresentAUROC(MulticlassAUROC):
    """Mean one-versus-rest area over the classes that occur; 0.5 where only one does.

    Torchmetrics counts a class that does not occur as 0, which punishes a small validation split.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes, average="none")

    def compute(self) -> Tensor:  # type: ignore[override]
        """The area in [0, 1]."""
        counts = torch.bincount(dim_zero_cat(self.target), minlength=self.num_classes)
        if int((counts > 0).sum()) < 2:
            return torch.tensor(0.5, device=counts.device)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No positive samples")
            areas = super().compute()
        return areas[counts > 0].mean()
