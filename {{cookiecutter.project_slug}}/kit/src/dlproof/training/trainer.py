"""Lightning's Trainer from the config: takes what the machine has where the config says `auto`."""

import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import unwrap
from pathlib import Path
from traceback import walk_tb
from types import FunctionType
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Checkpoint, GradientAccumulationScheduler, ProgressBar
from lightning.pytorch.plugins import Precision
from lightning.pytorch.trainer.connectors.checkpoint_connector import _CheckpointConnector
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig

from ..config import build, find_cause, to_plain
from ..errors import UserError, is_out_of_memory
from ..model.checkpoint import shorten
from .callbacks import COUNTED, PlannedSteps, StepSeed
from .limits import EPOCHS
from .processes import tell_lightning

# Lightning's own of what puts a state back.
RESTORES: tuple[Any, ...] = (
    _CheckpointConnector._restore_modules_and_callbacks,
    _CheckpointConnector.restore_training_state,
)
OURS = ("name", "compile", "_target_")  # keys of config group `trainer` that are not arguments


class LoaderKilledError(UserError):
    """A process that loads data was killed: nothing is wrong with the run, which can go on."""


def build_trainer(cfg: DictConfig, run_dir: Path) -> Trainer:
    """Lightning's Trainer as `train` makes it, for what trains without a record.

    Raises:
        UserError: As `choose_options`, or Lightning refuses them.
    """
    with explain_refusals(cfg):
        return Trainer(**choose_options(cfg, run_dir))


def choose_options(cfg: DictConfig, run_dir: Path) -> dict[str, Any]:
    """What Lightning's Trainer is built with: config group `trainer`, callbacks and loggers.

    Both write to the run's folder.

    Raises:
        UserError: The trainer asks for a GPU that is not there, or a callback, a logger or an
            object that the trainer names does not take its values.
    """
    refuse_unsuitable(cfg.trainer)
    tell_lightning()
    settings = build_settings(cfg.trainer)
    asked = settings["precision"]
    is_plugged = asked == "auto" and brings_precision(settings.get("plugins"))
    settings["precision"] = None if is_plugged else choose_precision(settings["accelerator"], asked)
    if settings["max_epochs"] == "auto":  # of a trainer that is only asked what it would be
        settings["max_epochs"] = EPOCHS
    quieten(logging.INFO if settings.get("profiler") else logging.WARNING)
    planned = PlannedSteps(cfg.trainer.accumulate_grad_batches)
    callbacks = [StepSeed(cfg.seed), planned, *build_callbacks(cfg.callbacks, run_dir)]
    if not sys.stderr.isatty():  # nobody watches
        settings["enable_progress_bar"] = False
        callbacks = [callback for callback in callbacks if not isinstance(callback, ProgressBar)]
    loggers = [
        build_watcher(f"logger.{name}", node, run_dir=run_dir)
        for name, node in cfg.logger.items()
        if node is not None
    ]
    return (
        {"enable_model_summary": False}
        | settings
        | {
            "callbacks": callbacks,
            "logger": loggers,
            "default_root_dir": run_dir,
            # Lightning would add a checkpoint of its own where there is none.
            "enable_checkpointing": any(isinstance(watcher, Checkpoint) for watcher in callbacks),
            # SplitData slices the order of items by process itself, without padding.
            "use_distributed_sampler": False,
        }
    )


def build_settings(trainer: DictConfig) -> dict[str, Any]:
    """The group as keyword arguments; a strategy, a profiler or plugins may be objects.

    Raises:
        UserError: One of these does not take its values.
    """
    plain = {key: value for key, value in to_plain(trainer).items() if key not in OURS}
    try:
        settings: dict[str, Any] = instantiate(plain, _convert_="all")
    except InstantiationException as error:
        told = f"trainer={trainer.name} cannot be built: {find_cause(error)}"
        raise UserError(told) from error
    return settings


def quieten(level: int) -> None:
    """Lightning's hints about products and its own deprecated calls are not the user's business.

    Args:
        level: Of its log. A profiler without a file of its own writes to it, at INFO.
    """
    logging.getLogger("lightning.pytorch").setLevel(level)
    warnings.filterwarnings("ignore", module="lightning", category=FutureWarning)
    # The data modules resume within an epoch themselves, which Lightning cannot know.
    warnings.filterwarnings("ignore", "You're resuming from a checkpoint that ended before")
    warnings.filterwarnings("ignore", "The `srun` command is available")  # also on login nodes
    warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")


@contextmanager
def explain_refusals(cfg: DictConfig) -> Iterator[None]:
    """What Lightning refuses becomes a sentence, and its quiet exit at Ctrl-C the Ctrl-C it was.

    Raises:
        KeyboardInterrupt: Ctrl-C, which Lightning turns into an exit without a word.
        UserError: Lightning refuses the trainer's values, or the config for this data, or a process
            that loads data was killed.
    """
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except UserError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        if "DataLoader worker" in str(error):
            raise LoaderKilledError(
                "a process that loads data was killed, as the system does when memory runs out: "
                "set a smaller loader.num_workers (0: none)."
            ) from error
        if any(comes_from(error, function) for function in RESTORES):
            raise UserError(
                f"the run's state does not fit the code as it is now: {shorten(error)} Start a new "
                "run, or go back to the code that the run's record.json names."
            ) from error
        if comes_from(error, unwrap(Trainer.__init__)):
            raise UserError(f"trainer={cfg.trainer.name} cannot be built: {error}") from error
        # EarlyStopping's own way to refuse a metric that nobody logs
        is_unknown = "conditioned on metric" in str(error)
        if not isinstance(error, MisconfigurationException) and not is_unknown:
            raise
        raise UserError(
            f"trainer={cfg.trainer.name} or its callbacks do not fit: {error}"
        ) from error


def comes_from(error: BaseException, function: FunctionType) -> bool:
    """Whether an error was raised within a call of a function."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(frame.f_code is function.__code__ for frame in frames)


def build_callbacks(group: DictConfig, run_dir: Path) -> list[Any]:
    """The callbacks that are not null; checkpoints go to the run's folder.

    Raises:
        UserError: As `build_watcher`, or one makes the run's steps others than are planned.
    """
    callbacks = []
    for name, node in group.items():
        if node is not None:
            is_checkpoint = node.get("_target_", "").endswith("Checkpoint")
            extra = {"dirpath": str(run_dir / "checkpoints")} if is_checkpoint else {}
            callbacks.append(build_watcher(f"callbacks.{name!s}", node, **extra))
            if isinstance(callbacks[-1], GradientAccumulationScheduler):
                told = "changes how many batches make a step,"
                raise UserError(f"callbacks.{name!s} {told} {COUNTED}")
    return callbacks


def build_watcher(key: str, node: DictConfig, **extra: Any) -> Any:
    """A callback or logger of the config.

    Raises:
        UserError: It has no class, or the class does not take its values.
    """
    if not node.get("_target_"):
        raise UserError(f"{key} has no _target_, the class to build: name it, or set {key}=null.")
    try:
        return build(node, **extra)
    except InstantiationException as error:
        raise UserError(f"{key} cannot be built: {find_cause(error)}") from error


def refuse_unsuitable(trainer: DictConfig) -> None:
    """Raises a UserError for what works only on GPUs, or in copies of this process.

    Such a copy keeps what it has trained: the run here would know nothing of it.
    """
    is_sharded = "fsdp" in str(trainer.strategy).lower()
    asked = {"strategy=fsdp": is_sharded, "sync_batchnorm": trainer.sync_batchnorm}
    has_gpu = trainer.accelerator != "cpu" and torch.cuda.is_available()
    for name in [name for name, is_on in asked.items() if is_on and not has_gpu]:
        raise UserError(f"trainer.{name} needs GPUs, and this run has none: use trainer=ddp.")
    if re.search("spawn|fork|notebook", str(trainer.strategy)):
        raise UserError(
            f"trainer.strategy={trainer.strategy} copies this process, and what the copies learn "
            "is lost: use trainer=ddp, which starts processes anew."
        )


def brings_precision(plugins: Any) -> bool:
    """Whether a plugin says in what precision to train; Lightning takes no second word for it."""
    each = plugins if isinstance(plugins, list) else [plugins]
    return any(isinstance(plugin, Precision) for plugin in each)


def choose_precision(accelerator: str, wanted: str | int) -> str | int:
    """`auto`: bf16-mixed where the card has it, 16-mixed on older cards, 32 on a CPU.

    Raises:
        UserError: A GPU is asked for but there is none.
    """
    has_gpu = torch.cuda.is_available()
    if accelerator in ("gpu", "cuda") and not has_gpu:
        raise UserError(
            f"trainer.accelerator={accelerator} but torch sees no GPU here: "
            "use trainer=cpu (or trainer=auto), or check the driver with `nvidia-smi`."
        )
    if wanted != "auto":
        return wanted
    if accelerator == "cpu" or not has_gpu:
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
