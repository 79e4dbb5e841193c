"""Faults of phase 4 that a run's own log and checkpoint show: short runs of broken training."""

import time
from typing import Any

from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor

from faults.harness import TABLES, Fault, Workspace
from faults.problem import Apply
from faults.runs import BUSY, ODD, change_loss, forget_where, train_anew, train_briefly

MODULE = "training.module"
NORMS = ("DL-24.3", "DL-26.1", "DL-26.2")


def keep_the_rate_constant(work: Workspace) -> None:
    work.patch(MODULE, "build_schedule", lambda *_: lambda step: 1.0)
    work.run("train")


def follow_a_schedule_that_stays(work: Workspace) -> None:
    """The code is at fault, and the log agrees with it."""
    schedule = work.module("training.schedule")

    def stay(step: int, total: int, *, warmup: float) -> float:
        return schedule.warm_up(step, total, warmup)[0]

    work.monkeypatch.setattr(schedule, "cosine", stay)
    work.run("train")


def start_at_the_peak(work: Workspace) -> None:
    build = work.find(MODULE, "build_schedule")
    work.patch(
        MODULE, "build_schedule", lambda option, total: build(option | {"warmup": 0.0}, total)
    )
    work.run("train")


def climb_the_loss(work: Workspace) -> None:
    """A sign is wrong."""
    change_loss(work, lambda module, loss: -loss)
    work.run("train")


def forget(column: str) -> Apply:
    """One epoch's value is not logged."""

    def apply(work: Workspace) -> None:
        forget_where(work, lambda name, epoch: name == column and epoch == ODD)
        work.run("train")

    return apply


def log_accuracy_alone(work: Workspace) -> None:
    kept = ("val/accuracy", "val/loss")
    forget_where(work, lambda name, _: name.startswith("val/") and name not in kept)
    work.run("train", "evaluate")


def forget_a_rate(work: Workspace) -> None:
    note = LearningRateMonitor.on_train_epoch_start

    def note_others(self: Any, trainer: Any, *arguments: Any) -> None:
        if trainer.current_epoch != ODD:
            note(self, trainer, *arguments)

    work.monkeypatch.setattr(LearningRateMonitor, "on_train_epoch_start", note_others)
    work.run("train")


def explode(work: Workspace) -> None:
    change_loss(work, lambda module, loss: loss * (1e9 if module.current_epoch == ODD else 1))
    work.run("train")


def go_on_after_a_nan(work: Workspace) -> None:
    """Nothing guards the run, and its loss is no number in one step."""
    work.set_config("callbacks/default.yaml", non_finite=None)
    mean = work.find(MODULE, "MeanLoss")
    update, steps = mean.update, iter(range(10_000))

    def update_once_wrongly(self: Any, loss: Any, count: int) -> None:
        update(self, loss * float("nan") if next(steps) == 50 else loss, count)

    work.monkeypatch.setattr(mean, "update", update_once_wrongly)
    train_anew(work)


def clip_without_effect(work: Workspace) -> None:
    module = work.module(MODULE).LitModel
    work.monkeypatch.setattr(module, "configure_gradient_clipping", lambda *_, **__: None)
    change_loss(work, lambda module, loss: 1000 * loss)
    work.run("train")


def suggest_nothing(work: Workspace) -> None:
    describe = work.find("training.evidence", "describe_norms")
    work.patch(
        "training.evidence",
        "describe_norms",
        lambda trainer: {n: v for n, v in describe(trainer).items() if n != "suggested_clip"},
    )
    work.run("train")


def go_on_past_the_patience(work: Workspace) -> None:
    """The model learns nothing from the first epoch on, and nothing stops it."""
    work.set_config("callbacks/default.yaml", early_stopping__patience=1)
    for name in ("on_validation_end", "on_train_epoch_end"):
        work.monkeypatch.setattr(EarlyStopping, name, lambda *_: None)
    change_loss(work, lambda module, loss: 0 * loss)
    train_anew(work)


def keep_weights_alone(work: Workspace) -> None:
    work.set_config("callbacks/default.yaml", best__save_weights_only=True)
    train_anew(work)


def keep_only_the_last(work: Workspace) -> None:
    work.set_config("callbacks/default.yaml", periodic=None)
    train_anew(work)


def wait_for_data(work: Workspace) -> None:
    rows = work.find("data.datamodule", "Rows")
    take = rows.__getitems__

    def take_slowly(self: Any, *arguments: Any) -> Any:
        time.sleep(0.02)
        return take(self, *arguments)

    work.monkeypatch.setattr(rows, "__getitems__", take_slowly)
    work.run("train")


def decay_the_norms(work: Workspace) -> None:
    def group_all(network: Any, decay: float, _: Any = None) -> Any:
        yield {"params": list(network.parameters()), "weight_decay": decay}

    work.patch(MODULE, "group_parameters", group_all)
    work.run("train")


def leave_a_layer_out_of_the_optimizer(work: Workspace) -> None:
    group = work.find(MODULE, "group_parameters")

    def group_others(*arguments: Any) -> Any:
        matrices, *vectors = group(*arguments)
        return [matrices | {"params": matrices["params"][:-1]}, *vectors]

    work.patch(MODULE, "group_parameters", group_others)
    work.run("train")


def brief(bullet: str, text: str, apply: Apply, also: tuple[str, ...] = ()) -> Fault:
    """A fault in a short run, behind an equal one that goes well and so ends otherwise (ML-25)."""
    return Fault(
        bullet, text, apply, also=("ML-25", *BUSY, *also), option_set=TABLES, given=train_briefly
    )


FAULTS = [
    brief("DL-12.3", "steps wait for data", wait_for_data),
    brief("DL-13.4", "only accuracy logged", log_accuracy_alone),
    brief("DL-18.2", "norms decay too", decay_the_norms),
    brief("DL-21.2", "a constant rate", keep_the_rate_constant, also=("DL-21.3",)),
    brief("DL-21.2", "a schedule that stays", follow_a_schedule_that_stays),
    brief("DL-21.3", "no warm-up", start_at_the_peak, also=("DL-21.2",)),
    brief("DL-23.2", "a loss that rises", climb_the_loss),
    brief("DL-23.3", "a layer not in the optimizer", leave_a_layer_out_of_the_optimizer),
    brief("DL-24.1", "an epoch without validation loss", forget("val/loss")),
    brief("DL-24.2", "an epoch without learning rate", forget_a_rate),
    brief("DL-24.3", "a gradient that explodes", explode, also=("DL-26.2",)),
    brief("DL-24.4", "an epoch without training metric", forget("train/accuracy")),
    brief("DL-25.3", "a NaN in the log, and on", go_on_after_a_nan, also=("DL-24.1",)),
    brief("DL-26.1", "a norm above the clip after it", clip_without_effect),
    brief("DL-26.2", "no clip suggested", suggest_nothing),
    brief("DL-27.2", "patience ignored", go_on_past_the_patience, also=("DL-23.2", "DL-24.3")),
    brief("DL-28.1", "no optimizer state", keep_weights_alone, also=("DL-27.3",)),
    brief("DL-28.2", "a checkpoint at the end only", keep_only_the_last),
]
