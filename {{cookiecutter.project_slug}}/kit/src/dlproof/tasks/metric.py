"""A task's table of metrics, and the one of them that ranks models."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UserError
from ..weighing import Score

if TYPE_CHECKING:
    from torchmetrics import MetricCollection


class Metric:
    """How one metric is computed, in reports and while training.

    Args:
        score: `(targets, predictions) -> float` over arrays, NaN where it is not defined. Its
            interval takes a fraction of the time if it is `dlproof.weighing.weighted`.
        torch: Dotted name of torchmetrics' class, or one like it, imported when training starts;
            empty for a metric that reports have and the log has not.
        mode: `max` where it grows as models get better, else `min`.
        options: Of the class.
    """

    def __init__(
        self,
        score: Score,
        torch: str = "",
        mode: str = "max",
        **options: Any,
    ) -> None:
        self.score, self.torch, self.mode, self.options = score, torch, mode, options


def build_metrics(
    metrics: Mapping[str, Metric], compute_groups: bool = True, **options: Any
) -> "MetricCollection":
    """The metrics that training logs, which aggregate over batches and processes.

    Args:
        metrics: The task's table.
        compute_groups: Whether rows of one class share what they sum up.
        options: What every class of it takes, such as `num_classes`.
    """
    from hydra.utils import get_class
    from torchmetrics import MetricCollection

    return MetricCollection(
        {
            name: get_class(row.torch)(**options, **row.options)
            for name, row in metrics.items()
            if row.torch
        },
        compute_groups=compute_groups,
    )


def refuse_undefined(metric: str, values: Iterable[float], split: str) -> None:
    """Raises a UserError where the ranking metric is not defined on a split."""
    if any(np.isnan(value) for value in values):
        raise UserError(
            f"task.metric={metric} is not defined on the {split} items, whose labels are all "
            f"alike: set another metric, or give {split} more items (split.{split})."
        )


class Ranked:
    """A task's table of metrics, one of which ranks models.

    Args:
        metric: What ranks models; one of `METRICS`.
        mode: `max`, or `min` where the metric falls as models get better.

    Raises:
        UserError: There is no such metric, training does not log it, or the mode looks for the
            worst value.
    """

    METRICS: dict[str, Metric]

    def __init__(self, metric: str, mode: str) -> None:
        if metric not in self.METRICS:
            known = ", ".join(name for name, row in self.METRICS.items() if row.torch)
            raise UserError(f"task.metric={metric} is unknown: choose one of {known}.")
        if not self.METRICS[metric].torch:
            raise UserError(
                f"task.metric={metric} is not logged while training, so it cannot rank epochs: "
                "give its row of METRICS a class of torchmetrics."
            )
        best = self.METRICS[metric].mode
        if mode != best:
            raise UserError(f"task.mode={mode} looks for the worst {metric}: set task.mode={best}.")
        self.metric = metric
        self.mode = mode

    def metrics(self, targets: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """All of `METRICS`, NaN where one is not defined on these items."""
        return {name: metric.score(targets, predictions) for name, metric in self.METRICS.items()}

    @property
    def score(self) -> Score:
        """The ranking metric, of targets and predictions."""
        return self.METRICS[self.metric].score
