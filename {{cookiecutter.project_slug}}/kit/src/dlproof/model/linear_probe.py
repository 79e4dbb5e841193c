"""One more baseline for images: a linear model on the features of a frozen pretrained network."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from ..data.store import VALIDATION, Store
from ..errors import UserError
from ..files import hash_file
from ..task import Task
from .weights import compare_weights, find_weights

if TYPE_CHECKING:
    from torch import nn

LINEAR = ("logistic_regression", "ridge")  # of the task's baselines
SIDES = (128, 224)  # pixels: smaller images are enlarged, larger ones reduced
BATCH = 64


def probe_backbone(cfg: DictConfig, store: Store, task: Task, rows: np.ndarray) -> dict[str, Any]:
    """Scores `baselines.backbone`, or says why its weights are not available.

    Args:
        cfg: The composed config.
        store: The processed data.
        task: Its linear baseline and its metrics are taken.
        rows: Training items that the linear model is fitted on.

    Returns:
        `scored`, with the metrics on validation and what of the weights was loaded, or with the
        `reason` against it; `tried`: the file or the hub's id. Empty with no backbone to try.
    """
    settings = cfg.baselines
    if settings.backbone is None:
        return {}
    hub_id = f"timm/{settings.backbone}"  # where timm publishes what bears a tag
    found: dict[str, Any] = {"tried": settings.weights or hub_id}
    try:
        path = find_weights(hub_id, settings.weights)
        network, weights = load_backbone(settings.backbone, path)
    except UserError as error:
        return found | {"scored": False, "reason": str(error)}
    started = time.perf_counter()
    validation = store.rows(VALIDATION)
    features, wanted = (extract(network, store, part) for part in (rows, validation))
    estimators = task.baselines(cfg.seed)
    model = next(estimators[name] for name in LINEAR if name in estimators)
    model.fit(features, np.asarray(store.targets[rows]))
    predictions = task.predict_baseline(model, wanted, store.state["task"])
    return found | {
        "scored": True,
        "scores": task.metrics(np.asarray(store.targets[validation]), predictions),
        "features": features.shape[1],
        "seconds": round(time.perf_counter() - started, 3),
        "weights": weights,
    }


def load_backbone(architecture: str, path: Path) -> tuple["nn.Module", dict[str, Any]]:
    """A timm network without its head, in eval mode, and what of the file is in it.

    Raises:
        UserError: The file is not one of this architecture.
    """
    import timm

    source = {"file": str(path), "custom_load": False}
    try:
        network = timm.create_model(
            architecture, pretrained=True, num_classes=0, pretrained_cfg_overlay=source
        )
    except Exception as error:  # each reader of files has errors of its own
        raise UserError(f"{path} does not fit {architecture}: {str(error)[:200]}") from error
    weights = compare_weights(network, path) | {"sha256": hash_file(path)}
    if weights["missing"]:
        raise UserError(f"{path} lacks {len(weights['missing'])} tensors of {architecture}.")
    return network.eval(), weights


def extract(network: "nn.Module", store: Store, rows: np.ndarray) -> np.ndarray:
    """Features (N, D) of items, normalised as the backbone was trained."""
    import torch
    from torch.nn.functional import interpolate

    expected: Any = network.pretrained_cfg
    mean, std = (torch.tensor(expected[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    parts = []
    for start in range(0, len(rows), BATCH):
        images = torch.from_numpy(store.take(rows[start : start + BATCH])["image"]).float() / 255
        side = min(max(SIDES[0], *images.shape[2:]), SIDES[1])
        images = interpolate(images, (side, side), mode="bilinear", antialias=True)
        with torch.inference_mode():
            parts.append(network(((images - mean) / std).to(device)).cpu().numpy())
    return np.concatenate(parts)
