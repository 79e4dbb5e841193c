"""What watches a run besides Lightning's own callbacks."""

import time
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from ..errors import UserError
from ..model.sizing import MEGABYTE

COUNTED = (
    "and the learning rate's schedule counts its steps before the first one: set "
    "trainer.accumulate_grad_batches for the whole run instead."
)


class StepSeed(Callback):
    """Seeds torch's generator at each step, as a function of (seed, process, batches so far).

    Dropout and augmentation draw from it, so that a resumed run draws what it would have drawn.
    `torch.manual_seed` does the same in a hundred times the time, as it asks every backend.

    Args:
        seed: The run's.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seeds the CPU's generator and that of this process's GPU."""
        key = [self.seed, trainer.global_rank, trainer.fit_loop.total_batch_idx]
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        torch.default_generator.manual_seed(seed)
        if module.device.type == "cuda":
            torch.cuda.default_generators[module.device.index].manual_seed(seed)


class PlannedSteps(Callback):
    """Stops a run whose steps become others than those that its schedule spans.

    Args:
        batches: Of one optimizer step, as planned.
    """

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Looks at what code of the project's has left.

        Raises:
            UserError: It has changed how many batches make a step.
        """
        if trainer.accumulate_grad_batches != self.batches:
            raise UserError(
                f"trainer.accumulate_grad_batches was set from {self.batches} to "
                f"{trainer.accumulate_grad_batches} in epoch {trainer.current_epoch}, {COUNTED}"
            )


class GradientNorm(Callback):
    """Logs the norm of the gradient before clipping, mean and largest of each epoch.

    After clipping it is measured at the last step of each epoch: a step more costs time.

    Attributes:
        norms: The norm before clipping at every step of the epochs so far.
        latest: The newest of them.
    """

    def __init__(self) -> None:
        self.norms: list[float] = []
        self._epoch: list[Tensor] = []  # on the device, so that no step waits for it

    @property
    def latest(self) -> Tensor | None:
        """On the device; None before the first step of an epoch."""
        return self._epoch[-1] if self._epoch else None

    def state_dict(self) -> dict[str, Any]:
        """The norms so far, so that a resumed run knows them."""
        return {"norms": torch.tensor(self.norms), "epoch": list(self._epoch)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores them."""
        self.norms, self._epoch = state_dict["norms"].tolist(), state_dict["epoch"]

    def on_before_optimizer_step(
        self, trainer: Trainer, module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Measures all trainable parameters at once."""
        self._epoch.append(measure_norm(module, optimizer))

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Measures what clipping has left, once an epoch."""
        if trainer.is_last_batch:
            norm = measure_norm(module, trainer.optimizers[0])
            name = "train/gradient_norm_clipped"
            module.log(name, norm, on_step=False, on_epoch=True, batch_size=1, sync_dist=True)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Logs the epoch's norms and brings them to the CPU."""
        if self._epoch:
            norms = torch.stack([norm.to(module.device) for norm in self._epoch])
            module.log("train/gradient_norm", norms.mean(), sync_dist=True)
            module.log("train/gradient_norm_max", norms.max(), sync_dist=True)
            self.norms += norms.tolist()
        self._epoch = []


class FirstLoss(Callback):
    """Logs the very first loss, with the first epoch: whether training starts where it should."""

    def __init__(self) -> None:
        self.first: Tensor | None = None  # on the device, so that the step does not wait for it

    def state_dict(self) -> dict[str, Any]:
        """The loss sums, for an epoch that is resumed."""
        return {"first": self.first}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores it."""
        self.first = state_dict["first"]

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keeps the first step's loss."""
        if self.first is None:
            self.first = outputs["loss"].detach() * trainer.accumulate_grad_batches

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Logs it."""
        if trainer.current_epoch == 0 and self.first is not None:
            module.log("train/loss_first", self.first.to(module.device), sync_dist=True)


class Throughput(Callback):
    """Logs each epoch's training items a second, over all processes, and what slows or limits it.

    That is the share of time in which steps wait for their batches, and the most memory that the
    run has held of its GPU so far, in megabytes; a machine without a GPU has no such column.
    """

    def __init__(self) -> None:
        self.ended: float | None = None
        self.started = self.waited = self.worked = 0.0
        self.items = 0

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Forgets the epoch before; the first batch, for which workers start, is not waited for."""
        self.ended = None
        self.waited = self.worked = 0.0
        self.items = 0

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Notes the time at which the batch arrived."""
        self.started = time.perf_counter()
        if self.ended is not None:
            self.waited += self.started - self.ended

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The step is done; the wait for the next batch begins."""
        self.items += len(batch["targets"])
        if trainer.is_last_batch and module.device.type == "cuda":
            torch.cuda.synchronize(module.device)  # the epoch's time is that of its steps
        self.ended = time.perf_counter()
        self.worked += self.ended - self.started

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Logs the epoch's figures."""
        seconds = max(self.waited + self.worked, 1e-9)
        module.log("train/data_wait", self.waited / seconds, sync_dist=True)
        rate = self.items / seconds
        module.log("train/items_per_second", rate, sync_dist=True, reduce_fx="sum")
        if module.device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(module.device) / MEGABYTE
            module.log("train/peak_gpu_mb", peak, sync_dist=True, reduce_fx="max")


def measure_norm(module: LightningModule, optimizer: Optimizer) -> Tensor:
    """The norm of all gradients together, over all shards under FSDP."""
    # To look for the parameters in the module would take longer.
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if "FSDP" in type(module.trainer.strategy).__name__:
        squares = norm.to(module.device).square()
        norm = module.trainer.strategy.reduce(squares, reduce_op="sum").sqrt()
    return norm
