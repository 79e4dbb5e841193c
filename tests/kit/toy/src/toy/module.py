"""How the toy's network trains."""

import math

import torch
from dlproof import build, to_plain
from dlproof.training import (
    MeanLoss,
    SafeModule,
    ShardedClipping,
    build_optimizer,
    build_schedule,
    count_steps,
)
from omegaconf import OmegaConf
from torch.optim.lr_scheduler import LambdaLR

from .network import build_network

GROUPS = ("model", "preprocess", "task", "augmentation", "optimizer", "schedule")


def cosine(step, total, *, warmup):
    """A straight line up, then half a cosine down."""
    rising = round(warmup * total)
    if step < rising:
        return (step + 1) / rising
    done = min(1.0, (step - rising) / max(1, total - rising))
    return 0.5 * (1 + math.cos(math.pi * done))


class Module(ShardedClipping, SafeModule):
    """Trains a network on a task."""

    def __init__(self, *, state, total_steps, weights=None, gamma=0.0, **groups):
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.groups, self.total_steps = groups, total_steps
        self.task = build(OmegaConf.create(groups["task"]))
        width = self.task.num_outputs(state["task"])
        shape = groups["model"], groups["preprocess"], state["data"], width
        self.network = build_network(*shape)
        given = None if weights is None else torch.tensor(weights)
        self.train_loss = self.task.loss(state["task"], given, gamma)
        self.val_loss = self.task.loss(state["task"])
        self.decoder = self.task.decoder(state["task"])
        metrics = self.task.torch_metrics(state["task"])
        self.train_metrics = metrics.clone(prefix="train/")
        self.val_metrics = metrics.clone(prefix="val/")
        self.mean = MeanLoss()
        for kept in (self.train_metrics, self.mean):
            kept.persistent(True)  # in a checkpoint within an epoch
        change = OmegaConf.create(groups["augmentation"])
        self.augment = build(change, state=state) if "_target_" in change else None

    def forward(self, inputs):
        """Arrays by name -> outputs."""
        return self.network(**inputs)

    def training_step(self, batch, index):
        """Loss of one batch."""
        inputs, targets = batch["inputs"], batch["targets"]
        if self.augment is not None:
            inputs, targets = self.augment(inputs, targets)
        outputs = self(inputs)
        loss = self.train_loss(outputs, targets)
        self.train_metrics.update(self.decoder(outputs.detach().float()), targets)
        self.mean.update(loss.detach(), len(targets))
        return loss

    def validation_step(self, batch, index):
        """Loss and metrics of one batch."""
        outputs, targets = self(batch["inputs"]).float(), batch["targets"]
        self.val_metrics.update(self.decoder(outputs), targets)
        told = {"on_step": False, "on_epoch": True, "sync_dist": True, "batch_size": len(targets)}
        self.log("val/loss", self.val_loss(outputs, targets), **told)

    def on_train_epoch_end(self):
        """Logs the epoch."""
        self.log_dict(self.train_metrics.compute(), sync_dist=True)
        self.log("train/loss", self.mean.compute(), sync_dist=True)
        self.train_metrics.reset(), self.mean.reset()

    def on_validation_epoch_end(self):
        """Logs the validation."""
        self.log_dict(self.val_metrics.compute(), sync_dist=True)
        self.val_metrics.reset()

    def configure_optimizers(self):
        """One group of parameters."""
        option = self.groups["optimizer"]
        trained = [p for p in self.network.parameters() if p.requires_grad]
        group = {"params": trained, "weight_decay": option["weight_decay"]}
        optimizer = build_optimizer(option, [group])
        share = build_schedule(self.groups["schedule"], self.total_steps)
        scheduler = {"scheduler": LambdaLR(optimizer, share), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": scheduler}


def build_module(cfg, data, world_size):
    """The module from plain containers."""
    weights = data.balance.weigh(data.targets, len(data.state["task"].get("classes", ())))
    return Module(
        **{name: to_plain(cfg[name]) for name in GROUPS},
        state=data.state,
        total_steps=count_steps(cfg.trainer, data.count_batches(world_size)),
        weights=None if weights is None else weights.tolist(),
        gamma=data.balance.gamma,
    )
