"""The command line answers quickly and in sentences."""

import os
import subprocess
import sys
import time
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import yaml
from dlproof import cli, template
from dlproof.cli import describe_command, describe_commands
from dlproof.watch import CHILDREN
from own.project import PROJECT as OWN
from PIL import Image
from toy.project import PROJECT

from .projects import IMAGE


@pytest.fixture
def call(in_configs):
    """`call("split", "--help")`: the command line of the toy, in a process of its own."""

    def start(*arguments, cwd=None):
        command = [sys.executable, "-m", "toy", *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)

    return start


def test_help_lists_every_command_in_half_a_second(call):
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        done = call("--help")
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.5
    assert done.stdout.strip() == describe_commands(PROJECT)
    assert all(f"  {name} " in done.stdout for name in PROJECT.stages)


def test_an_unknown_command_is_a_sentence_that_names_the_nearest(call):
    done = call("trian")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "did you mean train?" in done.stderr


def test_an_unknown_key_is_a_sentence_that_names_the_nearest(call):
    done = call("split", "sead=1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "did you mean seed?" in done.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
    ],
)
@pytest.mark.parametrize(
    "command", ["--help", "checklist --help", "split --cfg job goal=…é", "train seed=…é"]
)
def test_what_a_terminal_cannot_show_is_printed_as_codes(in_configs, environment, command):
    done = subprocess.run(
        [sys.executable, "-m", "toy", *command.split()],
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"\\u2026" in done.stdout + done.stderr or b"\\udce2" in done.stdout + done.stderr


def test_an_update_prints_them_so_too(monkeypatch):
    terminal = TextIOWrapper(BytesIO(), "ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(template, "check", lambda: print("caf\u00e9.py"))
    with pytest.raises(SystemExit):
        template.main(["check"])
    assert terminal.buffer.getvalue() == b"caf\\xe9.py\n"


@pytest.mark.parametrize("sort", [IMAGE], indirect=True)
@pytest.mark.parametrize("command", ["ingest", "clean"])
def test_names_that_the_locale_cannot_write_are_a_sentence(project, run, small, command):
    Path("raw", "caf\u00e9").mkdir()
    Image.new("L", (8, 8)).save("raw/caf\u00e9/one.png")
    if command == "clean":
        run("ingest")
    done = subprocess.run(
        [sys.executable, "-m", "toy", command, *small],
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "has letters that this locale has not: set LC_ALL=C.UTF-8" in done.stderr


def test_hydra_prints_the_config_of_a_command(call):
    done = call("split", "--cfg", "job", "seed=7")
    assert yaml.safe_load(done.stdout)["seed"] == 7


def test_every_job_of_a_sweep_says_in_a_sentence_why_it_is_refused(project, call, small):
    done = call("split", "-m", *small, "schedule.warmup=5,0.1", cwd=project)
    wrong, mistake, missing = done.stderr.splitlines()
    assert done.returncode == 1
    assert wrong.startswith("split ")
    assert wrong.endswith(" schedule.warmup=5: the config is invalid:")
    assert "less than or equal to 1" in mistake
    assert "schedule.warmup=0.1: reports/clean.json does not exist" in missing


def test_a_sweep_that_does_not_compose_is_a_sentence(project, call):
    done = call("split", "-m", "model=nosuch,other", cwd=project)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "split: model=nosuch is not an option" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "unbuffered"), [(["charter"], "1"), (["split", "--cfg", "job"], "")]
)
def test_a_command_whose_output_nobody_reads_ends_quietly(in_configs, arguments, unbuffered):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "toy", *arguments]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    streams = {"stdout": write, "stderr": subprocess.PIPE}
    done = subprocess.run(command, env=environment, **streams, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("stage", OWN.stages.values(), ids=OWN.stages)
def test_every_command_has_code_that_runs_and_says_what_it_is_for(stage):
    source = Path(stage.load().__file__).read_text(encoding="utf-8")
    takes = 'cfg: DictConfig, project: "Project"' if stage.is_tool else "cfg: DictConfig"
    assert f"def run({takes})" in source
    assert stage.summary in describe_command(OWN, stage.name)
    assert all(name in OWN.stages for name in stage.reads)


@pytest.mark.parametrize("package", ["own", "toy"])
def test_data_commands_start_without_torch(package):
    stages = [f"project.stages[{name!r}].load()" for name in ("ingest", "split", "serve")]
    code = (
        f"import sys; from {package}.project import PROJECT as project; {'; '.join(stages)};"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_data_commands_end_without_torch(project):
    code = (
        "import sys; from toy.project import PROJECT;"
        "[PROJECT.main([name]) for name in ('ingest', 'clean', 'split', 'config')];"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (project / "params.yaml").exists()


def test_a_command_that_a_test_starts_notes_what_it_calls(monkeypatch, tmp_path):
    watched = []
    monkeypatch.setattr(cli, "watch_child", watched.append)
    monkeypatch.setattr(cli, "run_command", lambda *arguments, **options: None)
    cli.main(PROJECT, ["ingest"])
    assert watched == []
    monkeypatch.setenv(CHILDREN, str(tmp_path))
    cli.main(PROJECT, ["ingest"])
    assert watched == ["toy"]
