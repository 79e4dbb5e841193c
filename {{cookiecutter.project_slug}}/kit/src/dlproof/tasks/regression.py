"""What every regression brings: range, metrics, error analysis and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import UserError
from ..figure import figure, save
from ..types import State
from ..weighing import Measure, Score, average, weighted
from .calibration import find_half_width
from .metric import Ranked, build_metrics
from .reliability import draw_residuals, measure_residuals

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchmetrics import MetricCollection


class RegressionTask(Ranked):
    """One number an item; predictions are values (N,) in the target's unit.

    A project's class has `strata`, `loss`, `decoder`, `baselines` and `describe`, as
    `dlproof.tasks.Task` describes them, and `METRICS`.

    Args:
        metric: What ranks models; one of `METRICS`.
        mode: `max`, or `min` where the metric falls as models get better.

    Raises:
        UserError: There is no such metric, or the mode looks for the worst value.
    """

    name = "regression"

    def loss(
        self, state: State, weights: "Tensor | None" = None, gamma: float = 0.0
    ) -> "nn.Module":
        """The project's, as `dlproof.tasks.Task` says."""
        raise NotImplementedError

    def fit(self, labels: pd.Series) -> State:
        """Mean, deviation and range of the training labels.

        Raises:
            UserError: A label is not a finite number, or all are equal, at least in float32.
        """
        values = parse_numbers(labels)
        if values.nunique() < 2:
            raise UserError(f"every label is {values.iloc[0]:g}: there is nothing to predict.")
        names = ("mean", "min", "max")
        spread = {name: float(getattr(values, name)()) for name in names}
        largest, std = float(values.abs().max()), float(values.std(ddof=0))
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 it is not a number
            grain = np.spacing(np.float32(largest))
        if not grain < 0.01 * std:
            raise UserError(
                f"labels as large as {largest:g} that deviate by {std:g} cannot be distinguished "
                "in float32: subtract a constant from the column, or use another unit."
            )
        return spread | {"std": std}

    def refuse_unsuitable(self, labels: pd.Series) -> None:
        """Raises a UserError as `fit` does."""
        self.fit(labels)

    def encode(self, labels: pd.Series, state: State) -> np.ndarray:
        """float32 (N,) in the target's unit."""
        return parse_numbers(labels).to_numpy(np.float32)

    def num_outputs(self, state: State) -> int:
        """One."""
        return 1

    def expected_first_loss(self, state: State) -> float:
        """Squared error, in deviations, of a network that always says the mean."""
        return 1.0

    def lowest_loss(self, state: State) -> float:
        """No error."""
        return 0.0

    def calibrate(
        self,
        targets: np.ndarray,
        predictions: np.ndarray,
        costs: np.ndarray | None,
        confidence: float,
    ) -> State:
        """`half_width` of the interval around a value that holds the true one, null if unknown."""
        half_width = find_half_width(np.abs(predictions - targets), confidence)
        return {"half_width": half_width, "confidence": confidence}

    def measure_answers(self, state: State) -> dict[str, Score]:
        """`coverage`, the share of items whose interval holds the true value."""
        half_width = state.get("half_width")
        if half_width is None:
            return {}

        @weighted
        def coverage(targets: np.ndarray, predictions: np.ndarray) -> Measure:
            return average(np.abs(predictions - targets) <= half_width)

        return {"coverage": coverage}

    def torch_metrics(self, state: State) -> "MetricCollection":
        """`METRICS` over values (N,)."""
        return build_metrics(self.METRICS, compute_groups=False)

    def item_losses(self, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        """Absolute residual of each item."""
        return np.abs(predictions - targets)

    def find_overconfident(
        self, targets: np.ndarray, predictions: np.ndarray, state: State, sure: float
    ) -> np.ndarray:
        """(N,): a value outside the range of the training labels, as numbers have no confidence."""
        is_within: np.ndarray = (predictions >= state["min"]) & (predictions <= state["max"])
        return ~is_within

    def find_errors(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> np.ndarray:
        """(N,): the tenth with the largest residuals."""
        losses = self.item_losses(targets, predictions)
        is_large: np.ndarray = losses >= np.quantile(losses, 0.9)
        return is_large

    def describe_errors(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> str:
        """How far they are off on average, and to which side."""
        mean = float((predictions - targets).mean())
        return f"predicted {abs(mean):.4g} too {'high' if mean > 0 else 'low'} on average"

    def predict_baseline(self, estimator: Any, features: np.ndarray, state: State) -> np.ndarray:
        """Values (N,)."""
        return np.asarray(estimator.predict(features), np.float64)

    def analyse(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> dict[str, Any]:
        """Quantiles of the residuals (prediction - target), and the error in each target third.

        And `residuals` in each quarter of the predicted values.
        """
        residuals = predictions - targets
        order = np.argsort(targets, kind="stable")
        thirds = zip(("low", "middle", "high"), np.array_split(order, 3), strict=True)
        points = (0.05, 0.25, 0.5, 0.75, 0.95)
        quantiles = zip(points, np.quantile(residuals, points), strict=True)
        return {
            "residual_quantiles": {f"{point:g}": float(value) for point, value in quantiles},
            "mae_by_target": {n: float(np.abs(residuals[rows]).mean()) for n, rows in thirds},
            "residuals": measure_residuals(targets, predictions),
        }

    def draw(self, targets: np.ndarray, predictions: np.ndarray, state: State, path: Path) -> None:
        """Predicted against true values."""
        canvas, axis = figure((4.5, 4.5))
        axis.scatter(targets, predictions, s=14, alpha=0.7, color="#4477aa")
        ends = [min(targets.min(), predictions.min()), max(targets.max(), predictions.max())]
        axis.plot(ends, ends, color="grey", linewidth=1)
        axis.set(xlabel="true", ylabel="predicted", aspect="equal")
        save(canvas, path, dpi=110)

    def draw_trust(self, targets: np.ndarray, predictions: np.ndarray, path: Path) -> None:
        """Residuals over predicted values."""
        draw_residuals(targets, predictions, path)


def quantile_strata(labels: pd.Series, most: int) -> pd.Series:
    """The quantile of each label: at most so many quantiles, of ten items or more."""
    count = min(most, max(1, len(labels) // 10))
    quantiles = pd.qcut(parse_numbers(labels).rank(method="first"), count, labels=False)
    return quantiles.map(lambda code: f"quantile_{int(code) + 1:02d}")


def parse_numbers(labels: pd.Series) -> pd.Series:
    """Labels as float64.

    Raises:
        UserError: A label is not a finite number.
    """
    values = pd.to_numeric(labels, errors="coerce").astype("float64")
    wrong = labels[~np.isfinite(values)]
    if len(wrong):
        raise UserError(
            f"label {wrong.iloc[0]!r} is not a finite number ({len(wrong)} of {len(labels)} are "
            "not): fix the target column, or use task=classification."
        )
    return values
