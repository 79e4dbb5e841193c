"""The processes of a run: which of them this one is, and whether a launcher started others."""

import os
from pathlib import Path

# As which a job of SLURM's is allocated for a person; Lightning takes no other for interactive.
INTERACTIVE = "interactive"
SHELLS = ("bash", "csh", "dash", "fish", "ksh", "sh", "tcsh", "zsh", INTERACTIVE)


def read_rank() -> int:
    """This process among those of the run, as torchrun, Lightning or srun say; 0 is the first."""
    names = ("RANK", "LOCAL_RANK", "SLURM_PROCID")
    return next((int(os.environ[name]) for name in names if name in os.environ), 0)


def count_started() -> int:
    """How many processes a launcher started, this one among them; 1 where there was none."""
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS", 1) if is_task() else 1
    return max(int(tasks), int(os.environ.get("WORLD_SIZE", 1)))


def is_task() -> bool:
    """Whether srun started this process, or the script that did.

    What SLURM tells a task, it tells as well the shell of `salloc`, a batch script and the shell
    that `srun --pty` starts for a person: from there, one process is started.
    """
    if "SLURM_STEP_ID" not in os.environ:
        return False
    try:
        words = Path("/proc", os.environ["SLURM_TASK_PID"], "cmdline").read_text().split("\0")
    except (KeyError, OSError):
        words = [os.environ.get("SLURM_JOB_NAME", "")]
    return not is_interactive(words)


def is_interactive(words: list[str]) -> bool:
    """Whether a command is a shell without a script, which waits for what a person types."""
    program, options = Path(words[0]).name.lstrip("-"), [word for word in words[1:] if word]
    is_scripted = "-c" in options or any(not option.startswith("-") for option in options)
    return program in SHELLS and not is_scripted


def tell_lightning() -> None:
    """Has Lightning take SLURM's variables for those of a task only where they are.

    It goes by the number of tasks that was asked for, and by the name of the job.
    """
    if "SLURM_NTASKS" in os.environ:
        os.environ["SLURM_JOB_NAME"] = "srun" if is_task() else INTERACTIVE
