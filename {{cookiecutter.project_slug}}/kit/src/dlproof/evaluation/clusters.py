"""Errors that are alike: what the model gets wrong, in groups of what looks the same to it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import nn

from ..data.store import Store
from ..model.checkpoint import load_network
from ..task import Task
from .predictions import BuildNetwork, choose_device, predict_by

FEWEST, MOST = 8, 2000  # errors that are looked at: fewer form no groups, of more the worst
LARGEST = 8  # groups
STRUCTURE = 0.25  # silhouette above which groups are more than chance (Kaufman & Rousseeuw 1990)
NUM_EXAMPLES = 6  # of a group, the nearest to its middle


def cluster_errors(
    cfg: DictConfig,
    store: Store,
    task: Task,
    rows: np.ndarray,
    predictions: np.ndarray,
    build_network: BuildNetwork,
) -> list[dict[str, Any]]:
    """Groups of errors that are near each other in the network's last layer but one.

    Args:
        cfg: The composed config.
        store: The processed data, its test split open.
        task: Says which answers are errors, and what they have in common.
        rows: Of the test split.
        predictions: For them.
        build_network: Builds the project's network.

    Returns:
        The largest first: `items`, of how many `errors`, what they have in common (`told`), and the
        ids of `examples`. None where errors are few, or spread without structure.
    """
    targets, state = np.asarray(store.targets[rows]), store.state["task"]
    wrong = np.flatnonzero(task.find_errors(targets, predictions, state))
    losses = task.item_losses(targets[wrong], predictions[wrong])
    wrong = np.sort(wrong[np.argsort(-losses, kind="stable")[:MOST]])
    if len(wrong) < FEWEST:
        return []
    device = choose_device(cfg.trainer.accelerator)
    network, _ = load_network(Path(cfg.paths.models_dir, "model.ckpt"), build_network)
    points = embed(network.to(device), store, rows[wrong], task, device)
    groups = find_groups(points, cfg.seed)
    found = []
    for members in sorted(groups, key=len, reverse=True):
        places = wrong[members]
        apart = np.linalg.norm(points[members] - points[members].mean(axis=0), axis=1)
        nearest = rows[places[np.argsort(apart, kind="stable")[:NUM_EXAMPLES]]]
        found.append(
            {
                "items": len(members),
                "errors": len(wrong),
                "told": task.describe_errors(targets[places], predictions[places], state),
                "examples": store.items["id"].iloc[nearest].tolist(),
            }
        )
    return found


def embed(
    network: nn.Module, store: Store, rows: np.ndarray, task: Task, device: torch.device
) -> np.ndarray:
    """What a network's last linear layer gets for each row, (N, D), standardised."""
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1:]
    seen: list[np.ndarray] = []

    def note(module: nn.Module, inputs: Any) -> None:
        """Keeps what comes in."""
        seen.append(inputs[0].flatten(1).float().cpu().numpy())

    for module in last:
        module.register_forward_pre_hook(note)
    predict_by(network, store, rows, task, device)
    points = np.concatenate(seen) if seen else np.zeros((len(rows), 0))
    points = points - points.mean(axis=0)
    return points / np.maximum(points.std(axis=0), 1e-6)


def find_groups(points: np.ndarray, seed: int) -> list[np.ndarray]:
    """Places of the members of each group of points (N, D), by k-means.

    Of 2 to 8 groups, as many as have the largest mean silhouette (Rousseeuw 1987).

    Returns:
        None where that shows no structure.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    best, chosen = STRUCTURE, None
    distinct = len(np.unique(points, axis=0)) if points.size else 0
    for count in range(2, min(LARGEST, distinct - 1, len(points) // 3) + 1):
        labels = KMeans(count, n_init=4, random_state=seed).fit_predict(points)
        score = silhouette_score(points, labels)
        if score > best:
            best, chosen = score, labels
    if chosen is None:
        return []
    return [np.flatnonzero(chosen == group) for group in np.unique(chosen)]
