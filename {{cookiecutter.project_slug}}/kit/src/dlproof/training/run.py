"""A training run in progress: its folder, lock, record and state, and how it ended."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from ..config import keeps_results, to_plain
from ..data.datamodule import DataModule
from ..errors import Terminated, UserError
from ..files import atomic
from ..inputs import name_as_then
from ..model.sizing import count_trainable
from ..model.weights import describe_weights
from ..report import Report, load_report
from .checkpoints import LOG
from .curves import CURVES, write_curves
from .evidence import AUGMENTED_SHEET, describe_augmented, describe_checkpoint, describe_training
from .experiments import keep_experiment
from .guard import NonFiniteError
from .limits import refuse_alone, refuse_other_ranking, refuse_short, settle_epochs, warn_foreign
from .processes import read_rank
from .rate import settle_rate
from .record import finish_record, resume_record, start_record
from .resume import (
    choose_run_dir,
    find_begun,
    find_checkpoint,
    lock_run,
    refuse_changes,
    rewind,
)
from .runs import RUN_DIR
from .runs_page import write_runs_page
from .trainer import LoaderKilledError, build_trainer, choose_options, explain_refusals

if TYPE_CHECKING:
    from ..project import Project


@dataclass
class Going:
    """A run that trains now.

    Attributes:
        project: Whose run it is.
        cfg: The config to train with: a rate in place of `auto`, and no pretrained weights where
            a state brings its own.
        folder: The run's.
        checkpoint: The state to resume from; None: from the first step.
        trainer: The one that trains, once it does.
        outcome: How the run ended, once it has.
    """

    project: "Project"
    cfg: DictConfig
    folder: Path
    checkpoint: Path | None
    trainer: Trainer | None = None
    outcome: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def options(self) -> dict[str, Any]:
        """What Lightning's Trainer is built with: `Trainer(**going.options)`.

        Raises:
            UserError: As `dlproof.training.choose_options`.
        """
        options = choose_options(self.cfg, self.folder)
        return options | {"callbacks": [Remember(self), *options["callbacks"]]}

    def report(self, data: DataModule) -> Report:
        """Copies the best checkpoint to `models/model.ckpt` and reports what checks read.

        Raises:
            UserError: The run kept no checkpoint.
        """
        assert self.trainer is not None
        report = write_model(self.cfg, self.folder, self.trainer, self.outcome)
        if not report.files:
            return report
        write_runs_page(self.project, self.cfg)
        store = getattr(data, "store", None)
        augmented = describe_augmented(self.project, self.cfg, store, self.trainer)
        report.figures["augmented"] = augmented
        if augmented:
            report.add_picture(Path(self.cfg.paths.reports_dir, AUGMENTED_SHEET))
        return report


class Remember(Callback):
    """Tells a run which Trainer trains it."""

    def __init__(self, going: Going) -> None:
        self.going = going

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Lightning calls it first of all."""
        self.going.trainer = trainer


@contextmanager
def open_run(project: "Project", cfg: DictConfig, data: DataModule) -> Iterator[Going]:
    """A new run, or the one that `resume` or a launcher names; the block trains.

    The first process alone holds the run's lock, keeps its record and leaves the block; of others
    started beside it, each ends behind its block.

    Raises:
        UserError: The config or the data does not suit; what Lightning refuses, in a sentence; or
            nothing finite was learned.
        KeyboardInterrupt, Terminated: With how to go on.
    """
    begun = find_begun(cfg)
    cfg = settle_rate(project, cfg, begun)
    cfg = settle_epochs(cfg, data)
    refuse_alone(cfg.trainer)
    refuse_short(cfg.trainer, data)
    refuse_other_ranking(cfg)
    weights = None if begun else describe_weights(to_plain(cfg.model))  # refuses before a run is
    folder = choose_run_dir(cfg, begun)
    if read_rank() > 0:
        # Launchers end a run when a process of it fails: the first one says how it ended.
        with suppress(Terminated), explain_refusals(cfg):
            yield start(project, cfg, folder, find_checkpoint(folder))
        sys.exit(0)
    with lock_run(folder):
        if not (folder / "record.json").exists():
            warn_unproven(project, cfg)
            warn_foreign(project.package, cfg)
            record, checkpoint = start_record(folder, cfg, data.state, weights), None
        else:
            refuse_changes(project, folder, cfg, data.state["version"])
            checkpoint = find_checkpoint(folder)
            if checkpoint is None:
                print(f"{folder.name} has no state to resume from: starting at its first step.")
            record = resume_record(folder, rewind(folder, checkpoint))
        going = start(project, cfg, folder, checkpoint)
        with keep_record(going, record):
            yield going


def start(project: "Project", cfg: DictConfig, folder: Path, checkpoint: Path | None) -> Going:
    """A run at its first step or at a state, which brings its own weights."""
    if checkpoint is not None and cfg.model.get("pretrained"):
        cfg = OmegaConf.merge(cfg, {"model": {"pretrained": False}})  # type: ignore[assignment]
    return Going(project, cfg, folder, checkpoint)


@contextmanager
def keep_record(going: Going, record: dict[str, Any]) -> Iterator[None]:
    """Writes into the record how the block ended, whatever happens; raises as `open_run` does."""
    os.environ[RUN_DIR] = str(going.folder.resolve())
    started = time.perf_counter() - record.get("seconds", 0.0)
    status = "stopped"
    try:
        with explain_refusals(going.cfg):
            yield
        assert going.trainer is not None, "a run trains with Trainer(**going.options).fit(…)"
        going.outcome = summarise(going.trainer, going.cfg.task.metric)
        status = "finished"
    except NonFiniteError:
        status = "failed: non-finite"
        raise
    except LoaderKilledError as error:
        told = f"Then resume it with `train resume={going.folder.name}`."
        raise UserError(f"{error} {told}") from error
    except UserError:
        status = "refused"
        raise
    except (KeyboardInterrupt, Terminated) as end:
        raise type(end)(f"resume it with `train resume={going.folder.name}`") from None
    finally:
        del os.environ[RUN_DIR]
        seconds = round(time.perf_counter() - started, 2)
        finish_record(going.folder, record, status=status, seconds=seconds, **going.outcome)
        has_begun = any((going.folder / name).exists() for name in ("checkpoints", "metrics.csv"))
        if status == "refused" and not has_begun:
            shutil.rmtree(going.folder)
        elif keeps_results(going.cfg):
            keep_experiment(going.project, going.cfg, record)


def train_once(project: "Project", cfg: DictConfig, folder: Path) -> Trainer:
    """Trains as `train` does, from the first step and without a record, for what compares runs.

    Raises:
        KeyboardInterrupt, UserError: As `explain_refusals`.
    """
    data = project.open_data(cfg)
    trainer = build_trainer(cfg, folder)
    with explain_refusals(cfg):
        module = project.build_module(cfg, data, trainer.world_size)
        if cfg.trainer.compile:
            module.get_submodule("network").compile()
        trainer.fit(module, datamodule=data)
    return trainer


def warn_unproven(project: "Project", cfg: DictConfig) -> None:
    """Says where `sanity` has proved another model than the one that is to be trained."""
    if not Path(cfg.paths.reports_dir, "sanity.json").exists():  # tune's trials do without
        return
    report = load_report("sanity", cfg.paths.reports_dir)
    model = name_as_then(project, to_plain(cfg.model), report.made_from)
    if report.figures.get("model") not in (None, model):
        told = "run it with the same overrides before a long run."
        print(f"warning: `sanity` has checked a different model: {told}", flush=True)


def summarise(trainer: Trainer, metric: str) -> dict[str, Any]:
    """Figures of the run: last and best metrics, steps, parameters."""
    last = {name: float(value) for name, value in trainer.callback_metrics.items()}
    checkpoint = find_best(trainer)
    best = checkpoint.best_model_score if checkpoint else None
    return {
        "metrics": last,
        f"best_val_{metric}": float(best) if best is not None else last.get(f"val/{metric}"),
        "epochs": trainer.current_epoch,
        "max_epochs": trainer.max_epochs,
        "min_steps": trainer.min_steps,
        "steps": trainer.global_step,
        "parameters": count_trainable(trainer.lightning_module),
        "trainable_share": share_trainable(trainer.lightning_module),
        "precision": str(trainer.precision),
        "device": trainer.strategy.root_device.type,
        "processes": trainer.world_size,
    }


def share_trainable(module: torch.nn.Module) -> float:
    """The part of all parameters that training changes."""
    total = sum(p.numel() for p in module.parameters())
    return round(count_trainable(module) / max(total, 1), 4)


def find_best(trainer: Trainer) -> ModelCheckpoint | None:
    """The callback that keeps the best checkpoint, if it kept one."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor != "epoch":
            return callback if callback.best_model_path else None
    return None


def write_model(
    cfg: DictConfig, run_dir: Path, trainer: Trainer, outcome: dict[str, Any]
) -> Report:
    """Copies the best checkpoint to its fixed place and reports."""
    figures = {"run": run_dir.name, **outcome, **describe_training(trainer)}
    report = Report(stage="train", figures=figures)
    checkpoint = find_best(trainer)
    if checkpoint is None:
        if keeps_results(cfg):
            raise UserError(
                f"{run_dir} finished without a checkpoint (callbacks=none): "
                "models/ and the report stay as they were."
            )
        report.summary = (
            f"{run_dir.name}: {outcome['steps']} steps of {cfg.model.name} ran without errors"
        )
        return report
    target = Path(cfg.paths.models_dir) / "model.ckpt"
    with atomic(target) as draft:
        shutil.copyfile(checkpoint.best_model_path, draft)
    report.add_file(target)
    report.figures["checkpoint"] = describe_checkpoint(target, f"val/{cfg.task.metric}")
    log = Path(cfg.paths.runs_dir, run_dir.name, LOG)
    report.add_file(write_curves(log, Path(cfg.paths.reports_dir, CURVES), cfg.task.metric))
    if log.exists():
        report.add_file(log)
    key = f"best_val_{cfg.task.metric}"
    report.summary = (
        f"{run_dir.name}: {cfg.model.name} with {outcome['parameters']:,} parameters reaches "
        f"val/{cfg.task.metric} {outcome[key]:.4f} in {outcome['epochs']} epochs"
    )
    return report
