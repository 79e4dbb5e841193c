"""Loggers: each option of `configs/logger/` names a function that makes one for a run."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from lightning.pytorch.loggers import CSVLogger

if TYPE_CHECKING:
    from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger


def csv_logger(run_dir: Path) -> CSVLogger:
    """Metrics of each epoch in `<run>/metrics.csv`."""
    # The folder is this run's own and rightly not empty.
    warnings.filterwarnings("ignore", "Experiment logs directory")
    return CSVLogger(run_dir.parent, name="", version=run_dir.name)


def wandb_logger(run_dir: Path, project: str) -> "WandbLogger":
    """Weights & Biases; offline, in the run's folder, when there is no key.

    Checkpoints are not uploaded: staging them fills the disk, and DVC versions the model.
    """
    from lightning.pytorch.loggers import WandbLogger

    has_key = "WANDB_API_KEY" in os.environ or (Path.home() / ".netrc").exists()
    if not has_key:
        os.environ.setdefault("WANDB_SILENT", "true")
    mode = os.environ.get("WANDB_MODE", "online" if has_key else "offline")
    logger = WandbLogger(
        project=project,
        name=run_dir.name,
        id=run_dir.name,
        save_dir=run_dir,
        offline=mode == "offline",
        log_model=False,
        resume="allow",
    )
    logger._wandb_init.pop("anonymous")  # Lightning passes what wandb now warns about
    return logger


def tensorboard_logger(run_dir: Path) -> "TensorBoardLogger":
    """Event files in `<run>/tensorboard`."""
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(run_dir, name="tensorboard", version="")
