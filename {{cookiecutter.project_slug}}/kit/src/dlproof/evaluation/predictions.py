"""Predictions of the trained network, in eval mode and without gradients, kept once made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import nn

from ..config import build
from ..data.load import to_tensors
from ..data.store import VALIDATION, Store, load_store
from ..files import atomic, hash_file
from ..model.checkpoint import load_network
from ..task import Task
from ..types import Arrays

BATCH_SIZE = 256
BuildNetwork = Callable[..., nn.Module]
Change = Callable[[Arrays], Arrays]


def choose_device(accelerator: str) -> torch.device:
    """Where trained networks predict: on the GPU where there is one, as Lightning trains.

    Args:
        accelerator: Of the trainer; `cpu` keeps to the CPU.
    """
    found = torch.accelerator.current_accelerator(check_available=True)
    return torch.device("cpu") if accelerator == "cpu" or found is None else found


def predict(
    model_path: Path,
    store: Store,
    rows: np.ndarray,
    task: Task,
    build_network: BuildNetwork,
    device: torch.device | str = "cpu",
) -> tuple[np.ndarray, dict[str, int]]:
    """Predictions of a checkpoint for rows of the store: (N, classes) or (N,).

    Returns:
        The predictions, and what `watch_mode` saw meanwhile.
    """
    network, _ = load_network(model_path, build_network)
    mode = watch_mode(network.to(device))
    return predict_by(network, store, rows, task, device), mode


def predict_by(
    network: nn.Module,
    store: Store,
    rows: np.ndarray,
    task: Task,
    device: torch.device | str = "cpu",
    change: Change | None = None,
) -> np.ndarray:
    """Predictions of a network in eval mode on that device, some items at a time.

    Args:
        network: On the device.
        store: The processed data.
        rows: Of it.
        task: Decodes.
        device: Where it predicts.
        change: What each batch of arrays goes through first.
    """
    decoder = task.decoder(store.state["task"]).eval().to(device)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH_SIZE):
            arrays = store.take(rows[start : start + BATCH_SIZE])
            tensors = to_tensors(change(arrays) if change else arrays)
            inputs = {name: tensor.to(device) for name, tensor in tensors.items()}
            parts.append(decoder(network(**inputs)).cpu().numpy())
    return np.concatenate(parts)


def predict_validation(
    model_path: Path, cfg: DictConfig, build_network: BuildNetwork
) -> tuple[np.ndarray, np.ndarray]:
    """Targets of the validation items (N,), and a checkpoint's predictions for them."""
    store = load_store(cfg.paths.data_dir)
    rows, device = store.rows(VALIDATION), choose_device(cfg.trainer.accelerator)
    predictions, _ = predict(model_path, store, rows, build(cfg.task), build_network, device)
    return np.asarray(store.targets[rows]), predictions


def watch_mode(network: nn.Module) -> dict[str, int]:
    """Counts each call of a layer, and those in training mode or with gradients on."""
    seen = {"calls": 0, "in_training_mode": 0, "with_gradients": 0}

    def note(module: nn.Module, inputs: Any) -> None:
        """Counts one call."""
        seen["calls"] += 1
        seen["in_training_mode"] += module.training
        seen["with_gradients"] += torch.is_grad_enabled()

    for module in network.modules():
        module.register_forward_pre_hook(note)
    return seen


def save_predictions(path: Path, **arrays: Any) -> str:
    """Writes rows, targets and predictions as one .npz and returns its hash."""
    with atomic(path) as draft, draft.open("wb") as stream:
        np.savez(stream, **arrays)
    return hash_file(path)


def load_predictions(path: Path) -> tuple[np.ndarray, dict[str, int]]:
    """What `predict` gave."""
    with np.load(path) as content:
        return content["predictions"], json.loads(str(content["mode"]))
