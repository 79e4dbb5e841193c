"""Classification metrics that aggregate over batches and processes."""

import warnings

import torch
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassAUROC,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)
from torchmetrics.utilities import dim_zero_cat


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


def classification_metrics(num_classes: int) -> MetricCollection:
    """The metrics of `classification.METRICS` over probabilities (N, classes)."""
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(num_classes, average="micro"),
            "precision_macro": MulticlassPrecision(num_classes, average="macro"),
            "recall_macro": MulticlassRecall(num_classes, average="macro"),
            "f1_macro": MulticlassF1Score(num_classes, average="macro"),
            "auroc": PresentAUROC(num_classes),
        }
    )
