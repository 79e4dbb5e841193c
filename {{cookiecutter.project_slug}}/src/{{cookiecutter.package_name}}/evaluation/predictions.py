"""Predictions of the trained network, in eval mode and without gradients, kept once made."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.load import to_tensors
from ..data.store import Store
from ..files import atomic, hash_file
from ..model.checkpoint import load_network
from ..problem.task import Task

BATCH_SIZE = 256


def predict(model_path: Path, store: Store, rows: np.ndarray, task: Task) -> np.ndarray:
    """Predictions of a checkpoint for rows of the store: (N, classes) or (N,)."""
    network, _ = load_network(model_path)
    decoder = task.decoder(store.state["task"]).eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH_SIZE):
            inputs = to_tensors(store.take(rows[start : start + BATCH_SIZE]))
            parts.append(decoder(network(**inputs)).numpy())
    return np.concatenate(parts)


def save_predictions(path: Path, **arrays: Any) -> str:
    """Writes rows, targets and predictions as one .npz and returns its hash."""
    with atomic(path) as draft, draft.open("wb") as stream:
        np.savez(stream, **arrays)
    return hash_file(path)


def load_predictions(path: Path, model: str, data_version: str) -> np.ndarray | None:
    """The kept predictions, if they are this model's on this data."""
    if not path.exists():
        return None
    with np.load(path) as content:
        if (str(content["model"]), str(content["data"])) != (model, data_version):
            return None
        predictions: np.ndarray = content["predictions"]
        return predictions
