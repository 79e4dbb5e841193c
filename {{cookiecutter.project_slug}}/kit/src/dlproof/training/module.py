"""Parts of a LightningModule: the epoch's loss, the optimizer, the schedule, clipping of shards."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch
from lightning.pytorch import LightningModule
from omegaconf import OmegaConf
from torch import Tensor
from torch.optim import Optimizer
from torchmetrics import Metric

from ..config import build
from ..errors import UserError
from ..model.checkpoint import read_checkpoint
from ..trust import refuse_foreign


class MeanLoss(Metric):
    """Mean loss of an epoch's items, over all processes; `log` in each step would take longer."""

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("total", "count"):
            self.add_state(name, default=torch.zeros(()), dist_reduce_fx="sum")

    def update(self, loss: Tensor, count: int) -> None:
        """Takes in the mean loss of `count` items."""
        self.total += loss * count
        self.count += count

    def compute(self) -> Tensor:
        """The mean so far."""
        return self.total / self.count


class SafeModule(LightningModule):
    """A LightningModule whose `load_from_checkpoint` runs nothing that the file asks for."""

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls, checkpoint_path: str | Path, *args: Any, **kwargs: Any
    ) -> Self:
        """As Lightning's, of a local file.

        Raises:
            UserError: The file is missing or damaged, or asks for what no model consists of.
        """
        given = read_checkpoint(checkpoint_path).get("hyper_parameters", {})
        groups = {name: value for name, value in given.items() if name != "state"}
        refuse_foreign(checkpoint_path, groups, {cls.__module__.partition(".")[0]})
        loaded: Self = super().load_from_checkpoint(checkpoint_path, *args, **kwargs)
        return loaded


class ShardedClipping:
    """Clips gradients of a LightningModule also where FSDP shards them, which Lightning refuses."""

    trainer: Any
    clip_gradients: Callable[..., None]

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clips; under FSDP by the norm over all shards."""
        model: Any = self.trainer.strategy.model
        if gradient_clip_val and hasattr(model, "clip_grad_norm_"):
            model.clip_grad_norm_(gradient_clip_val)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)


def build_optimizer(option: dict[str, Any], groups: list[dict[str, Any]]) -> Optimizer:
    """The optimizer of config group `optimizer` over parameter groups.

    Raises:
        UserError: It refuses its values.
    """
    make = build(OmegaConf.create(option))
    try:
        optimizer: Optimizer = make(groups)
    except (ValueError, TypeError) as error:
        raise UserError(f"optimizer={explain_refusal(option, error)}") from error
    return optimizer


def build_schedule(option: dict[str, Any], total_steps: int) -> Callable[[int], float]:
    """The schedule of config group `schedule`: step -> share of the rate.

    Raises:
        UserError: It refuses its values.
    """
    share = build(OmegaConf.create(option))
    try:
        share(0, total_steps), share(total_steps, total_steps)
    except TypeError as error:
        raise UserError(f"schedule={explain_refusal(option, error)}") from error
    return lambda step: share(step, total_steps)


def explain_refusal(option: dict[str, Any], error: Exception) -> str:
    """Why a group's option cannot be built, and of which values."""
    values = [f"{name}={v}" for name, v in option.items() if name[0] != "_" and name != "name"]
    return f"{option['name']} cannot be built: {error} ({', '.join(values)})."
