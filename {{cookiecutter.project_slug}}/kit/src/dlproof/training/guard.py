"""Stops a run at the first loss, gradient or validation that is NaN or infinite, and says where."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ..data.datamodule import DataModule
from ..errors import UserError
from ..files import write_json
from .callbacks import GradientNorm

SHOWN = 10  # ids in the sentence; the file has all
EVERY_ON_DEVICE = 50  # steps between two looks where each look would wait for the device


class NonFiniteError(UserError):
    """A loss, a gradient or what ranks the epochs is NaN or infinite."""


class NonFiniteGuard(Callback):
    """Looks at the loss and the gradient's norm: on the CPU at every step, else at intervals.

    What is seen between two looks stays on the device. Under float16 the scaler skips steps with
    infinite gradients by design, so that only the loss counts.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[int, Tensor, Tensor]] = []  # step, (loss, norm), rows

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Notes the step."""
        loss = outputs["loss"].detach().float()
        norm = None if is_scaled(trainer) else find_norm(trainer)
        values = torch.stack([loss, loss.new_zeros(()) if norm is None else norm.to(loss)])
        self.seen.append((trainer.global_step, values, batch["rows"]))
        if values.device.type == "cpu" or len(self.seen) >= EVERY_ON_DEVICE:
            self.check(trainer)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Looks before a checkpoint of the epoch is kept."""
        self.check(trainer)

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Looks at the loss and at what ranks the epochs, before one of them is kept as the best.

        Raises:
            NonFiniteError: One of them is not finite.
        """
        callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
        ranking = {getattr(callback, "monitor", None) for callback in callbacks}
        for name, value in trainer.callback_metrics.items():
            if name in {"val/loss", *ranking} and not bool(value.isfinite().all()):
                raise NonFiniteError(
                    f"epoch {trainer.current_epoch} has {name} {float(value):g}; checkpoints "
                    "before it stay: look for extreme values in validation, lower optimizer.lr, "
                    "or train with trainer.precision=32-true."
                )

    def check(self, trainer: Trainer) -> None:
        """Looks at the steps since the last look.

        Raises:
            NonFiniteError: One of them was not finite.
        """
        seen, self.seen = self.seen, []
        if not seen or bool(torch.stack([values for _, values, _ in seen]).isfinite().all()):
            return
        for step, values, rows in seen:
            loss, norm = values.tolist()
            if not math.isfinite(loss + norm):
                self.stop(trainer, {"step": step, "loss": loss, "gradient_norm": norm}, rows)

    def stop(self, trainer: Trainer, figures: dict[str, Any], rows: Tensor) -> None:
        """Writes `nonfinite.json` into the run's folder and ends the run."""
        kind, ids = name_items(trainer.datamodule, rows.cpu().numpy())  # type: ignore[attr-defined]
        path = Path(trainer.default_root_dir, "nonfinite.json")
        # JSON has no NaN: these two are words.
        told = {name: v if math.isfinite(v) else str(v) for name, v in figures.items()}
        write_json(path, told | {"epoch": trainer.current_epoch, kind: ids})
        raise NonFiniteError(
            f"step {figures['step']} has loss {figures['loss']:g} and gradient norm "
            f"{figures['gradient_norm']:g} on {kind} {', '.join(ids[:SHOWN])}"
            f"{' …' if len(ids) > SHOWN else ''} (all in {path}); earlier checkpoints are kept: "
            "look at these items, lower optimizer.lr, or run with trainer=debug."
        )


def name_items(data: DataModule, rows: np.ndarray) -> tuple[str, list[str]]:
    """Items and their ids; of a stream, which leaves these with the processed data, their rows."""
    store = getattr(data, "store", None)
    if store is None:
        return "rows of items.csv", [str(row) for row in rows]
    return "items", [str(name) for name in store.items["id"].iloc[rows]]


def is_scaled(trainer: Trainer) -> bool:
    """Whether float16 gradients are scaled."""
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return scaler is not None and scaler.is_enabled()


def find_norm(trainer: Trainer) -> Tensor | None:
    """The newest gradient norm, where a callback measures it anyway."""
    callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
    return next((c.latest for c in callbacks if isinstance(c, GradientNorm)), None)
