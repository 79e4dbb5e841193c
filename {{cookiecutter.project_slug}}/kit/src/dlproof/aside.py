"""Folders of their own for what may not mix with results: trials, folds and debug runs."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from .config import GIVEN
from .report import load_report

if TYPE_CHECKING:
    from .stages import Stage


def redirect(cfg: DictConfig, **folders: Path) -> DictConfig:
    """A copy of the config that writes into other folders, `models=…` by `paths.models_dir`."""
    own = cfg.copy()
    OmegaConf.resolve(own)  # before the paths change, on which others are built
    for name, folder in folders.items():
        own.paths[f"{name}_dir"] = folder.as_posix()
    own.paths.experiments_dir = f"{own.paths.reports_dir}/experiments"
    if "wandb" in own.logger:
        own.logger.wandb = None  # names its runs after folders, and theirs repeat
    return own


def set_aside(stage: "Stage", cfg: DictConfig) -> DictConfig:
    """A copy of the config with separate folders for models and reports, in `runs/debug`.

    So a debug run (`train debug=limit`) changes no verdict. The reports that the command reads are
    there too. `optimizer.lr=auto` is the rate that `find_lr` suggested for a whole run.

    Raises:
        UserError: `find_lr` has not run.
    """
    folders = {name: Path(cfg.paths.runs_dir, "debug", name) for name in ("models", "reports")}
    own = redirect(cfg, **folders)
    if cfg.optimizer.lr == "auto" and "optimizer.lr" not in stage.without:
        found = load_report("find_lr", cfg.paths.reports_dir)
        own.optimizer.lr = found.figures["suggestion"]
    if GIVEN in cfg.__dict__:
        own.__dict__[GIVEN] = cfg.__dict__[GIVEN]
    folders["reports"].mkdir(parents=True, exist_ok=True)
    for name in stage.reads:
        shutil.copy(Path(cfg.paths.reports_dir, f"{name}.json"), folders["reports"])
    return own
