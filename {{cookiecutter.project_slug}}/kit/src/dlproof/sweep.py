"""Hydra's own command line for a stage: `-m` sweeps, `--cfg job`, shell completion.

A sweeper that searches, such as Optuna's, gets each job's ranking metric.
"""

import os
import re
import sys
import traceback
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from .config import REFUSALS, accept, explain_composition, refuse_no_option
from .errors import UserError, explain
from .launch import launch
from .report import Report
from .stages import Stage

if TYPE_CHECKING:
    from .project import Project

OVERRIDE = re.compile(r"~|[^-][^=]*=")  # any other word is an option, or the value of one


def run_with_hydra(project: "Project", stage: Stage, arguments: list[str]) -> None:
    """Hands a stage over to `hydra.main`; a job that is refused says why and the next one starts.

    Raises:
        UserError: A key or an option does not exist; then no job starts.
    """
    failed: list[Exception] = []

    @hydra.main(version_base="1.3", config_path=None, config_name="config")
    def task(cfg: DictConfig) -> float | None:
        """One job of the sweep, or the only one; its metric, not a number where it is refused."""
        overrides = list(HydraConfig.get().overrides.task)
        try:
            report = launch(project, stage, overrides, accept(cfg, overrides, project.config))
            return None if report is None else find_metric(report, cfg.task.metric)
        except Exception as error:
            failed.append(error)
            sentence = explain(error)
            if sentence is None:
                # A sweep reports only the first of several failures: keep each in its log.
                traceback.print_exc()
                raise
            job = " ".join([stage.name, *overrides])
            print(f"{job}: {sentence}", file=sys.stderr, flush=True)
            return float("nan")

    refuse_no_option(arguments)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # raise: Hydra would print what it refuses, and exit
    overrides = [argument for argument in arguments if OVERRIDE.match(argument)]
    options = [argument for argument in arguments if argument not in overrides]
    # Hydra takes overrides on one side of its options alone.
    own = ["--config-dir", "configs", *options, f"hydra.job.name={stage.name}", *stage.options]
    sys.argv = [stage.name, *own, *overrides]
    try:
        task()
    except REFUSALS as error:
        if error in failed:  # not Hydra's but a job's
            raise
        raise UserError(explain_composition(error, arguments)) from error
    if failed:
        sys.exit(1)


def find_metric(report: Report, metric: str) -> float | None:
    """The ranking metric that a stage reports: of its best epoch, or its mean over folds."""
    figures = report.figures
    found = figures.get(f"best_val_{metric}", figures.get("metrics", {}).get(metric))
    return found.get("mean") if isinstance(found, dict) else found
