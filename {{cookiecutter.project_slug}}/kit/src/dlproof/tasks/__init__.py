"""The tasks' machinery: classes and numbers, their metrics, losses and decoders."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "accuracy": "classification",
    "auroc": "classification",
    "ClassificationTask": "classification",
    "FocalLoss": "torch_classification",
    "macro": "classification",
    "mae": "regression",
    "Metric": "metric",
    "mse": "regression",
    "quantile_strata": "regression",
    "r2": "regression",
    "RandomRegressor": "random_regressor",
    "RegressionTask": "regression",
    "rmse": "regression",
    "StandardisedLoss": "torch_regression",
    "Unstandardise": "torch_regression",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
