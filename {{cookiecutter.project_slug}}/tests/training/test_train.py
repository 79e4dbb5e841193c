"""Training learns, and the best epoch of the run becomes the model."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from dlproof import UserError, build
from dlproof.data import load_store, to_tensors
from dlproof.model import load_network

from {{ cookiecutter.package_name }}.model.network import Network, build_network

pytestmark = pytest.mark.pipeline
CALLBACKS = sorted(path.stem for path in Path(__file__).parents[2].glob("configs/callbacks/*.yaml"))


def read_log():
    """The log of the newest run."""
    return pd.read_csv(max(Path("runs").iterdir()) / "metrics.csv")


def read_weights():
    state = load_network("models/model.ckpt", build_network)[0].state_dict()
    return torch.cat([tensor.flatten().double() for tensor in state.values()])


def test_a_run_learns_and_records_what_is_needed_to_repeat_it(finished, run):
    figures = run("train", "trainer.max_epochs=5").figures
    losses = read_log()["train/loss"].dropna().tolist()
    assert len(losses) == figures["epochs"] == 5
    assert losses[-1] < 0.8 * losses[0]
    record = json.loads(Path("runs", figures["run"], "record.json").read_text())
    assert record["status"] == "finished"
    assert record["data_version"] == load_store("data").state["version"]


def test_the_model_is_the_best_epoch_by_validation(finished, run, compose):
    figures = run("train", "trainer.max_epochs=6", "optimizer.lr=0.05").figures
    task, store = build(compose().task), load_store("data")
    values = read_log()[f"val/{task.metric}"].dropna().tolist()
    best = max(values) if task.mode == "max" else min(values)
    assert values[figures["checkpoint"]["epoch"]] == best
    network, trained = load_network("models/model.ckpt", build_network)
    rows = store.rows("validation")
    with torch.no_grad():
        outputs = network(**to_tensors(store.take(rows)))
    predictions = task.decoder(trained["state"]["task"])(outputs).numpy()
    assert task.score(store.targets[rows], predictions) == pytest.approx(best, rel=1e-4)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(finished, run):
    weights = []
    for seed in (1, 1, 2):
        run("train", f"seed={seed}")
        weights.append(read_weights())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_sanity_has_proved_that_a_run_repeats_and_resumes(finished):
    proof = json.loads(Path("reports/sanity.json").read_text())["figures"]["proof"]
    assert proof["reproduces"]
    assert proof["resumes"]


@pytest.mark.parametrize("option", [name for name in CALLBACKS if name != "none"])
def test_every_set_of_callbacks_trains_and_writes_a_model(finished, run, option):
    Path("models/model.ckpt").unlink()
    figures = run("train", f"callbacks={option}").figures
    assert Path("models/model.ckpt").exists()
    assert figures["epochs"] == 3


def test_a_run_without_checkpoints_leaves_the_older_model(finished, run):
    before = Path("models/model.ckpt").read_bytes()
    with pytest.raises(UserError, match="without a checkpoint"):
        run("train", "callbacks=none")
    assert Path("models/model.ckpt").read_bytes() == before


def test_a_compiled_run_keeps_the_plain_names_of_weights(finished, run, monkeypatch):
    names = list(torch.load("models/model.ckpt", weights_only=True)["state_dict"])
    compiled = []
    monkeypatch.setattr(Network, "compile", lambda self: compiled.append(self))
    run("train", "trainer.compile=true", "trainer.max_epochs=1")
    assert len(compiled) == 1
    assert list(torch.load("models/model.ckpt", weights_only=True)["state_dict"]) == names
