"""The task axis: what is asked of the model (a class, a number); one file an option.

An option is a class named by `_target_` in `configs/task/`. torch is imported inside the methods
that need it, so that splitting, baselines and the service start without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from .types import State
from .weighing import Score

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchmetrics import MetricCollection

    from .tasks.metric import Metric


class Task(Protocol):
    """Loss, metrics, baselines and the form of a prediction.

    `outputs` are what the network gives; `predictions` what people get: class probabilities
    (N, classes) or values in the target's unit (N,).
    """

    METRICS: dict[str, "Metric"]
    name: str
    metric: str
    mode: str

    def fit(self, labels: pd.Series) -> State:
        """What targets need to know, from training labels only; JSON-able.

        Raises:
            UserError: The labels do not suit the task (one class only, text for a number).
        """

    def refuse_unsuitable(self, labels: pd.Series) -> None:
        """Raises a UserError where the labels of all items do not suit the task."""

    def encode(self, labels: pd.Series, state: State) -> np.ndarray:
        """Targets (N,): int64 class indices, or float32 values in the target's unit."""

    def strata(self, labels: pd.Series) -> pd.Series:
        """A group for each label, such that groups should keep their shares in every split."""

    def num_outputs(self, state: State) -> int:
        """Width of the network's last layer."""

    def loss(
        self, state: State, weights: "Tensor | None" = None, gamma: float = 0.0
    ) -> "nn.Module":
        """Module (outputs, targets) -> scalar; class weights and focusing as `balance` says."""

    def decoder(self, state: State) -> "nn.Module":
        """Module outputs -> predictions, calibrated if the state is; part of the exported model."""

    def calibrate(
        self,
        targets: np.ndarray,
        predictions: np.ndarray,
        costs: np.ndarray | None,
        confidence: float,
    ) -> State:
        """What turns predictions into answers, for the state: from items not trained on.

        Args:
            targets: (N,).
            predictions: By a state that has none of it.
            costs: (classes, classes) of the charter, in the state's order; None without them.
            confidence: How often an interval of a number should hold the true one.
        """

    def measure_answers(self, state: State) -> dict[str, Score]:
        """Name -> how good the answers are that a calibrated state makes of predictions."""

    def torch_metrics(self, state: State) -> "MetricCollection":
        """Metrics over (predictions, targets) that aggregate over batches and processes."""

    def expected_first_loss(self, state: State) -> float:
        """Loss of a network that knows nothing."""

    def lowest_loss(self, state: State) -> float:
        """Loss of a network that knows everything: not 0 with label smoothing."""

    def metrics(self, targets: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """All metrics of reports, NaN where one is not defined on these items."""

    @property
    def score(self) -> Score:
        """Only the ranking metric, of targets and predictions."""

    def item_losses(self, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        """How wrong each prediction is, (N,): what the error analysis sorts by."""

    def find_overconfident(
        self, targets: np.ndarray, predictions: np.ndarray, state: State, sure: float
    ) -> np.ndarray:
        """Whether each answer claims what it should not, (N,): wrong, and surely so."""

    def find_errors(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> np.ndarray:
        """Whether each answer is wrong, or as wrong as the worst tenth of numbers, (N,)."""

    def describe_errors(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> str:
        """What errors have in common: `8 is taken for 1 in 4 of them`."""

    def baselines(self, seed: int) -> dict[str, Any]:
        """Name -> scikit-learn estimator: random, constant, linear, forest, boosting."""

    def predict_baseline(self, estimator: Any, features: np.ndarray, state: State) -> np.ndarray:
        """A fitted estimator's predictions, in the same form as the model's."""

    def describe(self, prediction: np.ndarray, state: State) -> dict[str, Any]:
        """One prediction as the service and the prediction log say it."""

    def analyse(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> dict[str, Any]:
        """Where the errors are: per class and the confusion matrix, or the residuals' spread."""

    def draw(self, targets: np.ndarray, predictions: np.ndarray, state: State, path: Path) -> None:
        """The same as a picture: confusion matrix, or predicted against true values."""

    def draw_trust(self, targets: np.ndarray, predictions: np.ndarray, path: Path) -> None:
        """How far predictions can be trusted: accuracy by confidence, or residuals by value."""
