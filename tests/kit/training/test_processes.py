"""Two processes train as one does; a run of several goes on, however they were started."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof.config import compose
from dlproof.errors import UserError
from dlproof.training.processes import (
    count_started,
    is_interactive,
    read_rank,
    tell_lightning,
)
from lightning.pytorch.plugins.environments import SLURMEnvironment
from processes import (
    SETTINGS,
    compare,
    describe_environment,
    largest_difference,
    newest_run,
    start,
    train,
)

from ..projects import render
from .deaths import CRASH_AT, kill_within


@pytest.mark.slow
def test_two_processes_see_the_same_items_and_end_with_the_same_weights(package, checked, small):
    row = compare(package, small)
    assert row["largest difference"] <= 1e-6
    assert (row["same items"], row["same metric"]) == (True, True)


@pytest.mark.slow
@pytest.mark.parametrize("loader", ["default", "stream"])
def test_two_processes_killed_at_once_end_with_the_same_bits(package, checked, run, small, loader):
    run("stream", "loader=stream")
    settings = (*small, f"loader={loader}", "loader.batch_size=8")
    settings += ("callbacks.resume.every_n_train_steps=3",)
    whole = train(package, 2, *settings)
    kill_within(start(package, 2, *settings), "resume-000000000009.ckpt")
    killed = newest_run()
    assert killed != whole
    assert train(package, 2, *settings, "resume=latest") == killed
    assert json.loads((killed / "record.json").read_text())["resumed"][0]["step"] >= 3
    assert largest_difference(whole, killed) == 0


@pytest.mark.slow
def test_torchrun_goes_on_after_a_process_has_died(package, checked, small, script):
    settings = (*small, "loader.batch_size=8", "callbacks.resume.every_n_train_steps=3")
    crash = "+callbacks.crash._target_=kit.training.deaths.Crash"
    environment = describe_environment() | {"PROCESSES": "2", "DL_RUN_DIR": "runs/exp-torchrun"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", script, *SETTINGS, *settings, crash],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,  # processes that wait for dead ones do so for half an hour
    )
    assert done.returncode == 0, done.stderr
    run = Path("runs", "exp-torchrun")
    record = json.loads((run / "record.json").read_text())
    assert (record["status"], record["processes"]) == ("finished", 2)
    assert 0 < record["resumed"][0]["step"] <= CRASH_AT
    assert json.loads(Path("reports/train.json").read_text())["figures"]["run"] == run.name
    assert largest_difference(run, train(package, 2, *settings)) == 0


@pytest.fixture
def script(package, sort, tmp_path):
    """The launcher of several processes, as it is generated."""
    render(tmp_path, package, sort, "deploy")
    return tmp_path / "deploy" / "torchrun" / "train.sh"


def test_several_nodes_without_a_meeting_point_are_refused(checked, script):
    environment = os.environ | {"NODES": "2"}
    done = subprocess.run(
        ["bash", script], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "RENDEZVOUS=host:port" in done.stderr


def test_the_rank_is_what_the_launcher_says(monkeypatch):
    assert read_rank() == 0
    for name in ("SLURM_PROCID", "LOCAL_RANK", "RANK"):
        monkeypatch.setenv(name, str(len(name)))
        assert read_rank() == len(name)


# What SLURM tells the shell of `salloc`, a batch script, and tasks of srun: its version 21.08.
ALLOCATED = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "4"}
BATCH = ALLOCATED | {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
STEP = BATCH | {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"}


@pytest.fixture
def tell(monkeypatch):
    """`tell(BATCH, "bash", pid)`: has SLURM start a job of this name, and a process in it."""
    for name in [name for name in os.environ if name.startswith("SLURM")]:
        monkeypatch.delenv(name)

    def start(told, job, process=None):
        task = {} if process is None else {"SLURM_TASK_PID": str(process)}
        for name, value in (told | task | {"SLURM_JOB_NAME": job}).items():
            monkeypatch.setenv(name, value)

    return start


@pytest.mark.filterwarnings("ignore:The `srun` command is available")
@pytest.mark.parametrize(
    ("told", "job", "is_self", "started"),
    [
        (ALLOCATED, "interactive", None, 1),
        (ALLOCATED, "mine", None, 1),
        (BATCH, "train.sh", None, 1),
        (STEP, "bash", None, 1),
        (STEP, "mine", False, 1),
        (STEP, "interactive", True, 4),
        (STEP, "mine", None, 4),
    ],
)
def test_srun_starts_several_processes_and_a_shell_of_slurms_one(tell, told, job, is_self, started):
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        shell.stdin.write(b"echo\n")
        shell.stdin.flush()
        shell.stdout.readline()  # it is a shell by now, and no copy of this process
        tell(told, job, {None: None, True: os.getpid(), False: shell.pid}[is_self])
        assert count_started() == started
        tell_lightning()
        assert SLURMEnvironment.detect() == (started > 1)


def test_without_slurm_lightning_is_told_nothing(tell):
    tell_lightning()
    assert "SLURM_JOB_NAME" not in os.environ
    assert count_started() == 1


@pytest.mark.parametrize(
    ("command", "is_shell"),
    [
        ("-zsh", True),
        ("/usr/bin/bash --login -i", True),
        ("bash train.sh", False),
        ("sh -c python", False),
        ("/env/bin/python -m toy train", False),
    ],
)
def test_a_shell_with_a_script_is_not_a_persons(command, is_shell):
    assert is_interactive([*command.split(), ""]) == is_shell


def test_training_in_a_shell_of_slurms_is_training(checked, run, tell):
    tell(BATCH, "train.sh")
    short = ("trainer=cpu", "trainer.max_epochs=1", "logger=[csv]")
    assert run("train", *short).figures["processes"] == 1


@pytest.mark.parametrize(
    "told", [{"WORLD_SIZE": "2"}, {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"}]
)
def test_processes_that_cannot_know_their_folder_are_refused(checked, run, monkeypatch, told):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="DL_RUN_DIR does not name"):
        run("train", "trainer=cpu")
    assert not list((checked / "runs").glob("exp-*"))


def test_a_run_whose_folder_is_given_goes_on_by_itself(checked, run, monkeypatch):
    short = ("trainer=cpu", "trainer.max_epochs=1", "logger=[csv]")
    monkeypatch.setenv("DL_RUN_DIR", "runs/exp-given")
    assert run("train", *short).figures["run"] == "exp-given"
    record = checked / "runs" / "exp-given" / "record.json"
    record.write_text(record.read_text().replace('"finished"', '"running"'))
    monkeypatch.setenv("DL_RUN_DIR", "runs/exp-given")
    assert run("train", *short).figures["run"] == "exp-given"
    assert "resumed" in json.loads(record.read_text())


@pytest.mark.parametrize("package", ["own"], indirect=True)
def test_what_fsdp_has_flattened_decays_as_before_and_is_clipped_over_all_shards(
    checked, declared, small
):
    cfg = compose([*small, "trainer=cpu"])
    module = declared.build_module(cfg, declared.open_data(cfg), 1)
    before = [g["weight_decay"] for g in describe_groups(module)]
    assert before == [cfg.optimizer.weight_decay, 0]
    sizes = [sum(p.numel() for p in group["params"]) for group in describe_groups(module)]
    for parameter in module.network.parameters():
        parameter.data = parameter.data.flatten()
    after = [sum(p.numel() for p in group["params"]) for group in describe_groups(module)]
    assert after == sizes
    clipped = []
    sharded = SimpleNamespace(clip_grad_norm_=clipped.append)
    module._trainer = SimpleNamespace(strategy=SimpleNamespace(model=sharded))
    module.configure_gradient_clipping(None, 0.5)
    assert clipped == [0.5]


def describe_groups(module):
    return module.configure_optimizers()["optimizer"].param_groups


@pytest.mark.parametrize("option", ["trainer=fsdp", "trainer.sync_batchnorm=true"])
def test_what_needs_gpus_is_refused_without_one(checked, run, option):
    with pytest.raises(UserError, match="needs GPUs"):
        run("train", option, "trainer.accelerator=cpu", "logger=[csv]")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["trainer.num_nodes=2"], r"num_nodes=2 needs a process on each node"),
        (["trainer.devices=2", "trainer.strategy=ddp_spawn"], "strategy=ddp_spawn copies"),
        (
            [
                "trainer.strategy={_target_:lightning.pytorch.strategies.DDPStrategy,"
                "start_method:fork}"
            ],
            "'start_method': 'fork'} copies this process",
        ),
    ],
)
def test_processes_that_nobody_starts_or_that_forget_what_they_learned_are_refused(
    checked, run, options, words
):
    with pytest.raises(UserError, match=words):
        run("train", "trainer.accelerator=cpu", "logger=[csv]", *options)
    assert not list((checked / "runs").glob("exp-*"))
