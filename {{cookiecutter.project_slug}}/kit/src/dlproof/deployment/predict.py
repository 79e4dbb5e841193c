"""Offline predictions by the path that the service uses, refused items with their reason."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..errors import UserError
from .runtime import Model, open_validation

BATCH = 256


def find_items(model: Model, cfg: DictConfig) -> tuple[Any, list[str]]:
    """Raw items and their names: what `predict.input` names, else the validation split.

    Raises:
        UserError: Nothing is there.
    """
    if cfg.predict.input:
        return model.data_type.locate(cfg.predict.input, model.info["state"]["data"])
    store, rows = open_validation(cfg.paths.data_dir, model.data_version)
    items = store.items.iloc[rows]
    return model.data_type.read(items), list(items["id"])


def predict_all(model: Model, raw: Any, names: Sequence[str]) -> pd.DataFrame:
    """`item`, what the task says of it, and `reason` where it could not be predicted."""
    rows: list[dict[str, Any]] = []
    for start in range(0, len(names), BATCH):
        end = start + BATCH
        answers = predict_batch(model, raw[start:end])
        rows += [
            {"item": name, **answer} for name, answer in zip(names[start:end], answers, strict=True)
        ]
    table = pd.json_normalize(rows)
    reasons = table.pop("reason") if "reason" in table else pd.Series("", index=table.index)
    return table.assign(reason=reasons.fillna(""))


def predict_batch(model: Model, raw: Any) -> list[dict[str, Any]]:
    """Predicts at once; where an item is refused, one by one with the reason of each refused."""
    try:
        return model.predict(raw)
    except UserError as error:
        if len(raw) == 1:
            return [{"reason": str(error)}]
    return [
        answer
        for index in range(len(raw))
        for answer in predict_batch(model, raw[index : index + 1])
    ]


def evidence(model: Model, table: pd.DataFrame) -> dict[str, Any]:
    """Figures of `predict` that checks read: items, how many were predicted, why others not."""
    refused = table[table["reason"] != ""]
    return {
        "version": model.version,
        "items": len(table),
        "predicted": len(table) - len(refused),
        "refused": len(refused),
        "reasons": dict(zip(refused["item"][:20], refused["reason"][:20], strict=True)),
    }
