"""A class or a number for each item."""

from dlproof.tasks import (
    ClassificationTask,
    Metric,
    RegressionTask,
    accuracy,
    choose,
    mae,
    quantile_strata,
)

TORCH = "torchmetrics"


class Classes(ClassificationTask):
    """One of several classes."""

    METRICS = {  # noqa: RUF012
        "accuracy": Metric(accuracy, f"{TORCH}.classification.MulticlassAccuracy", average="micro")
    }

    def strata(self, labels):
        """The class."""
        return labels

    def loss(self, state, weights=None, gamma=0.0):
        """Cross entropy."""
        from dlproof.tasks import FocalLoss

        return FocalLoss(gamma, weight=weights, label_smoothing=self.label_smoothing)

    def decoder(self, state):
        """Logits to probabilities."""
        from dlproof.tasks import TemperedSoftmax

        return TemperedSoftmax(state.get("temperature", 1.0))

    def baselines(self, seed):
        """A constant and a linear model."""
        from sklearn.dummy import DummyClassifier
        from sklearn.linear_model import LogisticRegression

        return {
            "random": DummyClassifier(strategy="stratified", random_state=seed),
            "constant": DummyClassifier(strategy="prior"),
            "logistic_regression": LogisticRegression(max_iter=1000),
        }

    def describe(self, prediction, state):
        """The class that costs least."""
        best = int(choose(prediction, state.get("thresholds")))
        return {"label": state["classes"][best], "probability": float(prediction[best])}


class Numbers(RegressionTask):
    """One number."""

    METRICS = {  # noqa: RUF012
        "mae": Metric(mae, f"{TORCH}.regression.MeanAbsoluteError", "min")
    }

    def strata(self, labels):
        """Quantiles."""
        return quantile_strata(labels, 10)

    def loss(self, state, weights=None, gamma=0.0):
        """Squared error in deviations."""
        from dlproof.tasks import StandardisedLoss

        return StandardisedLoss(state["mean"], state["std"])

    def decoder(self, state):
        """Deviations to the target's unit."""
        from dlproof.tasks import Unstandardise

        return Unstandardise(state["mean"], state["std"])

    def baselines(self, seed):
        """A constant and a linear model."""
        from dlproof.tasks import RandomRegressor
        from sklearn.dummy import DummyRegressor
        from sklearn.linear_model import Ridge

        return {"random": RandomRegressor(seed), "constant": DummyRegressor(), "ridge": Ridge()}

    def describe(self, prediction, state):
        """The value."""
        return {"value": float(prediction)}
