"""One of several classes for each item: `task=classification`."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from dlproof import State
from dlproof.tasks import (
    ClassificationTask,
    Metric,
    accuracy,
    auroc,
    average_precision,
    by_support,
    calibration_error,
    choose,
    log_loss,
    macro,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

TORCH = "torchmetrics.classification"


class Classification(ClassificationTask):
    """Two classes or more, exactly one per item; predictions are probabilities (N, classes)."""

    # Name -> the function on arrays for reports, the torchmetrics class that training logs (if it
    # does), its options or its mode. `task.metric` names the metric that ranks models.
    METRICS = {  # noqa: RUF012
        "accuracy": Metric(accuracy, f"{TORCH}.MulticlassAccuracy", average="micro"),
        "precision_macro": Metric(
            macro("precision"), f"{TORCH}.MulticlassPrecision", average="macro"
        ),
        "recall_macro": Metric(macro("recall"), f"{TORCH}.MulticlassRecall", average="macro"),
        "f1_macro": Metric(macro("f1"), f"{TORCH}.MulticlassF1Score", average="macro"),
        "auroc": Metric(auroc, "dlproof.tasks.torch_classification.PresentAUROC"),
        "precision_weighted": Metric(by_support("precision")),
        "f1_weighted": Metric(by_support("f1")),
        "average_precision": Metric(average_precision),
        "log_loss": Metric(log_loss, mode="min"),
        "calibration_error": Metric(calibration_error, mode="min"),
    }

    def strata(self, labels: pd.Series) -> pd.Series:
        """The class."""
        return labels

    def loss(
        self, state: State, weights: "Tensor | None" = None, gamma: float = 0.0
    ) -> "nn.Module":
        """Cross entropy of logits (N, classes) and classes (N,), focal if gamma is above 0."""
        from dlproof.tasks import FocalLoss

        return FocalLoss(gamma, weight=weights, label_smoothing=self.label_smoothing)

    def decoder(self, state: State) -> "nn.Module":
        """Logits to probabilities, at the temperature that suits validation."""
        from dlproof.tasks import TemperedSoftmax

        return TemperedSoftmax(state.get("temperature", 1.0))

    def baselines(self, seed: int) -> dict[str, Any]:
        """Chance, the majority class and three classical models."""
        from sklearn.dummy import DummyClassifier
        from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return {
            "random": DummyClassifier(strategy="stratified", random_state=seed),
            "constant": DummyClassifier(strategy="prior"),
            "logistic_regression": make_pipeline(
                StandardScaler(), LogisticRegression(max_iter=1000)
            ),
            "random_forest": RandomForestClassifier(200, random_state=seed, n_jobs=-1),
            "gradient_boosting": HistGradientBoostingClassifier(random_state=seed),
        }

    def describe(self, prediction: np.ndarray, state: State) -> dict[str, Any]:
        """The class that costs least, else the likeliest, and all probabilities."""
        best = int(choose(prediction, state.get("thresholds")))
        pairs = zip(state["classes"], prediction, strict=True)
        return {
            "label": state["classes"][best],
            "probability": float(prediction[best]),
            "probabilities": {name: float(value) for name, value in pairs},
        }
