"""One number for each item: `task=regression`."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from dlproof import State, UserError
from dlproof.tasks import Metric, RegressionTask, mae, mse, quantile_strata, r2, rmse

if TYPE_CHECKING:
    from torch import Tensor, nn

TORCH = "torchmetrics.regression"
MAX_STRATA = 10


class Regression(RegressionTask):
    """Predictions are values (N,) in the target's unit; the network's outputs are standardised."""

    # Name -> the function on arrays for reports, the torchmetrics class that training logs, which
    # direction is better, and its options. `task.metric` names the metric that ranks models.
    METRICS = {  # noqa: RUF012
        "mae": Metric(mae, f"{TORCH}.MeanAbsoluteError", "min"),
        "mse": Metric(mse, f"{TORCH}.MeanSquaredError", "min"),
        "rmse": Metric(rmse, f"{TORCH}.MeanSquaredError", "min", squared=False),
        "r2": Metric(r2, f"{TORCH}.R2Score"),
    }

    def strata(self, labels: pd.Series) -> pd.Series:
        """Quantiles: at most ten, each of at least ten items."""
        return quantile_strata(labels, MAX_STRATA)

    def loss(
        self, state: State, weights: "Tensor | None" = None, gamma: float = 0.0
    ) -> "nn.Module":
        """Squared error of outputs (N, 1) against targets (N,), in deviations of the target.

        Raises:
            UserError: Class weights are given.
        """
        from dlproof.tasks import StandardisedLoss

        if weights is not None:
            raise UserError("balance=class_weights needs classes: set balance=none for regression.")
        return StandardisedLoss(state["mean"], state["std"])

    def decoder(self, state: State) -> "nn.Module":
        """Outputs (N, 1) to values (N,) in the target's unit."""
        from dlproof.tasks import Unstandardise

        return Unstandardise(state["mean"], state["std"])

    def baselines(self, seed: int) -> dict[str, Any]:
        """A random training label, the mean and three classical models."""
        from dlproof.tasks import RandomRegressor
        from sklearn.dummy import DummyRegressor
        from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return {
            "random": RandomRegressor(seed),
            "constant": DummyRegressor(strategy="mean"),
            "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
            "random_forest": RandomForestRegressor(200, random_state=seed, n_jobs=-1),
            "gradient_boosting": HistGradientBoostingRegressor(random_state=seed),
        }

    def describe(self, prediction: np.ndarray, state: State) -> dict[str, Any]:
        """The value, its interval, and whether it lies outside the range seen in training."""
        value, half_width = float(prediction), state.get("half_width")
        answer = {"value": value, "outside_training": not state["min"] <= value <= state["max"]}
        if half_width is None:
            return answer
        return answer | {"low": value - half_width, "high": value + half_width}
