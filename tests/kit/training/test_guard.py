"""A loss that is not finite stops the run and names its items; what was good before it stays."""

import json
import math

import pandas as pd
import pytest
import torch
from dlproof.errors import UserError
from dlproof.training.callbacks import GradientNorm
from toy.module import Module

SHORT = (
    "trainer.max_epochs=3",
    "trainer.accelerator=cpu",
    "logger=[csv]",
    "loader.batch_size=16",
    "callbacks.resume.every_n_train_steps=1",
)


def poison_step(monkeypatch, number, spoil):
    """Spoils the loss of the step of that number."""
    training_step = Module.training_step
    steps = iter(range(1, 1000))

    def step(self, batch, index):
        loss = training_step(self, batch, index)
        return spoil(loss) if next(steps) == number else loss

    monkeypatch.setattr(Module, "training_step", step)


@pytest.mark.parametrize("spoil", [lambda loss: loss * math.nan, lambda loss: loss / 0])
def test_the_step_and_its_items_are_named_and_older_states_stay(checked, run, monkeypatch, spoil):
    poison_step(monkeypatch, 4, spoil)
    with pytest.raises(UserError, match="step 4 has loss"):
        run("train", *SHORT)
    folder = max((checked / "runs").iterdir())
    noted = json.loads((folder / "nonfinite.json").read_text())
    known = set(pd.read_csv("data/processed/items.csv", dtype=str)["id"])
    assert (noted["step"], len(noted["items"])) == (4, 16)
    assert set(noted["items"]) <= known
    record = json.loads((folder / "record.json").read_text())
    assert record["status"] == "failed: non-finite"
    newest = max((folder / "checkpoints").glob("resume-*.ckpt"))
    weights = torch.load(newest, weights_only=True)["state_dict"].values()
    assert newest.stem == "resume-000000000003"
    assert all(tensor.isfinite().all() for tensor in weights)
    assert not (checked / "models" / "model.ckpt").exists()


def test_items_of_a_stream_are_named_by_their_rows(checked, run, monkeypatch):
    poison_step(monkeypatch, 2, lambda loss: loss * math.nan)
    run("stream", "loader=stream")
    with pytest.raises(UserError, match=r"on rows of items\.csv \d+, \d+, "):
        run("train", *SHORT, "loader=stream")
    (noted,) = (checked / "runs").glob("exp-*/nonfinite.json")
    assert len(json.loads(noted.read_text())["rows of items.csv"]) == 16


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["val/loss", "val/accuracy"])
def test_a_validation_that_is_not_finite_stops_the_run(checked, run, monkeypatch, name, value):
    validate = Module.on_validation_epoch_end

    def spoil(self):
        validate(self)
        if self.current_epoch == 1:
            self.log(name, value)

    monkeypatch.setattr(Module, "on_validation_epoch_end", spoil)
    with pytest.raises(UserError, match=f"epoch 1 has {name} {value}; checkpoints before it stay"):
        run("train", *SHORT)
    folder = max((checked / "runs").iterdir())
    assert json.loads((folder / "record.json").read_text())["status"] == "failed: non-finite"
    kept = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    assert kept["epoch"] == 0
    assert not (checked / "models" / "model.ckpt").exists()


def test_a_gradient_that_breaks_under_a_finite_loss_stops_the_run(checked, run, monkeypatch):
    measure = GradientNorm.on_before_optimizer_step

    def break_gradient(self, trainer, module, optimizer):
        if trainer.global_step == 2:
            next(module.parameters()).grad.fill_(math.inf)
        measure(self, trainer, module, optimizer)

    monkeypatch.setattr(GradientNorm, "on_before_optimizer_step", break_gradient)
    with pytest.raises(UserError, match=r"step 3 has loss \d.* gradient norm (inf|nan)"):
        run("train", *SHORT)
