"""Hydra's own command line for a stage: `-m` sweeps, `--cfg job`, shell completion.

A sweeper that searches, such as Optuna's, gets each job's ranking metric.
"""

import os
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from .aside import set_aside
from .config import REFUSALS, accept, explain_composition, keeps_results, refuse_no_option
from .errors import Terminated, UserError, explain
from .launch import launch
from .report import Report, load_report
from .stages import Stage
from .training.runs import RUN_DIR

if TYPE_CHECKING:
    from .project import Project

OVERRIDE = re.compile(r"~|[^-][^=]*=")  # any other word is an option, or the value of one


def run_with_hydra(project: "Project", stage: Stage, arguments: list[str]) -> None:
    """Hands a stage over to `hydra.main`; a job that is refused says why and the next one starts.

    Raises:
        UserError: A key or an option does not exist, or a launcher names one folder for all runs;
            then no job starts.
    """
    failed: list[Exception] = []
    root = Path.cwd()

    @hydra.main(version_base="1.3", config_path=None, config_name="config")
    def task(cfg: DictConfig) -> float | None:
        """One job of the sweep, or the only one; its metric, not a number where it is refused."""
        overrides = list(HydraConfig.get().overrides.task)
        os.chdir(root)  # which `hydra.job.chdir` has left, and Hydra goes back to
        try:
            cfg = accept(cfg, overrides, project.config)
            start = launch_apart if starts_processes(stage, cfg) else launch
            report = start(project, stage, overrides, cfg)
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
    is_sweep = not {"-m", "--multirun"}.isdisjoint(arguments)
    if is_sweep and stage.name == "train" and RUN_DIR in os.environ:
        raise UserError(
            f"a sweep makes a run for each value, and {RUN_DIR} names one folder: start it without "
            "that and without torchrun; `trainer=ddp` starts the processes of each run."
        )
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


def starts_processes(stage: Stage, cfg: DictConfig) -> bool:
    """Whether Lightning starts further processes here, with the command line of this one."""
    trainer = cfg.trainer
    is_alone = (trainer.devices, trainer.num_nodes, trainer.strategy) == (1, 1, "auto")
    return stage.name == "train" and cfg.launcher.name == "local" and not is_alone


def launch_apart(
    project: "Project", stage: Stage, overrides: Sequence[str], cfg: DictConfig
) -> Report:
    """Runs one job of a sweep by a command of its own, which further processes can repeat.

    Raises:
        UserError: It failed.
        KeyboardInterrupt, Terminated: As it has been told.
    """
    command = [sys.executable, "-m", project.package, stage.name, *overrides]
    # A session of its own: Ctrl-C reaches it once, from here, and not a second time as it saves.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        code = process.wait()
    except (KeyboardInterrupt, Terminated) as end:
        number = signal.SIGINT if isinstance(end, KeyboardInterrupt) else signal.SIGTERM
        process.send_signal(number)
        process.wait()
        raise
    if code:
        raise UserError(f"it ended with exit code {code}; what it said is above.")
    cfg = cfg if keeps_results(cfg) else set_aside(stage, cfg)
    return load_report(stage.name, cfg.paths.reports_dir)


def find_metric(report: Report, metric: str) -> float | None:
    """The ranking metric that a stage reports: of its best epoch, or its mean over folds."""
    figures = report.figures
    found = figures.get(f"best_val_{metric}", figures.get("metrics", {}).get(metric))
    return found.get("mean") if isinstance(found, dict) else found
