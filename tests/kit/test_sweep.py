"""Hydra's sweepers drive a stage: each job tells them its ranking metric."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof import cli
from dlproof.config import compose
from dlproof.errors import Terminated, UserError
from dlproof.project import load_project
from dlproof.sweep import find_metric, launch_apart, starts_processes

# Tries two seeds, then once more that of the better job, as a search would.
SWEEPER = """
import json
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper


@dataclass
class Settings:
    _target_: str = "hydra_plugins.greedy.Greedy"


ConfigStore.instance().store("greedy", Settings, group="hydra/sweeper", provider="tests")


class Greedy(Sweeper):
    def setup(self, *, hydra_context, task_function, config):
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments):
        seeds = [["seed=1"], ["seed=2"], ["loader.batch_size=0"]]
        jobs = self.launcher.launch([[*arguments, *seed] for seed in seeds], 0)
        values = [job.return_value for job in jobs]
        best = max(range(2), key=lambda number: values[number])
        (last,) = self.launcher.launch([[*arguments, *seeds[best]]], 3)
        Path("found.json").write_text(json.dumps([*values, last.return_value]))
"""
# A job's metric without training.
STAND_IN = """
from dlproof import Report, sweep
from toy.project import PROJECT

def launch(project, stage, overrides, cfg):
    return Report(stage.name, {"best_val_accuracy": 0.1 * cfg.seed})

sweep.launch = launch
PROJECT.main(["train", "-m", "hydra/sweeper=greedy"])
"""

# A project whose `train` reports what it was asked for, or fails, or waits for a signal.
ALONE = """
import signal, sys, time
from pathlib import Path
from dlproof import Report

def save(number, frame):
    Path("saved.txt").write_text(str(number))
    sys.exit(143)

signal.signal(signal.SIGTERM, save)
if "seed=13" in sys.argv:
    sys.exit(7)
if "seed=99" in sys.argv:
    Path("ready.txt").touch()
    time.sleep(60)
Report("train", {"arguments": sys.argv[1:]}).write("reports")
"""


def test_a_sweeper_that_searches_gets_each_jobs_metric(project, tmp_path, monkeypatch):
    (tmp_path / "hydra_plugins").mkdir()
    (tmp_path / "hydra_plugins" / "greedy.py").write_text(SWEEPER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}")
    command = [sys.executable, "-c", STAND_IN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first, second, refused, again = json.loads((project / "found.json").read_text())
    assert done.returncode == 1  # of the job that was refused
    assert "loader.batch_size=0 should be greater than or equal to 1" in done.stderr
    assert (first, second, again) == (0.1, 0.2, 0.2)
    assert refused != refused


@pytest.mark.parametrize(
    ("figures", "metric"),
    [
        ({"best_val_accuracy": 0.9, "metrics": {"val/accuracy": 0.8}}, 0.9),
        ({"metrics": {"accuracy": 0.7}}, 0.7),
        ({"metrics": {"accuracy": {"mean": 0.6, "std": 0.1}}}, 0.6),
        ({"metrics": {"requests": {"count": 3}}}, None),
        ({}, None),
    ],
)
def test_the_ranking_metric_is_that_of_the_best_epoch_the_test_split_or_all_folds(figures, metric):
    assert find_metric(SimpleNamespace(figures=figures), "accuracy") == metric


@pytest.fixture
def alone(project, tmp_path, monkeypatch):
    """`alone("seed=1")`: one job of a sweep by a command of its own."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "__main__.py").write_text(ALONE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}")
    stage = load_project("toy").stages["train"]
    named = SimpleNamespace(package="alone")
    return lambda *overrides: launch_apart(named, stage, overrides, compose(overrides))


def test_a_job_that_starts_processes_is_a_command_that_they_can_repeat(alone):
    assert alone("seed=1").figures["arguments"] == ["train", "seed=1"]
    with pytest.raises(UserError, match="exit code 7"):
        alone("seed=13")


def test_a_signal_reaches_the_command_of_a_job_once_and_is_waited_for(alone, monkeypatch):
    before = signal.signal(signal.SIGTERM, cli.raise_terminated)

    def stop():
        while not Path("ready.txt").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        with pytest.raises(Terminated):
            alone("seed=99")
    finally:
        signal.signal(signal.SIGTERM, before)
        thread.join()
    assert Path("saved.txt").read_text() == str(int(signal.SIGTERM))


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], False),
        (["trainer=ddp"], True),
        (["trainer.devices=2"], True),
        (["trainer.strategy=ddp"], True),
        (["trainer.num_nodes=2"], True),
        (["trainer=ddp", "trainer.devices=2", "launcher=slurm"], False),
    ],
)
def test_a_job_of_several_processes_here_is_known_from_its_config(in_configs, overrides, expected):
    stages = load_project("toy").stages
    assert starts_processes(stages["train"], compose(overrides)) == expected
    assert not starts_processes(stages["find_lr"], compose(overrides))


def test_jobs_run_in_the_project_wherever_hydra_puts_its_own_files(project, tmp_path):
    given = ["hydra.job.chdir=true", f"hydra.sweep.dir={tmp_path / 'elsewhere'}"]
    command = [sys.executable, "-m", "toy", "ingest", "-m", "seed=1,2", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("reports/ingest.json") == 2
    assert Path("reports/ingest.json").exists()


def test_a_sweep_into_the_one_folder_that_a_launcher_names_is_refused(project, monkeypatch):
    monkeypatch.setenv("DL_RUN_DIR", "runs/exp-one")
    command = [sys.executable, "-m", "toy", "train", "-m", "seed=1,2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "DL_RUN_DIR names one folder" in done.stderr


@pytest.mark.slow
def test_a_sweep_trains_each_value_once_in_two_processes(package, checked, small):
    ddp = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    given = [*small, *ddp, "trainer.max_epochs=3", "logger=[csv]"]
    command = [sys.executable, "-m", package, "train", "-m", *given, "seed=1,2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    records = [json.loads(path.read_text()) for path in checked.glob("runs/exp-*/record.json")]
    assert sorted((r["seed"], r["status"], r["processes"]) for r in records) == [
        (1, "finished", 2),
        (2, "finished", 2),
    ]
