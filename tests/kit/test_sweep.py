"""Hydra's sweepers drive a stage: each job tells them its ranking metric."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from dlproof.sweep import find_metric

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
