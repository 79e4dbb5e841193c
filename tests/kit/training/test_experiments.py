"""What is kept of runs merges in git, holds what people write, and answers in sentences."""

import shutil
from pathlib import Path

import pytest
import yaml
from dlproof.config import compose
from dlproof.errors import UserError
from dlproof.files import write_json
from dlproof.training import command
from dlproof.training.experiments import (
    find_experiment,
    keep_experiment,
    name_file,
    read_experiments,
)
from dlproof.training.runs import is_from_run, read_record
from toy.project import PROJECT

from .test_train import FAST, SHORT

# Of the seed's template: what is written down of every experiment.
FIELDS = {
    "id",
    "goal",
    "change",
    "architecture",
    "dataset",
    "optimizer",
    "schedule",
    "batch_size",
    "metrics",  # losses on training and on validation
    "best_val_accuracy",
    "seconds",
    "notes",
    "conclusion",
}
FIRST, SECOND = "exp-2026-12-01-001", "exp-2026-12-01-002"


def add_run(name, score, started="2026-12-01T10:00:00", lr=0.1, **values):
    """A run of this machine, as `train` leaves it."""
    record = {"id": name, "started": started, "status": "finished", "goal": "", "change": ""}
    record |= {"best_val_accuracy": score, "metrics": {"val/loss": 1 - score}, **values}
    write_json(Path("runs", name, "record.json"), record)
    config = {"optimizer": {"lr": lr}, "seed": 42, "paths": {"data_dir": "/home/me"}}
    Path("runs", name, "config.yaml").write_text(yaml.safe_dump(config))
    return record


def experiments(*arguments):
    command.run(list(arguments), PROJECT)


def read(name=FIRST):
    return find_experiment(read_experiments(PROJECT, compose()), name)


@pytest.fixture
def two(project):
    for name, score, lr in ((FIRST, 0.5, 0.1), (SECOND, 0.9, 0.01)):
        keep_experiment(PROJECT, compose(), add_run(name, score, lr=lr))
    return project


def test_training_keeps_all_fields_and_the_settings_for_git(checked, run):
    report = run("train", *SHORT, *FAST, "goal=Learn", "change=none yet")
    (path,) = Path("docs/experiments").iterdir()
    content = yaml.safe_load(path.read_text())
    assert content.keys() >= FIELDS
    assert content["metrics"].keys() >= {"train/loss", "val/loss"}
    assert (content["goal"], content["change"], content["notes"]) == ("Learn", "none yet", [])
    assert content["config"]["optimizer"]["lr"] == 0.01
    assert "paths" not in content["config"]
    assert report.figures["run"] in Path("reports/runs.html").read_text()


@pytest.mark.parametrize("debug", ["debug=limit", "keep=false"])
def test_a_debug_run_is_not_kept(checked, run, debug):
    run("train", *SHORT, debug)
    assert not Path("docs").exists()


def test_runs_of_two_clones_have_two_files_and_two_names(two):
    mine = read().path
    shutil.rmtree("runs")
    keep_experiment(PROJECT, compose(), add_run(FIRST, 0.7, started="2026-12-01T11:00:00"))
    theirs = set(Path("docs/experiments").glob(f"{FIRST}-*")) - {mine}
    assert len(theirs) == 1
    with pytest.raises(UserError, match=f"{FIRST} is several runs: name one of {FIRST}-"):
        read()
    assert read(mine.stem).record["best_val_accuracy"] == 0.5
    assert read(mine.stem).folder is None
    assert read(theirs.pop().name).folder == Path("runs", FIRST)


def test_what_people_write_outlives_a_resumed_run_and_breaks_no_seal(checked, run):
    run("train", *SHORT, *FAST)
    record = read_record(next(Path("runs").glob("exp-*")))
    experiments("note", "latest", "Loss jumps.", "--goal", "Learn", "--conclusion", "Keep it.")
    experiments("note", record["id"], "And falls.")
    keep_experiment(PROJECT, compose(), record | {"status": "stopped"})
    kept = read("latest").record
    assert [note.partition(": ")[2] for note in kept["notes"]] == ["Loss jumps.", "And falls."]
    assert (kept["goal"], kept["change"]) == ("Learn", "")
    assert (kept["conclusion"], kept["status"]) == ("Keep it.", "stopped")
    assert is_from_run(Path("runs", record["id"]), record)
    assert "Keep it." in Path("reports/runs.html").read_text()


def test_a_killed_run_is_listed_and_noted_too(project, capsys):
    record = add_run(FIRST, 0.5, status="running")
    experiments("list")
    experiments("note", FIRST, "--conclusion", "Out of memory.")
    assert Path("docs/experiments", name_file(record)).exists()
    experiments("list")
    before, after = (line for line in capsys.readouterr().out.splitlines() if FIRST in line[:20])
    assert before.split(maxsplit=3)[3].startswith("running")
    assert "no goal or change given" in before
    assert "none yet" in before
    assert "Out of memory." in after


def test_the_list_has_the_best_first(two, capsys):
    experiments("list")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == [SECOND, FIRST]
    assert Path("reports/runs.html").exists()


def test_comparing_shows_what_differs_and_nothing_else(two, capsys):
    experiments("compare", FIRST, SECOND)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["best_val_accuracy", "0.5", "0.9"] in shown
    assert ["optimizer.lr", "0.1", "0.01"] in shown
    assert "seed" not in [line[0] for line in shown]
    assert not any("/home/me" in line for line in shown)


def test_a_run_is_shown_whole_and_without_its_folder_too(two, capsys):
    experiments("show", FIRST)
    shrunk = capsys.readouterr().out
    assert "optimizer.lr: 0.1" in shrunk
    assert "curves: none" in shrunk
    shutil.rmtree("runs")
    experiments("show", FIRST)
    assert "Its folder is not in runs/" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "exp-2026-12-01-003"], "there is no run exp-2026-12-01-003: did you mean exp-"),
        (["show", "exp-"], f"exp- is several runs: name one of {SECOND}, {FIRST}."),
        (["compare", FIRST, FIRST], "is compared with itself: name two runs."),
        (["note", FIRST], "there is nothing to note of"),
        (["note", FIRST, " "], "there is nothing to note of"),
    ],
)
def test_what_names_no_run_or_says_nothing_is_a_sentence(two, arguments, told):
    with pytest.raises(UserError, match=told):
        experiments(*arguments)


@pytest.mark.parametrize("arguments", [["list"], ["show", "latest"]])
def test_no_runs_at_all_are_a_sentence(project, arguments):
    with pytest.raises(UserError, match="there are no runs yet: `train` makes the first one"):
        experiments(*arguments)


@pytest.mark.parametrize(
    "text", ["<<<<<<< HEAD\nid: a\n=======\n", "[1]\n", "id: a\n", "id: a\nstarted: b\nnotes: c\n"]
)
def test_a_file_that_cannot_be_read_is_a_sentence_and_fails_no_training(two, text, capsys):
    path = read().path
    path.write_text(text)
    for arguments in (["list"], ["note", SECOND, "a"]):
        with pytest.raises(UserError, match=rf"{path} is not"):
            experiments(*arguments)
    keep_experiment(PROJECT, compose(), read_record(Path("runs", FIRST)))
    assert f"warning: {path} is not" in capsys.readouterr().out
    assert path.read_text() == text


def test_a_damaged_record_is_a_sentence(two):
    Path("runs", FIRST, "record.json").write_text("{")
    with pytest.raises(UserError, match="is missing or damaged: restore it, or remove the run"):
        experiments("list")
