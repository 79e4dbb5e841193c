"""What every classification brings: classes, metrics, error analysis and pictures."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import UserError
from ..types import State
from ..weighing import Measure, Score, average, prepare, weighted
from .calibration import choose, fit_temperature, fit_thresholds, temper
from .classification_metrics import calibration_error, log_loss
from .confusion import draw_confusion
from .metric import Ranked, build_metrics
from .reliability import draw_reliability, measure_reliability

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torchmetrics import MetricCollection


class ClassificationTask(Ranked):
    """Two classes or more, exactly one an item; predictions are probabilities (N, classes).

    A project's class has `strata`, `loss`, `decoder`, `baselines` and `describe`, as
    `dlproof.tasks.Task` describes them, and `METRICS`.

    Args:
        metric: What ranks models; one of `METRICS`.
        mode: `max`, or `min` where the metric falls as models get better.
        label_smoothing: Share of a target that is spread over all classes (Szegedy et al. 2016).

    Raises:
        UserError: There is no such metric, or the mode looks for the worst value.
    """

    name = "classification"

    def __init__(self, metric: str, mode: str, label_smoothing: float = 0.0) -> None:
        super().__init__(metric, mode)
        self.label_smoothing = label_smoothing

    def loss(
        self, state: State, weights: "Tensor | None" = None, gamma: float = 0.0
    ) -> "nn.Module":
        """The project's, as `dlproof.tasks.Task` says."""
        raise NotImplementedError

    def fit(self, labels: pd.Series) -> State:
        """The classes, sorted (as numbers where all are), with their training counts.

        Raises:
            UserError: There is one class only.
        """
        counts = labels.value_counts()
        if len(counts) < 2:
            found = f"only {counts.index[0]!r}" if len(counts) else "no label"
            raise UserError(f"the labels have {found}: classification needs at least two classes.")
        classes = sort_classes(list(counts.index))
        return {"classes": classes, "counts": [int(counts[name]) for name in classes]}

    def refuse_unsuitable(self, labels: pd.Series) -> None:
        """Raises a UserError for one class only, or values of which most occur once.

        Of all items: in train alone, classes of few items may have one each.
        """
        self.fit(labels)
        counts = labels.value_counts()
        if len(counts) > 20 and (counts == 1).sum() > len(counts) / 2:
            raise UserError(
                f"the labels have {len(counts)} classes for {len(labels)} items: is this a "
                "measurement, for task=regression, or the wrong column?"
            )

    def encode(self, labels: pd.Series, state: State) -> np.ndarray:
        """int64 (N,): positions in `state["classes"]`."""
        unknown = sorted(set(labels.unique()) - set(state["classes"]))
        if unknown:
            raise UserError(
                f"class {unknown[0]!r} is not in the training split: run `split` again."
            )
        return pd.Index(state["classes"]).get_indexer(labels).astype(np.int64)

    def num_outputs(self, state: State) -> int:
        """One logit a class."""
        return len(state["classes"])

    def expected_first_loss(self, state: State) -> float:
        """Cross entropy of equal probabilities."""
        return float(np.log(len(state["classes"])))

    def lowest_loss(self, state: State) -> float:
        """Entropy of the smoothed targets."""
        count = len(state["classes"])
        others = self.label_smoothing / count
        shares = np.array([1 - others * (count - 1), *[others] * (count - 1)])
        return float(-(shares * np.log(np.maximum(shares, 1e-12))).sum())

    def calibrate(
        self,
        targets: np.ndarray,
        predictions: np.ndarray,
        costs: np.ndarray | None,
        confidence: float,
    ) -> State:
        """`temperature`; with costs, these and the `thresholds` at which answers cost least."""
        temperature = fit_temperature(targets, predictions)
        if costs is None:
            return {"temperature": temperature}
        thresholds = fit_thresholds(targets, temper(predictions, temperature), costs)
        return {"temperature": temperature, "costs": costs.tolist(), "thresholds": thresholds}

    def measure_answers(self, state: State) -> dict[str, Score]:
        """Mean `cost` of an answer, and of the likeliest class; metrics without the temperature."""
        temperature, thresholds = state.get("temperature", 1.0), state.get("thresholds")
        found = {
            f"{score.__name__}_uncalibrated": untemper(score, temperature)
            for score in (log_loss, calibration_error)
        }
        if "costs" in state:
            costs = np.array(state["costs"])
            found["cost"] = mean_cost(costs, thresholds)
            if thresholds is not None:
                found["cost_of_likeliest"] = mean_cost(costs, None)
        return found

    def torch_metrics(self, state: State) -> "MetricCollection":
        """`METRICS` over probabilities (N, classes) and classes (N,)."""
        return build_metrics(self.METRICS, num_classes=len(state["classes"]))

    def item_losses(self, targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        """Cross entropy of each item."""
        likelihood = predictions[np.arange(len(targets)), targets]
        return -np.log(np.maximum(likelihood, np.finfo(np.float32).tiny))

    def find_overconfident(
        self, targets: np.ndarray, predictions: np.ndarray, state: State, sure: float
    ) -> np.ndarray:
        """(N,): another class than the true one with at least this probability, or no number."""
        is_unsure: np.ndarray = predictions.max(axis=1) < sure  # never of what is no number
        return ~is_unsure & (predictions.argmax(axis=1) != targets)

    def find_errors(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> np.ndarray:
        """(N,): another class than the true one."""
        is_wrong: np.ndarray = predictions.argmax(axis=1) != targets
        return is_wrong

    def describe_errors(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> str:
        """The pair of classes that is confused most."""
        pairs = Counter(zip(targets.tolist(), predictions.argmax(axis=1).tolist(), strict=True))
        ((true, predicted), count) = pairs.most_common(1)[0]
        names = state["classes"]
        return f"{names[true]} is taken for {names[predicted]} in {count} of them"

    def predict_baseline(self, estimator: Any, features: np.ndarray, state: State) -> np.ndarray:
        """Probabilities (N, classes), 0 for classes that the estimator has not seen."""
        probabilities = np.zeros((len(features), len(state["classes"])))
        probabilities[:, estimator.classes_] = estimator.predict_proba(features)
        return probabilities

    def analyse(self, targets: np.ndarray, predictions: np.ndarray, state: State) -> dict[str, Any]:
        """`per_class` precision, recall, F1 and support; `confusion` counts; `most_confused`.

        And `reliability`: how often answers of each confidence are right.
        """
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

        classes = state["classes"]
        codes, chosen = range(len(classes)), predictions.argmax(axis=1)
        # NaN, in a report null: precision of a class never predicted, recall of one without items.
        columns = precision_recall_fscore_support(
            targets, chosen, labels=codes, zero_division=np.nan
        )
        matrix = confusion_matrix(targets, chosen, labels=codes)
        where = np.argwhere(matrix * (1 - np.eye(len(classes), dtype=matrix.dtype)))
        pairs = [(int(matrix[tuple(pair)]), *map(int, pair)) for pair in where]
        return {
            "per_class": {
                name: dict(
                    zip(("precision", "recall", "f1", "support"), map(float, row), strict=True)
                )
                for name, row in zip(classes, zip(*columns, strict=True), strict=True)
            },
            "confusion": matrix.tolist(),
            "most_confused": [
                {"true": classes[true], "predicted": classes[predicted], "items": count}
                for count, true, predicted in sorted(pairs, reverse=True)[:5]
            ],
            "reliability": measure_reliability(targets, predictions),
        }

    def draw(self, targets: np.ndarray, predictions: np.ndarray, state: State, path: Path) -> None:
        """The confusion matrix."""
        from sklearn.metrics import confusion_matrix

        codes = range(len(state["classes"]))
        matrix = confusion_matrix(targets, predictions.argmax(axis=1), labels=codes)
        draw_confusion(matrix, state["classes"], path)

    def draw_trust(self, targets: np.ndarray, predictions: np.ndarray, path: Path) -> None:
        """The reliability diagram."""
        draw_reliability(measure_reliability(targets, predictions), path)


def mean_cost(costs: np.ndarray, thresholds: list[float] | None) -> Score:
    """What an answer costs on average: of targets (N,) and probabilities (N, classes)."""

    @weighted
    def cost(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
        return average(costs[targets, choose(probabilities, thresholds)])

    return cost


def untemper(score: Score, temperature: float) -> Score:
    """A metric of the probabilities as they were before the temperature."""

    @weighted
    def uncalibrated(targets: np.ndarray, probabilities: np.ndarray) -> Measure:
        return prepare(score, targets, temper(probabilities, 1 / temperature))

    return uncalibrated


def sort_classes(names: list[str]) -> list[str]:
    """Sorted as whole numbers where all are, so that `10` follows `9`; else as text."""
    if all(name.isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)
