"""Hands a command to a SLURM cluster, where it runs as here. Run: `train launcher=slurm`."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from .config import to_plain, warn_outside_cheatsheet
from .errors import UserError
from .inputs import list_reads
from .report import Report
from .stage import execute, refuse_failed, refuse_idle_debugging, refuse_other_data
from .stages import Stage

if TYPE_CHECKING:
    from .project import Project

GOES_ON = ("train", "tune")  # what continues where a time limit stopped it


@dataclass
class Command:
    """A command as every task of a job runs it.

    SLURM itself requeues jobs that it preempts or that lost their node, but not after a time limit:
    then the first task asks for it, once the run's state is saved.

    Attributes:
        project: Whose command it is.
        arguments: Of the command line.
        run_dir: Folder of the run that `train` begins, or resumes after a requeue.
        max_requeues: How often at most, after time limits.
    """

    project: "Project"
    arguments: list[str]
    run_dir: str | None
    max_requeues: int
    is_over: bool = False

    def __call__(self) -> None:
        """Runs it; in place of submitit's, its handler of the signal before the time limit."""
        from .training.runs import RUN_DIR

        signal.signal(signal.SIGUSR2, self.stop)
        if self.run_dir is not None:
            os.environ[RUN_DIR] = self.run_dir
        try:
            self.project.main(self.arguments)
        except SystemExit as end:
            if self.is_over and os.environ["SLURM_PROCID"] == "0":
                self.requeue()
            if end.code or self.is_over:  # submitit takes a return for the end of the job
                raise

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Saves and stops as a SIGTERM would."""
        if not self.is_over:
            self.is_over = True
            signal.raise_signal(signal.SIGTERM)

    def requeue(self) -> None:
        """Puts the job back into the queue, unless it has been there too often."""
        lives = int(os.environ.get("SLURM_RESTART_COUNT", 0))
        if self.arguments[0] not in GOES_ON:
            print(f"{self.arguments[0]} reached the time limit before its end, and starts over:")
            print("give it a larger launcher.minutes.", flush=True)
        elif lives >= self.max_requeues:
            print(f"requeued {lives} times, launcher.max_requeues: not again.", flush=True)
        else:
            subprocess.run(["scontrol", "requeue", os.environ["SLURM_JOB_ID"]], check=True)


def launch(
    project: "Project", stage: Stage, overrides: Sequence[str], cfg: DictConfig
) -> Report | None:
    """Runs one stage where `launcher` says; None if that is elsewhere.

    Raises:
        UserError: As `execute` and `submit`.
    """
    if cfg.launcher.name == "local":
        return execute(project, stage, cfg)
    warn_outside_cheatsheet(cfg)
    refuse_idle_debugging(stage, cfg)
    refuse_failed(list_reads(stage, to_plain(cfg)), cfg.paths.reports_dir)
    refuse_other_data(project, stage, cfg)
    submit(project, stage, overrides, cfg)
    return None


def submit(project: "Project", stage: Stage, overrides: Sequence[str], cfg: DictConfig) -> None:
    """Submits a command with its overrides, says how to follow it, and waits if asked to.

    Raises:
        UserError: There is no SLURM here, it refuses the job, or the job that was waited for
            failed.
    """
    import submitit

    from .training.resume import choose_run_dir, find_begun

    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        raise UserError(
            "launcher=slurm: there is no sbatch here: run this on a login node of the cluster, "
            "or leave the launcher out."
        )
    parameters = describe_job(project, stage, cfg)
    arguments = [stage.name, *drop_launcher(overrides, stage.options), "launcher=local"]
    run_dir = None
    if stage.name == "train":
        run_dir = str(choose_run_dir(cfg, find_begun(cfg)).resolve())
    command = Command(project, arguments, run_dir, cfg.launcher.max_requeues)
    executor = submitit.SlurmExecutor(folder=Path(cfg.paths.runs_dir, "slurm", "%j"))
    executor.update_parameters(**parameters)
    try:
        job = executor.submit(command)
    except submitit.core.utils.FailedJobError as error:
        if run_dir is not None and not any(Path(run_dir).iterdir()):
            Path(run_dir).rmdir()
        told = re.findall(r"error: (.+)", str(error)) or [str(error)]
        raise UserError(f"sbatch refused the job: {told[-1]}") from error
    log = job.paths.stdout
    print(f"{stage.name}: job {job.job_id} is submitted; its logs are in {log.parent}")
    if run_dir is not None:
        print(f"  its run:  {run_dir}")
    print(f"  follow:   squeue --job {job.job_id}; tail -F {log}")
    print(f"  stop:     scancel {job.job_id}", flush=True)
    if cfg.launcher.wait:
        job.wait()
        if not job.paths.result_pickle.exists():
            raise UserError(f"job {job.job_id} ended as {job.state}: see {job.paths.stderr}")


def drop_launcher(overrides: Sequence[str], options: Sequence[str]) -> list[str]:
    """Overrides without those of `launcher` and those that the command adds itself."""
    kept = [o for o in overrides if not re.match(r"[+~]*launcher[.=]", o)]
    return [override for override in kept if override not in options]


def describe_job(project: "Project", stage: Stage, cfg: DictConfig) -> dict[str, Any]:
    """The job's parameters, as submitit names them; only `train` runs in several tasks.

    Raises:
        UserError: The number of tasks cannot be known here.
    """
    asked, trainer = to_plain(cfg.launcher), cfg.trainer
    if not isinstance(trainer.devices, int):
        raise UserError(
            "launcher=slurm: set trainer.devices to the number on each node of the job."
        )
    is_parallel = stage.name == "train"
    if asked["gpus_per_node"] is None and trainer.accelerator != "cpu":
        asked["gpus_per_node"] = trainer.devices
    names = ("partition", "account", "qos", "constraint", "cpus_per_task", "setup", "gpus_per_node")
    parameters = {
        "job_name": f"{project.package}-{stage.name}",
        "nodes": trainer.num_nodes if is_parallel else 1,
        "ntasks_per_node": trainer.devices if is_parallel else 1,
        "time": asked["minutes"],
        "signal_delay_s": asked["signal_seconds"],
        "mem": f"{round(asked['mem_gb'] * 1024)}M" if asked["mem_gb"] else None,
        "additional_parameters": {"requeue": True, **(asked["extra"] or {})},
        # Since SLURM 22.05 a step does not inherit the job's; a task that fails ends the others.
        "srun_args": [f"--cpus-per-task={asked['cpus_per_task'] or 1}", "--kill-on-bad-exit=1"],
        **{name: asked[name] or None for name in names},
    }
    return {name: value for name, value in parameters.items() if value is not None}
