"""Signals that reach every process of a run, as SLURM and Kubernetes send them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONG = (
    "trainer.max_epochs=100000",
    "trainer.accelerator=cpu",
    "callbacks.early_stopping=null",
    "callbacks.resume.every_n_train_steps=5",
    "loader.batch_size=16",
    "logger=[csv]",
)


@pytest.fixture
def start(checked, package, small):
    """`start(2)`: a run with that many workers that has saved a state; and its folder."""
    started = []

    def begin(workers):
        command = [sys.executable, "-m", package, "train", *small, *LONG]
        process = subprocess.Popen(
            [*command, f"loader.num_workers={workers}"],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        deadline = time.monotonic() + 60
        while not list(checked.glob("runs/*/checkpoints/resume-*.ckpt")):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "the run saves no state"
            time.sleep(0.05)
        return process, max((checked / "runs").iterdir())

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def find_workers(process):
    """Ids of the processes that a run has started to load data."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    return [int(line) for line in found.stdout.split()]


def read_status(folder):
    return json.loads((folder / "record.json").read_text())["status"]


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGTERM, 2),
        pytest.param(signal.SIGTERM, 0, marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR1, 0, marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR1, 2, marks=pytest.mark.slow),
    ],
)
def test_a_signal_to_all_processes_saves_a_state_and_says_how_to_go_on(start, number, workers):
    process, folder = start(workers)
    os.killpg(process.pid, number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 143, told
    assert "Traceback" not in told
    assert f"resume it with `train resume={folder.name}`" in told
    assert read_status(folder) == "stopped"


def test_a_worker_that_is_killed_ends_the_run_in_a_sentence(start):
    process, folder = start(2)
    os.kill(find_workers(process)[0], signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1, told
    assert "Traceback" not in told
    assert "a process that loads data was killed" in told.splitlines()[-1]
    assert f"resume it with `train resume={folder.name}`" in told
    assert read_status(folder) == "stopped"
    assert list((folder / "checkpoints").glob("resume-*.ckpt"))


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(start):
    process, _ = start(2)
    workers = find_workers(process)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while any(Path("/proc", str(worker)).exists() for worker in workers):
        assert time.monotonic() < deadline, "a worker outlives its run"
        time.sleep(0.1)
