"""A command goes to SLURM as it is; here a stand-in for `sbatch` keeps what it is given."""

import os
import signal
from types import SimpleNamespace

import pytest
from dlproof import launch
from dlproof.errors import UserError
from dlproof.launch import Command, drop_launcher
from submitit.core.utils import DelayedSubmission

from .projects import find_project, merge

SLURM = ("launcher=slurm", "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


@pytest.fixture
def run(declared, small):
    """`run("train", …)`: what the command line does behind the composed config."""

    def start(command, *overrides):
        stage, given = declared.stages[command], merge(*small, *overrides)
        return launch.launch(declared, stage, given, declared.compose([*stage.options, *given]))

    return start


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Programs of SLURM's names that do as little as a submission asks for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, line in {"sbatch": "echo Submitted batch job 7", "srun": "", "scontrol": ""}.items():
        script = f'#!/bin/sh\necho "$@" >> {folder}/{name}.calls\n{line}\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_a_job_gets_the_command_with_its_overrides_and_the_folder_of_its_run(
    checked, run, slurm, capsys
):
    assert run("train", *SLURM, "launcher.partition=long", "optimizer.lr=1e-3") is None
    said = capsys.readouterr().out
    assert "job 7 is submitted" in said
    assert "scancel 7" in said
    folder = checked / "runs" / "slurm" / "7"
    script = (folder / "7_submission.sh").read_text()
    for option in ("ntasks-per-node=2", "partition=long", "time=60", "signal=USR2@120", "requeue"):
        assert f"#SBATCH --{option}\n" in script
    assert "gpus" not in script
    command = DelayedSubmission.load(folder / "7_submitted.pkl").function
    assert command.arguments[0] == "train"
    assert command.project is find_project("toy")
    assert {"optimizer.lr=1e-3", "trainer.devices=2"} < set(command.arguments)
    assert [a for a in command.arguments if "launcher" in a] == ["launcher=local"]
    (own,) = (checked / "runs").glob("exp-*")
    assert command.run_dir == str(own)


def test_other_commands_run_in_one_task_without_a_run_folder(checked, run, slurm):
    run("crossvalidate", "launcher=slurm", "launcher.gpus_per_node=1")
    folder = checked / "runs" / "slurm" / "7"
    script = (folder / "7_submission.sh").read_text()
    assert "#SBATCH --ntasks-per-node=1\n" in script
    assert "#SBATCH --gpus-per-node=1\n" in script
    command = DelayedSubmission.load(folder / "7_submitted.pkl").function
    assert (command.arguments[0], command.run_dir) == ("crossvalidate", None)


def test_only_overrides_of_the_launcher_are_left_out():
    given = ["launcher=slurm", "+launcher.extra.x=1", "~launcher.mem_gb", "seed=1", "split=kfold"]
    assert drop_launcher(given, ("split=kfold",)) == ["seed=1"]


def test_a_machine_without_slurm_says_so(checked, run, monkeypatch):
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="no sbatch here"):
        run("train", *SLURM)
    with pytest.raises(UserError, match="no sbatch here"):
        run("train", *SLURM[:1])
    assert not (checked / "runs").exists()


def test_tasks_that_cannot_be_counted_are_refused(checked, run, slurm):
    with pytest.raises(UserError, match=r"set trainer\.devices to the number"):
        run("train", "launcher=slurm", "trainer=ddp")
    assert not list((checked / "runs").glob("exp-*"))


@pytest.mark.parametrize(
    ("command", "rank", "lives", "asked"),
    [
        ("train", 0, 0, True),
        ("train", 1, 0, False),
        ("train", 0, 2, False),
        ("evaluate", 0, 0, False),
    ],
)
def test_the_first_task_asks_for_another_life_behind_the_time_limit(
    slurm, monkeypatch, command, rank, lives, asked
):
    def stopped(arguments):
        os.kill(os.getpid(), signal.SIGUSR2)
        raise AssertionError("the signal came to nothing")

    def end(number, frame):
        raise SystemExit(143)

    names = {"SLURM_PROCID": rank, "SLURM_JOB_ID": 7, "SLURM_RESTART_COUNT": lives}
    for name, value in names.items():
        monkeypatch.setenv(name, str(value))
    project = SimpleNamespace(main=stopped)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR2)}
    signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(SystemExit):
            Command(project, [command], None, max_requeues=2)()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    calls = slurm / "scontrol.calls"
    assert (calls.exists() and calls.read_text() == "requeue 7\n") == asked


def test_sbatch_s_refusal_is_a_sentence(checked, run, slurm):
    told = "sbatch: error: no such partition"
    (slurm / "sbatch").write_text(f"#!/bin/sh\necho '{told}' >&2\nexit 1\n")
    with pytest.raises(UserError, match="sbatch refused the job: no such partition"):
        run("train", *SLURM)
    assert not list((checked / "runs").glob("exp-*"))
