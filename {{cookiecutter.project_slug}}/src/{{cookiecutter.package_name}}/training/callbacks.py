"""What watches a run besides Lightning's own callbacks."""

from functools import partial

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim import Optimizer


class GradientNorm(Callback):
    """Logs the norm of the gradient before clipping: mean and largest of each epoch."""

    def on_before_optimizer_step(
        self, trainer: Trainer, module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Measures all trainable parameters at once."""
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        log = partial(module.log, on_step=False, on_epoch=True, batch_size=1, sync_dist=True)
        log("train/gradient_norm", norm)
        log("train/gradient_norm_max", norm, reduce_fx="max")
