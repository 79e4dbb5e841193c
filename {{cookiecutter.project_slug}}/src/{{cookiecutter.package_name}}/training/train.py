"""Trains the configured model; the best checkpoint becomes `models/model.ckpt`. Run: `train`."""

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf

from ..configuration import build, to_plain
from ..data.load import SplitData
from ..data.store import load_store
from ..data.stream_load import StreamData
from ..errors import Terminated, UserError
from ..files import atomic
from ..model.sizing import count_trainable
from ..model.weights import describe_weights
from ..report import Report, load_report
from .evidence import (
    AUGMENTED_SHEET,
    describe_augmented,
    describe_checkpoint,
    describe_training,
)
from .guard import NonFiniteError
from .module import LitModel
from .rate import settle_rate
from .record import finish_record, resume_record, start_record
from .resume import (
    choose_run_dir,
    find_begun,
    find_checkpoint,
    lock_run,
    read_rank,
    refuse_changes,
    rewind,
)
from .runs import RUN_DIR
from .runs_page import write_runs_page
from .trainer import build_trainer


def run(cfg: DictConfig) -> Report:
    """Trains, keeps the record of the run, and reports the best epoch.

    Raises:
        UserError: The data is not processed, the model does not build, or nothing was learned.
    """
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("high")  # TF32 on GPUs that have it
    begun = find_begun(cfg)
    cfg = settle_rate(cfg, begun)
    data = open_data(cfg)
    refuse_short(cfg.trainer, data)
    refuse_other_ranking(cfg)
    weights = None if begun else describe_weights(to_plain(cfg.model))  # refuses before a run is
    run_dir = choose_run_dir(cfg, begun)
    if read_rank() > 0:
        follow(cfg, data, run_dir)
    with lock_run(run_dir):
        if not (run_dir / "record.json").exists():
            warn_unproven(cfg)
            record, checkpoint = start_record(run_dir, cfg, data.state, weights), None
        else:
            refuse_changes(run_dir, cfg, data.state["version"])
            checkpoint = find_checkpoint(run_dir)
            if checkpoint is None:
                print(f"{run_dir.name} has no state to go on from: starting at its first step.")
            record = resume_record(run_dir, rewind(run_dir, checkpoint))
        trainer, outcome = fit_on_record(cfg, data, run_dir, record, checkpoint)
    report = write_model(cfg, run_dir, trainer, outcome)
    report.figures["augmented"] = describe_augmented(cfg, getattr(data, "store", None), trainer)
    report.pictures = [AUGMENTED_SHEET] if report.figures["augmented"] else []
    return report


def warn_unproven(cfg: DictConfig) -> None:
    """Says where `sanity` has proved another model than the one that is to be trained."""
    is_there = Path(cfg.paths.reports_dir, "sanity.json").exists()  # tune's trials do without
    figures = load_report("sanity", cfg.paths.reports_dir).figures if is_there else {}
    if figures.get("model") not in (None, to_plain(cfg.model)):
        told = "run it with the same overrides before a long run."
        print(f"warning: `sanity` has proved another model: {told}", flush=True)


def follow(cfg: DictConfig, data: SplitData | StreamData, run_dir: Path) -> NoReturn:
    """Trains beside the first process, which alone keeps the record and reports."""
    # Launchers end a run when a process of it fails: the first one says how it ended.
    with suppress(Terminated):
        fit(cfg, data, run_dir, find_checkpoint(run_dir))
    sys.exit(0)


def fit_on_record(
    cfg: DictConfig,
    data: SplitData | StreamData,
    run_dir: Path,
    record: dict[str, Any],
    checkpoint: Path | None,
) -> tuple[pl.Trainer, dict[str, Any]]:
    """Trains, and writes into the record how it ended, whatever happens.

    Raises:
        UserError: The loss or the gradient is not finite; or the model or the trainer does not
            build, which leaves no run.
        KeyboardInterrupt, Terminated: With how to go on.
    """
    os.environ[RUN_DIR] = str(run_dir.resolve())
    started = time.perf_counter() - record.get("seconds", 0.0)
    status = "stopped"
    outcome: dict[str, Any] = {}
    try:
        trainer = fit(cfg, data, run_dir, checkpoint)
        outcome = summarise(trainer, cfg.task.metric)
        status = "finished"
    except NonFiniteError:
        status = "failed: non-finite"
        raise
    except UserError:
        status = "refused"
        raise
    except (KeyboardInterrupt, Terminated) as end:
        raise type(end)(f"go on with it by `train resume={run_dir.name}`") from None
    finally:
        del os.environ[RUN_DIR]
        seconds = round(time.perf_counter() - started, 2)
        finish_record(run_dir, record, status=status, seconds=seconds, **outcome)
        has_begun = any((run_dir / name).exists() for name in ("checkpoints", "metrics.csv"))
        if status == "refused" and not has_begun:
            shutil.rmtree(run_dir)
    return trainer, outcome


def open_data(cfg: DictConfig) -> SplitData | StreamData:
    """The processed arrays, or with `loader=stream` the chunks made of them."""
    if cfg.loader.name == "stream":
        version = load_report("preprocess", cfg.paths.reports_dir).figures["version"]
        return StreamData(cfg.loader, version, build(cfg.balance), cfg.seed)
    return SplitData(load_store(cfg.paths.data_dir), cfg.loader, build(cfg.balance), cfg.seed)


def refuse_several(cfg: DictConfig) -> None:
    """Raises a UserError where models cannot be trained one after another in this process."""
    if cfg.loader.name == "stream":
        raise UserError("a stream holds one split alone: use loader=default.")
    if cfg.trainer.devices != 1 or cfg.trainer.num_nodes != 1:
        raise UserError("it trains in one process: use trainer.devices=1 and one node.")


def refuse_short(trainer: DictConfig, data: SplitData | StreamData) -> None:
    """Raises a UserError where a run would end before its first validation chooses a model."""
    if trainer.max_epochs < trainer.check_val_every_n_epoch and not trainer.fast_dev_run:
        raise UserError(
            f"trainer.max_epochs={trainer.max_epochs} ends before the first validation, in epoch "
            f"{trainer.check_val_every_n_epoch}: take as many, or lower "
            "trainer.check_val_every_n_epoch."
        )
    is_number = isinstance(trainer.devices, int) and trainer.devices > 0
    devices = trainer.devices if is_number else max(1, torch.cuda.device_count())
    until = trainer.copy()
    until.max_epochs, until.max_steps = trainer.check_val_every_n_epoch, -1
    first = count_steps(until, data.count_batches(devices * trainer.num_nodes))
    if 0 < trainer.max_steps < first:
        raise UserError(
            f"trainer.max_steps={trainer.max_steps} ends before the first validation, at step "
            f"{first}: take as many, or a shorter epoch by trainer.limit_train_batches."
        )


def refuse_other_ranking(cfg: DictConfig) -> None:
    """Raises a UserError where another metric chooses the best model than is reported of it."""
    best = cfg.callbacks.get("best") or {}
    for key, value in (("monitor", f"val/{cfg.task.metric}"), ("mode", cfg.task.mode)):
        if best.get(key, value) != value:
            raise UserError(
                f"callbacks.best.{key}={best[key]}: models are ranked and reported by {key} "
                f"{value}. To rank by another metric set task.metric and task.mode."
            )


def fit(
    cfg: DictConfig,
    data: SplitData | StreamData,
    run_dir: Path,
    checkpoint: Path | None = None,
) -> pl.Trainer:
    """Builds trainer and module and runs Lightning's loop, from a checkpoint if there is one.

    Raises:
        KeyboardInterrupt: Ctrl-C, which Lightning turns into an exit without a word.
        UserError: Lightning refuses the config for this data.
    """
    trainer = build_trainer(cfg, run_dir)
    if checkpoint is not None and cfg.model.get("pretrained"):  # it brings its own weights
        cfg = OmegaConf.merge(cfg, {"model": {"pretrained": False}})  # type: ignore[assignment]
    module = build_module(cfg, data, trainer.world_size)
    if cfg.trainer.compile:
        module.network.compile()  # in place: torch.compile would change the names of the weights
    try:
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except (MisconfigurationException, RuntimeError) as error:
        # EarlyStopping's own way to refuse a metric that nobody logs
        is_unknown = "conditioned on metric" in str(error)
        if not isinstance(error, MisconfigurationException) and not is_unknown:
            raise
        raise UserError(
            f"trainer={cfg.trainer.name} or its callbacks do not suit: {error}"
        ) from error
    return trainer


def build_module(cfg: DictConfig, data: SplitData | StreamData, world_size: int) -> LitModel:
    """The LightningModule from plain containers, which its checkpoint keeps."""
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


def count_steps(trainer: DictConfig, num_batches: int) -> int:
    """Optimizer steps of the whole run, which the schedule spans."""
    limit = trainer.overfit_batches or trainer.limit_train_batches
    num_batches = int(num_batches * limit) if isinstance(limit, float) else min(num_batches, limit)
    steps = max(1, -(-num_batches // trainer.accumulate_grad_batches) * trainer.max_epochs)
    return min(steps, trainer.max_steps) if trainer.max_steps > 0 else steps


def summarise(trainer: pl.Trainer, metric: str) -> dict[str, Any]:
    """Figures of the run: last and best metrics, steps, parameters."""
    last = {name: float(value) for name, value in trainer.callback_metrics.items()}
    checkpoint = find_best(trainer)
    best = checkpoint.best_model_score if checkpoint else None
    return {
        "metrics": last,
        f"best_val_{metric}": float(best) if best is not None else last.get(f"val/{metric}"),
        "epochs": trainer.current_epoch,
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


def find_best(trainer: pl.Trainer) -> ModelCheckpoint | None:
    """The callback that keeps the best checkpoint, if it kept one."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor != "epoch":
            return callback if callback.best_model_path else None
    return None


def write_model(
    cfg: DictConfig, run_dir: Path, trainer: pl.Trainer, outcome: dict[str, Any]
) -> Report:
    """Copies the best checkpoint to its fixed place and reports."""
    figures = {"run": run_dir.name, **outcome, **describe_training(trainer)}
    report = Report(stage="train", figures=figures)
    checkpoint = find_best(trainer)
    if checkpoint is None:
        raise UserError(
            f"{run_dir} finished without a checkpoint (debug or callbacks=none): "
            "models/ and the report stay as they were."
        )
    target = Path(cfg.paths.models_dir) / "model.ckpt"
    with atomic(target) as draft:
        shutil.copyfile(checkpoint.best_model_path, draft)
    report.add_file(target)
    report.figures["checkpoint"] = describe_checkpoint(target, f"val/{cfg.task.metric}")
    write_runs_page(cfg.paths.runs_dir, cfg.paths.reports_dir, cfg.task)
    key = f"best_val_{cfg.task.metric}"
    report.summary = (
        f"{run_dir.name}: {cfg.model.name} with {outcome['parameters']:,} parameters reaches "
        f"val/{cfg.task.metric} {outcome[key]:.4f} in {outcome['epochs']} epochs"
    )
    return report
