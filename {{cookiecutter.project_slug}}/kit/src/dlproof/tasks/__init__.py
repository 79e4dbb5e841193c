"""The tasks' machinery: classes and numbers, their metrics, losses and decoders."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "accuracy": "classification_metrics",
    "auroc": "classification_metrics",
    "average_precision": "classification_metrics",
    "by_support": "classification_metrics",
    "calibration_error": "classification_metrics",
    "choose": "calibration",
    "ClassificationTask": "classification",
    "FocalLoss": "torch_classification",
    "log_loss": "classification_metrics",
    "macro": "classification_metrics",
    "mae": "regression_metrics",
    "Metric": "metric",
    "mse": "regression_metrics",
    "quantile_strata": "regression",
    "r2": "regression_metrics",
    "RandomRegressor": "random_regressor",
    "RegressionTask": "regression",
    "rmse": "regression_metrics",
    "StandardisedLoss": "torch_regression",
    "TemperedSoftmax": "torch_classification",
    "Unstandardise": "torch_regression",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
