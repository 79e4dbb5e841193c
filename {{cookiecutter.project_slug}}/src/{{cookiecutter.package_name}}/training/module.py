"""The LightningModule: how one step trains and validates any network on any task."""

from collections.abc import Iterator
from typing import Any

import torch
from dlproof import Augmentation, State, build, to_plain
from dlproof.data import Batch, DataModule
from dlproof.training import (
    MeanLoss,
    SafeModule,
    ShardedClipping,
    build_optimizer,
    build_schedule,
    count_steps,
)
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics import MetricCollection

from ..model.network import build_network

EPOCH: dict[str, Any] = {"on_step": False, "on_epoch": True, "sync_dist": True}


class LitModel(ShardedClipping, SafeModule):
    """Trains a network built from plain containers, so that a checkpoint alone rebuilds it.

    Args:
        model: Config group of this name; likewise `preprocess`, `task`, `optimizer`, `schedule`.
        augmentation: Config group; without `_target_`, items are not changed.
        state: Content of `state.json`.
        total_steps: Optimizer steps of the whole run. Passed in: reading Lightning's estimate
            would stop a loader's state from being restored.
        class_weights: Weight of each class in the training loss.
        gamma: Focusing parameter of the training loss.
    """

    def __init__(
        self,
        *,
        model: dict[str, Any],
        preprocess: dict[str, Any],
        task: dict[str, Any],
        augmentation: dict[str, Any],
        optimizer: dict[str, Any],
        schedule: dict[str, Any],
        state: State,
        total_steps: int,
        class_weights: list[float] | None = None,
        gamma: float = 0.0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        if model.get("pretrained"):  # a checkpoint has its own weights and needs no others
            self.hparams["model"] = model | {"pretrained": False}
        self.task = build(OmegaConf.create(task))
        width = self.task.num_outputs(state["task"])
        self.network = build_network(model, preprocess, state["data"], width)
        # Convolutions run about 1.5 times as fast with channels last; activations follow weights.
        self.network.to(memory_format=torch.channels_last)
        self.dims = [p.ndim for p in self.network.parameters()]  # FSDP flattens what it shards
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.train_loss = self.task.loss(state["task"], weights, gamma)
        self.val_loss = self.task.loss(state["task"])
        self.decoder = self.task.decoder(state["task"])
        metrics = self.task.torch_metrics(state["task"])
        # Only the ranking metric while training: updating all of them would slow down every step.
        ranking = {self.task.metric: metrics[self.task.metric].clone()}
        self.train_metrics = MetricCollection(ranking, prefix="train/")
        self.train_mean = MeanLoss()
        for metric in (self.train_metrics, self.train_mean):
            metric.persistent(True)  # a checkpoint within an epoch keeps what they saw
        self.val_metrics = metrics.clone(prefix="val/")
        self.test_metrics = metrics.clone(prefix="test/")
        self.augment: Augmentation | None = None
        if "_target_" in augmentation:
            self.augment = build(OmegaConf.create(augmentation), state=state)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Raw arrays by name -> outputs (N, num_outputs)."""
        outputs: Tensor = self.network(**inputs)
        return outputs

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Loss of one augmented batch."""
        inputs, targets = batch["inputs"], batch["targets"]
        if self.augment is not None:
            inputs, targets = self.augment(inputs, targets)
        outputs = self(inputs)
        loss: Tensor = self.train_loss(outputs, targets)
        if targets.ndim > 1:  # mixed items: metrics expect the class with the larger share
            targets = targets.argmax(dim=1)
        self.train_metrics.update(self.decoder(outputs.detach().float()), targets)
        self.train_mean.update(loss.detach(), len(targets))
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        """Loss and metrics of one batch, without augmentation."""
        self.score(batch, "val", self.val_metrics)

    def test_step(self, batch: Batch, index: int) -> None:
        """The same for `trainer.test(module, loader)`, on any items but the project's test split.

        That split has no loader: only `evaluate` opens it.
        """
        self.score(batch, "test", self.test_metrics)

    def score(self, batch: Batch, stage: str, metrics: MetricCollection) -> None:
        """Updates the metrics with a batch and logs its loss."""
        targets = batch["targets"]
        outputs = self(batch["inputs"]).float()
        metrics.update(self.decoder(outputs), targets)
        loss = self.val_loss(outputs, targets)
        self.log(f"{stage}/loss", loss, **EPOCH, batch_size=len(targets))

    def on_train_epoch_end(self) -> None:
        """Logs the epoch's training metric and loss."""
        self.log_and_reset(self.train_metrics)
        self.log("train/loss", self.train_mean.compute(), sync_dist=True)
        self.train_mean.reset()

    def on_validation_epoch_end(self) -> None:
        """Logs the epoch's validation metrics."""
        self.log_and_reset(self.val_metrics)

    def on_test_epoch_end(self) -> None:
        """Logs the metrics of `test_step`."""
        self.log_and_reset(self.test_metrics)

    def log_and_reset(self, metrics: MetricCollection) -> None:
        """Logs metrics over all processes and resets them."""
        self.log_dict(metrics.compute(), sync_dist=True)
        metrics.reset()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """The configured optimizer; its rate follows the schedule step by step.

        Raises:
            UserError: The optimizer or the schedule refuses its values.
        """
        decay, total = self.hparams["optimizer"]["weight_decay"], self.hparams["total_steps"]
        groups = list(group_parameters(self.network, decay, self.dims))
        optimizer = build_optimizer(self.hparams["optimizer"], groups)
        scheduler = LambdaLR(optimizer, build_schedule(self.hparams["schedule"], total))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


def group_parameters(
    network: nn.Module, weight_decay: float, dims: list[int] | None = None
) -> Iterator[dict[str, Any]]:
    """Two groups: matrices and kernels decay; norms, biases and other vectors do not.

    `dims` has the dimensions of each parameter from before FSDP flattened it.
    """
    dims = [p.ndim for p in network.parameters()] if dims is None else dims
    pairs = zip(network.parameters(), dims, strict=True)
    trainable = [(parameter, dim) for parameter, dim in pairs if parameter.requires_grad]
    matrices = [parameter for parameter, dim in trainable if dim > 1]
    vectors = [parameter for parameter, dim in trainable if dim <= 1]
    for parameters, decay in ((matrices, weight_decay), (vectors, 0.0)):
        if parameters:
            yield {"params": parameters, "weight_decay": decay}


def build_module(cfg: DictConfig, data: DataModule, world_size: int) -> LitModel:
    """The LightningModule, built from plain containers, which its checkpoint keeps."""
    groups = ("model", "preprocess", "task", "augmentation", "optimizer", "schedule")
    plain = {name: to_plain(cfg[name]) for name in groups}
    state = data.state
    weights = data.balance.weigh(data.targets, len(state["task"].get("classes", ())))
    return LitModel(
        **plain,
        state=state,
        total_steps=count_steps(cfg.trainer, data.count_batches(world_size)),
        class_weights=None if weights is None else weights.tolist(),
        gamma=data.balance.gamma,
    )
