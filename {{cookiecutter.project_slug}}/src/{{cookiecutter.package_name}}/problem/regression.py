"""One number for each item: `task=regression`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..data.types import State
from ..errors import UserError
from ..files import atomic

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchmetrics import MetricCollection

MODES = {"mae": "min", "mse": "min", "rmse": "min", "r2": "max"}
MAX_STRATA = 10


class Regression:
    """Predictions are values (N,) in the target's unit; the network works in deviations.

    Args:
        metric: What ranks models; see `MODES`.
        mode: `max` for r2, else `min`.
    """

    name = "regression"

    def __init__(self, metric: str, mode: str) -> None:
        if metric not in MODES:
            raise UserError(f"task.metric={metric} is unknown: choose one of {', '.join(MODES)}.")
        if mode != MODES[metric]:
            raise UserError(f"task.mode={mode} seeks the worst {metric}: set {MODES[metric]}.")
        self.metric = metric
        self.mode = mode

    def fit(self, labels: pd.Series) -> State:
        """Mean, deviation and range of the training labels.

        Raises:
            UserError: A label is no finite number, or all are equal, or so in float32.
        """
        values = parse_numbers(labels)
        if values.nunique() < 2:
            raise UserError(f"every label is {values.iloc[0]:g}: there is nothing to predict.")
        names = ("mean", "min", "max")
        spread = {name: float(getattr(values, name)()) for name in names}
        largest, std = float(values.abs().max()), float(values.std(ddof=0))
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 it is no number
            grain = np.spacing(np.float32(largest))
        if not grain < 0.01 * std:
            raise UserError(
                f"labels as large as {largest:g} that deviate by {std:g} are no different numbers "
                "in float32: subtract a constant from the column, or take another unit."
            )
        return spread | {"std": std}

    def encode(self, labels: pd.Series, state: State) -> np.ndarray:
        """float32 (N,) in the target's unit."""
        return parse_numbers(labels).to_numpy(np.float32)

    def strata(self, labels: pd.Series) -> pd.Series:
        """Quantiles, at most ten and of ten items or more."""
        count = min(MAX_STRATA, max(1, len(labels) // 10))
        quantiles = pd.qcut(parse_numbers(labels).rank(method="first"), count, labels=False)
        return quantiles.map(lambda code: f"quantile_{int(code) + 1:02d}")

    def num_outputs(self, state: State) -> int:
        """One."""
        return 1

    def loss(
        self, state: State, weights: "Tensor | None" = None, gamma: float = 0.0
    ) -> "nn.Module":
        """Squared error of outputs (N, 1) against targets (N,), in deviations of the target.

        Raises:
            UserError: Class weights are given.
        """
        from .torch_regression import StandardisedLoss

        if weights is not None:
            raise UserError("balance=class_weights needs classes: set balance=none for regression.")
        return StandardisedLoss(state["mean"], state["std"])

    def decoder(self, state: State) -> "nn.Module":
        """Outputs (N, 1) to values (N,) in the target's unit."""
        from .torch_regression import Unstandardise

        return Unstandardise(state["mean"], state["std"])

    def torch_metrics(self, state: State) -> "MetricCollection":
        """`MODES` over values (N,)."""
        from .torch_regression import regression_metrics

        return regression_metrics()

    def expected_first_loss(self, state: State) -> float:
        """Squared error, in deviations, of a network that always says the mean."""
        return 1.0

    def lowest_loss(self, state: State) -> float:
        """No error."""
        return 0.0

    def metrics(self, targets: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """`MODES`; r2 is 0 for a single item, where it is not defined."""
        from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

        mse = float(mean_squared_error(targets, predictions))
        return {
            "mae": float(mean_absolute_error(targets, predictions)),
            "mse": mse,
            "rmse": float(np.sqrt(mse)),
            "r2": float(r2_score(targets, predictions)) if len(targets) > 1 else 0.0,
        }

    def score(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        """The ranking metric."""
        return self.metrics(targets, predictions)[self.metric]

    def item_losses(self, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        """Absolute residual of each item."""
        return np.abs(predictions - targets)

    def baselines(self, seed: int) -> dict[str, Any]:
        """A random training label, the mean and three classical models."""
        from sklearn.dummy import DummyRegressor
        from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from .random_regressor import RandomRegressor

        return {
            "random": RandomRegressor(seed),
            "constant": DummyRegressor(strategy="mean"),
            "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
            "random_forest": RandomForestRegressor(200, random_state=seed, n_jobs=-1),
            "gradient_boosting": HistGradientBoostingRegressor(random_state=seed),
        }

    def predict_baseline(self, estimator: Any, features: np.ndarray, state: State) -> np.ndarray:
        """Values (N,)."""
        return np.asarray(estimator.predict(features), np.float64)

    def analyse(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> dict[str, Any]:
        """Quantiles of the residuals (prediction - target), and the error in each target third."""
        residuals = predictions - targets
        order = np.argsort(targets, kind="stable")
        thirds = zip(("low", "middle", "high"), np.array_split(order, 3), strict=True)
        points = (0.05, 0.25, 0.5, 0.75, 0.95)
        quantiles = zip(points, np.quantile(residuals, points), strict=True)
        return {
            "residual_quantiles": {f"{point:g}": float(value) for point, value in quantiles},
            "mae_by_target": {n: float(np.abs(residuals[rows]).mean()) for n, rows in thirds},
        }

    def draw(self, targets: np.ndarray, predictions: np.ndarray, state: State, path: Path) -> None:
        """Predicted against true values."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axis = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
        axis.scatter(targets, predictions, s=14, alpha=0.7, color="#4477aa")
        ends = [min(targets.min(), predictions.min()), max(targets.max(), predictions.max())]
        axis.plot(ends, ends, color="grey", linewidth=1)
        axis.set(xlabel="true", ylabel="predicted", aspect="equal")
        with atomic(path) as draft:
            figure.savefig(draft, dpi=110, format="png")
        plt.close(figure)

    def describe(self, prediction: np.ndarray, state: State) -> dict[str, Any]:
        """The value, and whether it lies outside what training has seen."""
        value = float(prediction)
        return {"value": value, "outside_training": not state["min"] <= value <= state["max"]}


def parse_numbers(labels: pd.Series) -> pd.Series:
    """Labels as float64.

    Raises:
        UserError: One is no finite number.
    """
    values = pd.to_numeric(labels, errors="coerce").astype("float64")
    wrong = labels[~np.isfinite(values)]
    if len(wrong):
        raise UserError(
            f"label {wrong.iloc[0]!r} is not a finite number ({len(wrong)} of {len(labels)} are "
            "none): mend the target column, or use task=classification."
        )
    return values
