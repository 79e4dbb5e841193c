"""How long a run is, and what cannot end well: refused before a run exists."""

import torch
from omegaconf import DictConfig

from ..config import to_plain
from ..data.datamodule import DataModule
from ..errors import UserError
from ..trust import refuse_foreign


def count_steps(trainer: DictConfig, num_batches: int) -> int:
    """Optimizer steps of the whole run, which the schedule spans."""
    num_batches = take_share(num_batches, trainer.overfit_batches or trainer.limit_train_batches)
    steps = max(1, -(-num_batches // trainer.accumulate_grad_batches) * trainer.max_epochs)
    return min(steps, trainer.max_steps) if trainer.max_steps > 0 else steps


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
        raise UserError("a stream holds one split alone: use loader=default.")
    if cfg.trainer.devices != 1 or cfg.trainer.num_nodes != 1:
        raise UserError("it trains in one process: use trainer.devices=1 and one node.")


def refuse_short(trainer: DictConfig, data: DataModule) -> None:
    """Raises a UserError where a run would end before its first validation chooses a model."""
    if trainer.max_epochs < trainer.check_val_every_n_epoch and not trainer.fast_dev_run:
        raise UserError(
            f"trainer.max_epochs={trainer.max_epochs} ends before the first validation, in epoch "
            f"{trainer.check_val_every_n_epoch}: take as many, or lower "
            "trainer.check_val_every_n_epoch."
        )
    is_number = isinstance(trainer.devices, int) and trainer.devices > 0
    devices = trainer.devices if is_number else max(1, torch.cuda.device_count())
    first = count_until_validation(trainer, data.count_batches(devices * trainer.num_nodes))
    if 0 < trainer.max_steps < first:
        raise UserError(
            f"trainer.max_steps={trainer.max_steps} ends before the first validation, at step "
            f"{first}: take as many, or a shorter epoch by trainer.limit_train_batches."
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
