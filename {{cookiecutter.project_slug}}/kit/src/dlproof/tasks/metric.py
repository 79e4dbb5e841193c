"""A row of a task's table of metrics."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UserError

if TYPE_CHECKING:
    from torchmetrics import MetricCollection

BETTER = {"max": "higher", "min": "lower"}


class Metric:
    """How one metric is computed, in reports and while training.

    Args:
        score: `(targets, predictions) -> float` over arrays.
        torch: Dotted name of torchmetrics' class, or one like it, imported when training starts.
        mode: `max` where it grows as models get better, else `min`.
        options: Of the class.
    """

    def __init__(
        self,
        score: Callable[[np.ndarray, np.ndarray], float],
        torch: str,
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
        {name: get_class(row.torch)(**options, **row.options) for name, row in metrics.items()},
        compute_groups=compute_groups,
    )


def refuse_metric(metrics: Mapping[str, Metric], metric: str, mode: str) -> None:
    """Raises a UserError where there is no such metric, or the mode seeks the worst of it."""
    if metric not in metrics:
        raise UserError(f"task.metric={metric} is unknown: choose one of {', '.join(metrics)}.")
    if mode != metrics[metric].mode:
        raise UserError(
            f"task.mode={mode} seeks the worst {metric}: set task.mode={metrics[metric].mode}."
        )
