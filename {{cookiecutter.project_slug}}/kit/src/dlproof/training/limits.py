"""How long a run is, and what cannot end well: refused before a run exists."""

import os

import torch
from omegaconf import DictConfig, OmegaConf

from ..config import to_plain
from ..data.datamodule import DataModule
from ..errors import UserError
from ..trust import refuse_foreign
from .processes import is_task

# `trainer.max_epochs=auto`: so many epochs, or as many as make these steps, up to a maximum.
EPOCHS, FEWEST_STEPS, MOST_EPOCHS = 30, 1000, 1000


def count_steps(trainer: DictConfig, num_batches: int) -> int:
    """Optimizer steps of the whole run, which the schedule spans."""
    steps = count_steps_an_epoch(trainer, num_batches) * count_epochs(trainer, num_batches)
    return min(steps, trainer.max_steps) if trainer.max_steps > 0 else steps


def count_steps_an_epoch(trainer: DictConfig, num_batches: int) -> int:
    """Optimizer steps of one epoch, one at least."""
    num_batches = take_share(num_batches, trainer.overfit_batches or trainer.limit_train_batches)
    return max(1, -(-num_batches // trainer.accumulate_grad_batches))


def count_epochs(trainer: DictConfig, num_batches: int) -> int:
    """Epochs of the whole run; `auto` gives a network time to learn however few the items are.

    A step moves a weight by about the learning rate, so that a network takes hundreds of them to
    move away from where it started: an epoch of 120 items has four.
    """
    if trainer.max_epochs != "auto":
        return int(trainer.max_epochs)
    steps = count_steps_an_epoch(trainer, num_batches)
    return min(max(EPOCHS, -(-FEWEST_STEPS // steps)), MOST_EPOCHS)


def settle_epochs(cfg: DictConfig, data: DataModule) -> DictConfig:
    """The config with a number for `trainer.max_epochs=auto`; as it is where it has one.

    Where they are more than the usual number, nothing stops the run before its end: a few items
    validate, and their metric stays the same for many short epochs.
    """
    if cfg.trainer.max_epochs != "auto":
        return cfg
    own = cfg.copy()
    num_batches = data.count_batches(count_processes(cfg.trainer))
    own.trainer.max_epochs = epochs = count_epochs(cfg.trainer, num_batches)
    if epochs > EPOCHS:
        steps = count_steps(own.trainer, num_batches)
        OmegaConf.update(own, "trainer.min_steps", steps, force_add=True)
    return own


def count_processes(trainer: DictConfig) -> int:
    """How many will train, as far as the config says; of `auto` devices, a process a GPU."""
    is_number = isinstance(trainer.devices, int) and trainer.devices > 0
    devices = trainer.devices if is_number else max(1, torch.cuda.device_count())
    return int(devices * trainer.num_nodes)


def take_share(num_batches: int, limit: float) -> int:
    """At most so many of the batches, or so large a share of them, as Lightning counts."""
    return int(num_batches * limit) if isinstance(limit, float) else min(num_batches, limit)


def count_until_validation(trainer: DictConfig, num_batches: int) -> int:
    """Optimizer steps until the run's first validation, by an epoch's end at the latest."""
    num_batches = take_share(num_batches, trainer.overfit_batches or trainer.limit_train_batches)
    interval = trainer.get("val_check_interval")
    is_counted = isinstance(interval, int | float)  # or else by the clock
    last = take_share(num_batches, interval) if is_counted else num_batches
    parts = [num_batches] * (trainer.check_val_every_n_epoch - 1) + [last]
    return max(1, sum(-(-part // trainer.accumulate_grad_batches) for part in parts))


def refuse_several(cfg: DictConfig) -> None:
    """Raises a UserError where models cannot be trained one after another in this process."""
    if cfg.loader.name == "stream":
        raise UserError("a stream holds only one split: use loader=default.")
    if cfg.trainer.devices != 1 or cfg.trainer.num_nodes != 1:
        raise UserError("it trains in one process: use trainer.devices=1 and one node.")


def refuse_alone(trainer: DictConfig) -> None:
    """Raises a UserError where a run would wait for nodes on which nobody has started it."""
    if trainer.num_nodes > 1 and "WORLD_SIZE" not in os.environ and not is_task():
        raise UserError(
            f"trainer.num_nodes={trainer.num_nodes} needs a process on each node: start it by "
            "deploy/torchrun/train.sh or with launcher=slurm."
        )


def refuse_short(trainer: DictConfig, data: DataModule) -> None:
    """Raises a UserError where a run would end before its first validation chooses a model."""
    if trainer.max_epochs < trainer.check_val_every_n_epoch and not trainer.fast_dev_run:
        raise UserError(
            f"trainer.max_epochs={trainer.max_epochs} ends before the first validation, in epoch "
            f"{trainer.check_val_every_n_epoch}: use at least as many, or lower "
            "trainer.check_val_every_n_epoch."
        )
    first = count_until_validation(trainer, data.count_batches(count_processes(trainer)))
    if 0 < trainer.max_steps < first:
        raise UserError(
            f"trainer.max_steps={trainer.max_steps} ends before the first validation, at step "
            f"{first}: use at least as many, or a shorter epoch with trainer.limit_train_batches."
        )


def warn_foreign(package: str, cfg: DictConfig) -> None:
    """Says before a long run where what it trains will not be loaded again."""
    groups = {name: to_plain(cfg[name]) for name in ("data", "preprocess", "model", "task")}
    try:
        refuse_foreign("the config", groups, {package})
    except UserError as error:
        print(f"warning: {error} `evaluate` and `export` will refuse it: wrap it in a class of")
        print(f"{package}.", flush=True)


def refuse_other_ranking(cfg: DictConfig) -> None:
    """Raises a UserError where another metric chooses the best model than is reported of it."""
    best = cfg.callbacks.get("best") or {}
    for key, value in (("monitor", f"val/{cfg.task.metric}"), ("mode", cfg.task.mode)):
        if best.get(key, value) != value:
            raise UserError(
                f"callbacks.best.{key}={best[key]}: models are ranked and reported by {key} "
                f"{value}. To rank by another metric set task.metric and task.mode."
            )
