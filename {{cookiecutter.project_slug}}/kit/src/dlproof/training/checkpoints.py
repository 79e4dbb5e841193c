"""States from which a killed run resumes: when they are saved, and what is restored from them."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from torch import Tensor

from ..errors import Terminated, UserError
from ..files import atomic
from .guard import NonFiniteGuard

PREFIX = "resume-"
STATE = "resume"  # this callback's key in a checkpoint
LOG = "metrics.csv"


class BestCheckpoint(ModelCheckpoint):
    """Keeps the best epoch, and of equal ones the last: it has been trained for longer.

    On a small validation split many epochs score the same, the first of them at a high rate.
    """

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Whether an epoch's score deserves to be kept."""
        is_equal = current is not None and bool(self.best_model_score == current)
        return is_equal or super().check_monitor_top_k(trainer, current)


class ResumeCheckpoint(Checkpoint):
    """Keeps the newest states; SIGTERM and SIGUSR1 save one more, then stop the run.

    A state is saved after an optimizer step or an epoch's end, when gradients are used up.

    Args:
        dirpath: Where `resume-<batches>.ckpt` are written, each whole or not at all.
        every_seconds: Time between two states.
        every_n_train_steps: Save by optimizer steps too.
        keep: States that stay.

    Raises:
        UserError: One of the last three is out of range.
    """

    def __init__(
        self,
        dirpath: str,
        every_seconds: float,
        every_n_train_steps: int | None = None,
        keep: int = 2,
    ) -> None:
        self.folder = Path(dirpath)
        if not isinstance(every_seconds, int | float) or not every_seconds >= 0:
            raise UserError(f"callbacks.resume.every_seconds={every_seconds} should be 0 or more.")
        if every_n_train_steps is not None:
            refuse_less_than_one("callbacks.resume.every_n_train_steps", every_n_train_steps)
        refuse_less_than_one("callbacks.resume.keep", keep)
        self.every_seconds, self.every_n_train_steps = every_seconds, every_n_train_steps
        self.keep = keep
        self.saved, self.step = 0.0, 0
        self.signalled = False
        self.sums: dict[str, dict[str, Tensor]] = {}
        self.row: dict[str, float] = {}

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Listens to signals, until Lightning puts the old handlers back."""
        self.saved, self.step = time.monotonic(), trainer.global_step
        for logger in trainer.loggers if self.row else ():
            logger.log_metrics(self.row, int(self.row["step"]))
            logger.save()
        if trainer.is_global_zero:  # later states are left over from an earlier attempt
            for path in self.folder.glob(f"{PREFIX}*.ckpt"):
                if path.name > self.name(trainer):
                    path.unlink()
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGUSR1"):
                if hasattr(signal, name):  # Windows has no SIGUSR1
                    signal.signal(getattr(signal, name), self.note_signal)

    def note_signal(self, number: int, frame: FrameType | None) -> None:
        """Lets the step end before the run stops; a second signal does not wait."""
        if self.signalled:
            raise Terminated
        self.signalled = True

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Saves after an optimizer step that does not end the epoch, if it is time."""
        if self.sums:
            add_sums(trainer, self.sums)
            self.sums = {}
        stepped, self.step = trainer.global_step != self.step, trainer.global_step
        if stepped and not trainer.is_last_batch:
            self.save_if_due(trainer, is_end=trainer.global_step == trainer.max_steps)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Saves between two epochs, if it is time."""
        # With max_steps Lightning restarts an epoch that has ended: the state within it will do.
        is_end = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        self.save_if_due(trainer, is_end=is_end or trainer.max_steps >= 0)

    def save_if_due(self, trainer: Trainer, is_end: bool) -> None:
        """Saves where there is more to come; all processes decide alike.

        Raises:
            Terminated: A signal has arrived.
        """
        every = self.every_n_train_steps
        due = time.monotonic() - self.saved >= self.every_seconds
        due = due or (every is not None and trainer.global_step % every == 0)
        stop = trainer.strategy.reduce_boolean_decision(self.signalled, all=False)
        due = trainer.strategy.reduce_boolean_decision(due or stop, all=False)
        is_trial = trainer.fast_dev_run  # type: ignore[attr-defined]
        if due and not is_end and not is_trial:
            self.save(trainer)
        if stop:
            raise Terminated

    def save(self, trainer: Trainer) -> None:
        """Writes a state beside the older ones, then removes the oldest."""
        for guard in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(guard, NonFiniteGuard):
                guard.check(trainer)
        for logger in trainer.loggers:
            logger.save()
        path = self.folder / self.name(trainer)
        with atomic(path) if trainer.is_global_zero else nullcontext(path) as draft:
            trainer.save_checkpoint(draft)
        if trainer.is_global_zero:
            for old in sorted(self.folder.glob(f"{PREFIX}*.ckpt"))[: -self.keep]:
                old.unlink()
        # A process that stops before the state has its name would take the first one with it.
        trainer.strategy.barrier()
        self.saved = time.monotonic()

    @staticmethod
    def name(trainer: Trainer) -> str:
        """File names in the order of training, by batches."""
        return f"{PREFIX}{trainer.fit_loop.total_batch_idx + 1:012d}.ckpt"

    def on_save_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds what Lightning leaves out: the log, and the sums of means within an epoch.

        An epoch's row is logged behind its checkpoints: they hold the row.
        """
        is_within = not trainer.is_last_batch
        checkpoint[STATE] = {
            "log_rows": count_rows(trainer.default_root_dir),
            "row": {} if is_within else read_row(trainer),
            "sums": dict(read_sums(trainer)) if is_within else {},
        }

    def on_load_checkpoint(
        self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restores the row, to be logged at the start, and the sums, after the first step.

        Lightning restores the callbacks next, from what is moved here.
        """
        self.row, self.sums = checkpoint[STATE]["row"], checkpoint[STATE]["sums"]
        for callback in trainer.checkpoint_callbacks:
            state = checkpoint["callbacks"].get(callback.state_key, {})
            if isinstance(callback, ModelCheckpoint) and callback.dirpath and "dirpath" in state:
                move_paths(state, str(callback.dirpath))


def move_paths(state: dict[str, Any], folder: str) -> None:
    """Points a ModelCheckpoint's state to the folder in which its files are now.

    The run may have moved since, and Lightning forgets scores and best epochs of another folder.
    """
    state["dirpath"] = folder
    for key in ("best_model_path", "last_model_path", "kth_best_model_path"):
        state[key] = find_place(state.get(key, ""), folder)
    kept = state.get("best_k_models", {})
    state["best_k_models"] = {find_place(path, folder): score for path, score in kept.items()}


def find_place(path: str, folder: str) -> str:
    """Where a checkpoint lies in a folder; empty where there is none."""
    return str(Path(folder, Path(path).name)) if path else ""


def refuse_less_than_one(key: str, value: Any) -> None:
    """Raises a UserError for anything but a whole number of 1 or more."""
    if not isinstance(value, int) or value < 1:
        raise UserError(f"{key}={value} should be a whole number of 1 or more.")


def count_rows(run_dir: str | Path) -> int:
    """Rows of a run's log below its header."""
    path = Path(run_dir, LOG)
    return max(0, len(path.read_bytes().splitlines()) - 1) if path.exists() else 0


def read_row(trainer: Trainer) -> dict[str, float]:
    """The row that is about to be logged for the epoch that ends."""
    # `trainer.logged_metrics`, the public name, holds validation's too, which are in the log.
    values = trainer.fit_loop.epoch_loop._results.metrics(on_step=False)["log"]
    return {name: float(v) for name, v in values.items()} | {
        "epoch": trainer.current_epoch,
        "step": trainer.global_step - 1,
    }


def read_sums(trainer: Trainer) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """What `log` has summed up in this epoch: name -> its sum and weights.

    `_results` is Lightning's own: it has no public name for sums that are under way.
    """
    for name, metric in trainer.fit_loop.epoch_loop._results.items():
        if metric.is_tensor and not metric.has_reset:
            yield name, metric.metric_state


def add_sums(trainer: Trainer, sums: dict[str, dict[str, Tensor]]) -> None:
    """Puts the sums from before in front of the first step's; largest and smallest stay so."""
    results = trainer.fit_loop.epoch_loop._results
    for name, parts in sums.items():
        metric = results[name]
        extreme = metric.meta.is_max_reduction or metric.meta.is_min_reduction
        for key, before in parts.items():
            now = getattr(metric, key)
            before = before.to(now.device)
            merged = metric.meta.reduce_fx(before, now) if extreme else before + now
            setattr(metric, key, merged)
