"""The training reference: what inputs, predictions and confidence looked like before release."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..data.store import TRAIN, VALIDATION, Store
from ..errors import UserError
from ..files import hash_json, read_json
from ..monitoring.drift import describe_distribution
from ..monitoring.log import INPUT, split_answers
from .runtime import REFERENCE, Model

CHUNK = 1024  # items at a time, to bound memory


def build_reference(model: Model, store: Store) -> dict[str, Any]:
    """Distributions of inputs over train, and of predictions over validation.

    Predictions on items that the model was fitted to would be too sure of themselves.

    Returns:
        `version`, `data_version`, `items` (which ones inputs and predictions come from), and
        `watched`: name -> distribution; the inputs' summary values as `input/<name>`, then
        `prediction` and, where the task has one, `confidence`.
    """
    parts = [model.summarise(store.take(rows)) for rows in chunks(store.rows(TRAIN))]
    watched = {
        f"{INPUT}{name}": describe_distribution(np.concatenate([part[name] for part in parts]))
        for name in parts[0]
    }
    predictions = [
        described
        for rows in chunks(store.rows(VALIDATION))
        for described in model.describe_predictions(model.run(store.take(rows)))
    ]
    watched |= {
        name: describe_distribution(values) for name, values in split_answers(predictions).items()
    }
    return {
        "version": model.version,
        "data_version": model.data_version,
        "items": {
            "input": describe_items(store.items["id"].iloc[store.rows(TRAIN)]),
            "prediction": describe_items(store.items["id"].iloc[store.rows(VALIDATION)]),
        },
        "watched": watched,
    }


def describe_items(ids: Iterable[str]) -> dict[str, Any]:
    """How many items, and a hash of their sorted ids, by which anyone can tell which they were."""
    names = sorted(ids)
    return {"count": len(names), "sha256": hash_json(names)}


def load_reference(models_dir: str | Path) -> dict[str, Any]:
    """What `build_reference` made at export.

    Raises:
        UserError: It is missing or damaged.
    """
    path = Path(models_dir) / REFERENCE
    if not path.exists():
        raise UserError(f"{path} does not exist: run `export` first.")
    try:
        reference: dict[str, Any] = read_json(path)
    except ValueError as error:
        raise UserError(f"{path} is damaged: run `export` again.") from error
    return reference


def chunks(rows: np.ndarray) -> list[np.ndarray]:
    """Row numbers in pieces of at most `CHUNK`."""
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
