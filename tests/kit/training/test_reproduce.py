"""`reproduce` trains a run again as it was, says how far the two are apart, and why it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest
from dlproof.config import compose
from dlproof.errors import UserError
from dlproof.files import hash_tree, read_json, read_sealed, write_json
from dlproof.revision import describe_revision
from dlproof.training import reproduce
from dlproof.training.experiments import Experiment, find_experiment, read_experiments
from dlproof.training.runs import seal_record
from toy.project import PROJECT

from .test_train import FAST, SHORT

RUN = "exp-2026-12-01-001"


def git(*arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(checked):
    """A project whose data phase is done, in git."""
    git("init", "--quiet")
    Path("settings.yaml").write_text("first\n")
    Path(".gitignore").write_text("/data/?*\n!/data/*.dvc\n/models/\n/raw*\n/runs/\n")
    git("add", "--all")
    git("commit", "--quiet", "--message", "first")
    describe_revision.cache_clear()
    yield checked
    describe_revision.cache_clear()


@pytest.fixture
def known(committed):
    """`known(device="cuda")`: the folder of a finished run with other values in its record."""

    def make(**values):
        state = read_json("data/processed/state.json")
        record = {"id": RUN, "started": "2026-12-01", "status": "finished", "device": "cpu"}
        record |= {**describe_revision(), "data_version": state["version"]}
        record |= {"metrics": {"val/loss": 0.5, "train/items_per_second": 9.0}, "lock": None}
        folder = Path("runs", RUN)
        for name in ("config.yaml", "diff.patch", "metrics.csv"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        (folder / "config.yaml").write_text("seed: 1\n")
        record |= {"best_val_accuracy": 0.9, **values}
        write_json(folder / "record.json", record | {"seal": seal_record(folder, record)})
        return folder

    return make


def choose(wanted=RUN):
    return reproduce.choose_run(PROJECT, compose(), wanted)


@pytest.mark.slow
def test_a_run_is_reproduced_to_the_last_bit_and_leaves_the_project_alone(committed, run, capsys):
    Path("settings.yaml").write_text("then\n")
    report = run("train", *SHORT, *FAST, "trainer.max_epochs=2")
    git("checkout", "--quiet", "settings.yaml")
    before = {name: hash_tree(name) for name in ("runs", "models", "data", "docs")}
    reproduce.run([], PROJECT)
    assert {name: hash_tree(name) for name in before} == before
    told = capsys.readouterr().out
    assert f"{report.figures['run']} is reproduced: " in told
    assert "metrics and the weights, bit for bit" in told
    found = read_sealed("reports/reproduce.json")
    assert (found["same"], found["apart"], found["weights"]) == (True, 0.0, True)
    assert found["commit"] == describe_revision()["commit"]


@pytest.mark.slow
def test_data_of_another_version_comes_from_dvc(known, tmp_path):
    for command in (("init", "--quiet"), ("add", "--quiet", "data/processed")):
        subprocess.run([sys.executable, "-m", "dvc", *command], check=True)
    git("add", "--force", "data/processed.dvc", ".dvc", ".gitignore")
    git("commit", "--quiet", "--message", "data")
    describe_revision.cache_clear()
    known()
    path = Path("data/processed/state.json")
    state = read_json(path)
    path.unlink()
    write_json(path, state | {"version": "f" * 64})
    found = find_experiment(read_experiments(PROJECT, compose()), RUN)
    root = reproduce.check_out(found, tmp_path / "clone")
    assert reproduce.find_data(compose(), found, root) == root / "data"
    assert read_json(root / "data/processed/state.json") == state
    assert read_json(path)["version"] == "f" * 64


def test_the_checkout_has_the_commit_and_what_was_changed_since(known, tmp_path):
    folder = known(dirty=True)
    path = Path("settings.yaml")
    path.write_text("then\n")
    (folder / "diff.patch").write_bytes(
        subprocess.run(["git", "diff"], capture_output=True, check=True).stdout
    )
    path.write_text("now\n")
    found = find_experiment(read_experiments(PROJECT, compose()), RUN)
    root = reproduce.check_out(found, tmp_path / "clone")
    assert (root / path).read_text() == "then\n"
    assert not (root / "runs").exists()
    assert path.read_text() == "now\n"


@pytest.mark.parametrize(
    ("device", "loss", "same"),
    [("cpu", 0.5, True), ("cpu", 0.5001, False), ("cuda", 0.5001, True), ("cuda", 0.51, False)],
)
def test_a_cpu_repeats_every_bit_and_a_gpu_nearly(known, monkeypatch, device, loss, same):
    known(device=device)

    def train(project, found, root, data):
        metrics = {"val/loss": loss, "train/items_per_second": 1.0}
        record = found.record | {"metrics": metrics}
        return Experiment(found.name, found.path, record, found.config, None)

    monkeypatch.setattr(reproduce, "train_again", train)
    if same:
        reproduce.run([RUN], PROJECT)
    else:
        with pytest.raises(UserError, match=f"{RUN} is not reproduced: 2 metrics .*val/loss is"):
            reproduce.run([RUN], PROJECT)
    assert read_sealed("reports/reproduce.json")["same"] is same


def test_other_weights_with_the_same_metrics_are_told(known, monkeypatch):
    known()
    monkeypatch.setattr(reproduce, "train_again", lambda project, found, root, data: found)
    monkeypatch.setattr(reproduce, "compare_weights", lambda found, again: False)
    with pytest.raises(UserError, match="is not reproduced: 2 metrics, other weights; "):
        reproduce.run([RUN], PROJECT)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"debug": True}, "is a debug run, which leaves nothing that could be reproduced"),
        ({"status": "stopped"}, "it is stopped; only what has finished can be"),
        ({"processes": 2}, "2 processes trained it, and here is one"),
        ({"data_version": "f" * 64}, "it was trained on version ffffffff of the data; data/ has"),
        ({"commit": None}, "it was trained outside git, and no commit is on record"),
        ({"commit": "e" * 40}, "this repository has no commit eeeeeeee: fetch it"),
    ],
)
def test_why_a_run_cannot_be_trained_again_is_a_sentence(known, values, told):
    known(**values)
    with pytest.raises(UserError, match=told):
        reproduce.run([RUN], PROJECT)
    assert not Path("reports/reproduce.json").exists()


def test_a_run_that_was_edited_or_whose_change_is_lost_is_a_sentence(known):
    folder = known(dirty=True)
    (folder / "config.yaml").write_text("seed: 2\n")
    with pytest.raises(UserError, match="was edited since the run"):
        choose()
    folder = known(dirty=True)
    (folder / "diff.patch").unlink()
    with pytest.raises(UserError, match="was edited since the run"):
        choose()


def test_a_change_that_does_not_apply_is_a_sentence(known, tmp_path):
    folder = known(dirty=True)
    (folder / "diff.patch").write_text("nonsense\n")
    found = find_experiment(read_experiments(PROJECT, compose()), RUN)
    with pytest.raises(UserError, match=r"cannot be reproduced: `git .* apply .*` fails"):
        reproduce.check_out(found, tmp_path / "clone")


def test_another_lock_or_machine_is_told_and_training_goes_on(known, monkeypatch, capsys):
    known(lock="0", hardware={"torch": "1.0", "threads": 64})
    monkeypatch.setattr(reproduce, "train_again", lambda project, found, root, data: found)
    reproduce.run([RUN], PROJECT)
    told = capsys.readouterr().out
    assert "requirements.lock is another one than the run's" in told
    assert "the machine is another one: torch 1.0 -> " in told
    assert "threads" not in told
