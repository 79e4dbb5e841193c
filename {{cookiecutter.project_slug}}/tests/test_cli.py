"""The command line answers quickly and in sentences."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.package_name }}.cli import describe_command, describe_commands
from {{ cookiecutter.package_name }}.commands import STAGES
from {{ cookiecutter.package_name }}.stage import SHARED, find_module, source_closure

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[1]
PACKAGE_NAME = "{{ cookiecutter.package_name }}"
IN_PIPELINE = [stage for stage in STAGES.values() if stage.in_pipeline]


def call(*arguments, cwd=ROOT):
    command = [sys.executable, "-m", PACKAGE_NAME, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_help_lists_every_command_in_half_a_second():
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        done = call("--help")
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.5
    assert done.stdout.strip() == describe_commands()
    assert all(f"  {name} " in done.stdout for name in STAGES)


def test_an_unknown_command_is_a_sentence_that_names_the_nearest():
    done = call("trian")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "did you mean train?" in done.stderr


def test_an_unknown_key_is_a_sentence_that_names_the_nearest():
    done = call("split", "sead=1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "did you mean seed?" in done.stderr


def test_hydra_prints_the_config_of_a_command():
    done = call("split", "--cfg", "job", "seed=7")
    assert yaml.safe_load(done.stdout)["seed"] == 7


def test_every_job_of_a_sweep_says_in_a_sentence_why_it_is_refused(project, small):
    done = call("split", "-m", *small, "schedule.warmup=5,0.1", cwd=project)
    wrong, mistake, missing = done.stderr.splitlines()
    assert done.returncode == 1
    assert wrong.startswith("split ")
    assert wrong.endswith(" schedule.warmup=5: the config is wrong:")
    assert "less than or equal to 1" in mistake
    assert "schedule.warmup=0.1: reports/clean.json is not there" in missing


def test_a_sweep_that_does_not_compose_is_a_sentence(project):
    done = call("split", "-m", "model=nosuch,other", cwd=project)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "split: model=nosuch is not an option" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "unbuffered"), [(["charter"], "1"), (["split", "--cfg", "job"], "")]
)
def test_a_command_whose_output_nobody_reads_ends_quietly(arguments, unbuffered):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", PACKAGE_NAME, *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    streams = {"stdout": write, "stderr": subprocess.PIPE}
    done = subprocess.run(command, cwd=ROOT, env=environment, **streams, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_every_command_has_code_that_runs_and_says_what_it_is_for(stage):
    source = find_module(stage.module).read_text(encoding="utf-8")
    assert "def run(cfg: DictConfig)" in source
    assert stage.summary in describe_command(stage.name)
    assert all(name in STAGES for name in stage.reads)


@pytest.mark.parametrize("stage", IN_PIPELINE, ids=lambda stage: stage.name)
def test_dvc_watches_what_the_command_depends_on(stage):
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    entry = pipeline[stage.name]
    assert entry["cmd"] == f"python -m {PACKAGE_NAME} {stage.name}"
    assert set(entry["params"]) == {"paths", "data", "task", *stage.config}
    watched = [ROOT / path for path in entry["deps"] if path.startswith("src/")]
    closure = source_closure(find_module(stage.module))
    phases = {path for path in closure if path.parent not in SHARED}
    missed = {path for path in phases if not any(path.is_relative_to(folder) for folder in watched)}
    assert not missed


def test_data_commands_start_without_torch():
    modules = [STAGES[name].module for name in ("ingest", "split", "serve")]
    listing = "; ".join(f"import {PACKAGE_NAME}.{module}" for module in modules)
    code = f"import sys; {listing}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
