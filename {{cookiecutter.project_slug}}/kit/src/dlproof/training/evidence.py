"""What a finished run shows besides its metrics, for the checks of the checklist."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import torch
from lightning.pytorch import Trainer
from omegaconf import DictConfig
from torch import Tensor
from torch.optim import Optimizer

from ..config import build
from ..data.store import Store
from ..model.checkpoint import load_network, read_checkpoint
from ..model.sizing import MEGABYTE
from .callbacks import GradientNorm

if TYPE_CHECKING:
    from ..project import Project

AUGMENTED_SHEET = "train_augmented.png"
CLIP_RANGE = (0.5, 5.0)  # the cheat sheet's
CLIP_POINT = 0.9  # of the steps' norms; the tenth above it is what clipping is for


def describe_training(trainer: Trainer) -> dict[str, Any]:
    """Parameter groups, planned steps, gradient norms, loss scale, memory and checkpoints."""
    return {
        "total_steps": trainer.lightning_module.hparams["total_steps"],
        "groups": describe_groups(trainer.optimizers[0]),
        "gradient_norms": describe_norms(trainer),
        "loss_scale": read_loss_scale(trainer),
        "megabytes": measure_memory(trainer),
        "checkpoints": sorted(p.name for p in Path(trainer.default_root_dir).rglob("*.ckpt")),
    }


def describe_groups(optimizer: Optimizer) -> list[dict[str, Any]]:
    """Each parameter group: its decay, its tensors, and how many of them are norms or biases."""
    return [
        {
            "weight_decay": group["weight_decay"],
            "tensors": len(group["params"]),
            "vectors": sum(p.ndim <= 1 for p in group["params"]),
            "parameters": sum(p.numel() for p in group["params"]),
        }
        for group in optimizer.param_groups
    ]


def describe_norms(trainer: Trainer) -> dict[str, Any] | None:
    """Quantiles of the gradient's norm over all steps, and the clip that they suggest."""
    callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
    norms = [n for c in callbacks if isinstance(c, GradientNorm) for n in c.norms]
    if not norms or not np.isfinite(norms).all():
        return None
    points = (0.5, CLIP_POINT, 0.99, 1.0)
    quantiles = dict(zip(map(str, points), np.quantile(norms, points).tolist(), strict=True))
    suggested = float(np.clip(quantiles[str(CLIP_POINT)], *CLIP_RANGE))
    return {"steps": len(norms), "quantiles": quantiles, "suggested_clip": round(suggested, 2)}


def read_loss_scale(trainer: Trainer) -> float | None:
    """What float16 gradients are scaled by; None where nothing scales them."""
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return None if scaler is None or not scaler.is_enabled() else float(scaler.get_scale())


def measure_memory(trainer: Trainer) -> dict[str, float | None]:
    """The device's memory, and the most that training held of it (on a GPU)."""
    device = trainer.strategy.root_device
    if device.type != "cuda":
        return {"device": round(psutil.virtual_memory().total / MEGABYTE), "peak": None}
    total = torch.cuda.get_device_properties(device).total_memory
    peak = torch.cuda.max_memory_allocated(device)
    return {"device": round(total / MEGABYTE), "peak": round(peak / MEGABYTE, 3)}


def describe_augmented(
    project: "Project", cfg: DictConfig, store: Store | None, trainer: Trainer
) -> dict[str, Any]:
    """Whether augmented items keep their label, and a sheet of some; empty if nobody can judge."""
    judge = getattr(trainer.lightning_module.augment, "judge", None)
    if judge is None or store is None:  # a stream is not looked up by item
        return {}
    data_type, device = build(cfg.data), trainer.strategy.root_device
    network = load_network(Path(cfg.paths.models_dir, "model.ckpt"), project.build_network)[0]
    network.to(device)

    def predict(image: Tensor) -> Tensor:
        """Outputs of the trained network, on the CPU."""
        outputs: Tensor = network(image=image.to(device)).cpu()
        return outputs

    found: dict[str, Any] = judge(
        store,
        predict,
        lambda arrays: data_type.features(arrays, store.state["data"])[0],
        Path(cfg.paths.reports_dir, AUGMENTED_SHEET),
    )
    return found


def describe_checkpoint(path: str | Path, monitor: str) -> dict[str, Any]:
    """What a checkpoint holds: how much of each part, and where training stood."""
    content = read_checkpoint(path)
    hyperparameters = content.get("hyper_parameters", {})
    scores = [
        float(state["current_score"])
        for name, state in content.get("callbacks", {}).items()
        if "Checkpoint" in name and state.get("monitor") == monitor
    ]
    return {
        "tensors": len(content.get("state_dict", {})),
        "optimizers": len(content.get("optimizer_states", [])),
        "schedules": len(content.get("lr_schedulers", [])),
        "epoch": content.get("epoch"),
        "step": content.get("global_step"),
        "score": scores[0] if scores else None,
        "data_version": hyperparameters.get("state", {}).get("version"),
        "config": sorted(name for name in hyperparameters if name != "state"),
    }
