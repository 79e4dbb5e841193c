"""`optimizer.lr=auto`: the rate that `find_lr` suggested, where its report still holds."""

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from ..closure import Code
from ..config import to_plain
from ..errors import UserError
from ..inputs import find_differences
from ..report import load_report
from .runs import read_config

if TYPE_CHECKING:
    from ..project import Project


def set_rate(cfg: DictConfig, rate: float) -> DictConfig:
    """A copy of the config with this learning rate."""
    own = cfg.copy()
    OmegaConf.update(own, "optimizer.lr", rate)
    return own


def settle_rate(project: "Project", cfg: DictConfig, run_dir: Path | None = None) -> DictConfig:
    """The config with a number for `optimizer.lr=auto`; as it is where it has one.

    Args:
        project: Whose rate it is.
        cfg: The composed config.
        run_dir: A run that is resumed: it keeps the rate that it began with.

    Raises:
        UserError: `find_lr` has not run, or what it found is for something else; or the run's
            config is gone.
    """
    if cfg.optimizer.lr != "auto":
        return cfg
    if run_dir is not None:
        return set_rate(cfg, read_config(run_dir).optimizer.lr)
    try:
        report = load_report("find_lr", cfg.paths.reports_dir)
    except UserError as error:
        raise UserError(f"optimizer.lr=auto: {error}") from None
    stage = project.stages["find_lr"]
    changed = find_differences(Code(project), stage, to_plain(cfg), report.made_from)
    if changed:
        raise UserError(
            f"optimizer.lr=auto: the {' and '.join(changed)} of `find_lr` changed since it "
            "ran: run it again, with the same key=value as here."
        )
    return set_rate(cfg, report.figures["suggestion"])
