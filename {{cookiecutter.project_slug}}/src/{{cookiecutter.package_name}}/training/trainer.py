"""Lightning's Trainer from the config: takes what the machine has where the config says `auto`."""

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig

from ..configuration import build, to_plain
from ..errors import UserError
from .callbacks import StepSeed


def build_trainer(cfg: DictConfig, run_dir: Path) -> Trainer:
    """The configured Trainer with callbacks and loggers writing to the run's folder.

    Raises:
        UserError: The trainer asks for a GPU that is not there, or for what Lightning refuses.
    """
    settings = to_plain(cfg.trainer)
    for ours in ("name", "compile"):
        settings.pop(ours)
    refuse_unsuitable(cfg.trainer)
    settings["precision"] = choose_precision(settings["accelerator"], settings["precision"])
    settings["enable_progress_bar"] &= sys.stderr.isatty()
    # Lightning's hints about products and its own deprecated calls are not the user's business.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning", category=FutureWarning)
    # SplitData goes on within an epoch by itself, which Lightning cannot know.
    warnings.filterwarnings("ignore", "You're resuming from a checkpoint that ended before")
    warnings.filterwarnings("ignore", "The `srun` command is available")  # also on login nodes
    warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")
    callbacks = [StepSeed(cfg.seed), *build_callbacks(cfg.callbacks, run_dir)]
    loggers = [build(node, run_dir=run_dir) for node in cfg.logger.values() if node is not None]
    try:
        return Trainer(
            **settings,
            callbacks=callbacks,
            logger=loggers,
            default_root_dir=run_dir,
            enable_model_summary=False,
            # SplitData slices the order of items by process itself, without padding.
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise UserError(f"trainer={cfg.trainer.name} cannot be built: {error}") from error


def build_callbacks(group: DictConfig, run_dir: Path) -> list[Any]:
    """The callbacks that are not null; checkpoints go to the run's folder."""
    callbacks = []
    for node in group.values():
        if node is not None:
            is_checkpoint = node["_target_"].endswith("Checkpoint")
            extra = {"dirpath": str(run_dir / "checkpoints")} if is_checkpoint else {}
            callbacks.append(build(node, **extra))
    return callbacks


def refuse_unsuitable(trainer: DictConfig) -> None:
    """Raises a UserError for what works on GPUs alone."""
    asked = {"strategy=fsdp": "fsdp" in trainer.strategy, "sync_batchnorm": trainer.sync_batchnorm}
    has_gpu = trainer.accelerator != "cpu" and torch.cuda.is_available()
    for name in [name for name, is_on in asked.items() if is_on and not has_gpu]:
        raise UserError(f"trainer.{name} needs GPUs, and this run has none: use trainer=ddp.")


def choose_precision(accelerator: str, wanted: str | int) -> str | int:
    """`auto`: bf16-mixed where the card has it, 16-mixed on older cards, 32 on a CPU.

    Raises:
        UserError: A GPU is asked for and none is there.
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
