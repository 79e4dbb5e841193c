"""Every branch of the decision tree, by a run that has the disease; a healthy run has none."""

import time
from contextlib import suppress

import numpy as np
import pytest
import torch
from dlproof.data.load import Rows
from dlproof.errors import UserError
from dlproof.training import runs
from dlproof.training.guard import NonFiniteError
from own.model import network
from own.training import module

pytestmark = pytest.mark.slow

QUICK = ("logger=csv", "augmentation=none", "loader.batch_size=8", "callbacks.early_stopping=null")
HEALTHY = ("optimizer.lr=3e-3", "trainer.max_epochs=10", "model.widths=[8,16,16]")


@pytest.fixture
def package():
    """The real networks: their layers and rates are what these runs are ill of."""
    return "own"


@pytest.fixture
def diagnose(processed, run, declared, small):
    """`diagnose("optimizer.lr=0", …)`: trains so, and names the diseases found."""

    def train_and_diagnose(*overrides):
        # Without `sanity` before it, which refuses most of these diseases.
        every = (*small, *QUICK, *HEALTHY, *overrides)
        merged = {override.partition("=")[0]: override for override in every}
        with suppress(NonFiniteError):
            declared.stages["train"].load().run(declared.compose(list(merged.values())))
        return [found["disease"] for found in run("diagnose").figures["diseases"]]

    return train_and_diagnose


def change_network(monkeypatch, change):
    """Every network that is built is changed in place first."""
    build = network.build_network

    def build_changed(*arguments):
        built = build(*arguments)
        change(built)
        return built

    monkeypatch.setattr(module, "build_network", build_changed)


def last_linear(built):
    return [layer for layer in built.modules() if isinstance(layer, torch.nn.Linear)][-1]


def shuffle_targets(processed, every=1, splits=("train", "validation")):
    """Shuffles the target of every n-th item of some splits."""
    items = (processed / "data/processed/items.csv").read_text().splitlines()[1:]
    rows = np.flatnonzero([line.split(",")[-1] in splits for line in items])[::every]
    path = processed / "data/processed/targets.npy"
    targets = np.load(path)
    targets[rows] = np.random.default_rng(0).permutation(targets[rows])
    np.save(path, targets)


def test_a_healthy_run_gets_no_diagnosis(diagnose):
    assert diagnose() == []


@pytest.mark.parametrize(
    ("disease", "overrides"),
    [
        ("not a number", ("optimizer=sgd", "optimizer.lr=1e20", "trainer.gradient_clip_val=null")),
        ("no learning rate", ("optimizer.lr=0",)),
        ("rate too high", ("optimizer.lr=3.0", "schedule.warmup=0")),
        ("rate too low", ("optimizer.lr=5e-5", "optimizer.weight_decay=0")),
        (
            "plateau",
            (
                "schedule=step",
                "schedule.milestones=[0.15]",
                "schedule.factor=1e-6",
                "optimizer.lr=2e-3",
            ),
        ),
    ],
)
def test_a_wrong_rate_is_named(diagnose, disease, overrides):
    assert diagnose(*overrides) == [disease]


def test_exploding_gradients_are_named(diagnose, monkeypatch):
    change_network(monkeypatch, lambda built: last_linear(built).weight.data.mul_(1e3))
    monkeypatch.setattr(runs, "read_log", without("train/loss_first", runs.read_log))
    assert diagnose("trainer.gradient_clip_val=null") == ["exploding gradients"]


def without(column, read):
    def read_less(path):
        return {name: values for name, values in read(path).items() if name != column}

    return read_less


def test_vanishing_gradients_are_named(diagnose, monkeypatch):
    def stop_gradients(built):
        built.backbone.register_full_backward_pre_hook(lambda _, grads: (grads[0] * 1e-6,))

    change_network(monkeypatch, stop_gradients)
    assert diagnose("optimizer.eps=1.0", "strict=false") == ["vanishing gradients"]


def test_frozen_layers_are_named(diagnose, monkeypatch):
    def freeze(built):
        built.requires_grad_(False)
        last_linear(built).bias.requires_grad_(True)

    change_network(monkeypatch, freeze)
    assert {"frozen layers"} <= {*diagnose()} <= {"frozen layers", "data-bound"}  # steps are short


def test_a_bad_start_is_named(diagnose, monkeypatch):
    def tilt(built):
        last_linear(built).bias.data[0] = 50

    change_network(monkeypatch, tilt)
    assert diagnose() == ["bad start"]


def test_shuffled_labels_are_not_learned(diagnose, processed):
    shuffle_targets(processed)
    assert diagnose("trainer.max_epochs=4", "optimizer.lr=3e-4") == ["not learning"]


def test_a_validation_that_is_preprocessed_differently_is_named(diagnose, monkeypatch):
    step = module.LitModel.validation_step

    def scale_twice(self, batch, index):
        image = batch["inputs"]["image"] / 255
        step(self, batch | {"inputs": {"image": image}}, index)

    monkeypatch.setattr(module.LitModel, "validation_step", scale_twice)
    assert diagnose() == ["validation differs"]


def test_a_leak_is_suspected(diagnose, processed):
    folder = processed / "data/processed"
    targets = np.load(folder / "targets.npy")
    for path in folder.glob("*.npy"):
        array = np.load(path)
        if path.stem in ("image", "numeric"):
            array[:] = (targets * 50).reshape(-1, *[1] * (array.ndim - 1))
            np.save(path, array)
    assert diagnose("optimizer.lr=1e-2") == ["leak suspected"]


def test_overfitting_is_named(diagnose, processed):
    shuffle_targets(processed, every=2, splits=("train",))
    wide = ("model.widths=[32,64,128]", "model.dropout=0", "optimizer.weight_decay=0")
    assert diagnose(*wide, "schedule.warmup=0.2", "trainer.max_epochs=48") == ["overfit"]


def test_underfitting_is_named(diagnose):
    assert diagnose("model.widths=[2,2,2]", "optimizer.lr=1e-2") == ["underfit"]


def test_an_unstable_validation_is_named(diagnose, monkeypatch):
    def forget_all_but_the_last_batch(built):
        for layer in built.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0

    change_network(monkeypatch, forget_all_but_the_last_batch)
    constant = ("schedule=step", "schedule.milestones=[1.0]", "schedule.factor=1.0")
    assert diagnose(*constant, "loader.batch_size=4") == ["unstable validation"]


def test_steps_that_wait_for_data_are_named_beside_all_else(diagnose, monkeypatch):
    gather = Rows.__getitems__

    def gather_slowly(self, indices):
        time.sleep(0.03)
        return gather(self, indices)

    monkeypatch.setattr(Rows, "__getitems__", gather_slowly)
    assert diagnose() == ["data-bound"]


def test_an_unknown_run_is_refused(processed, run):
    with pytest.raises(UserError, match="has no run that logged an epoch"):
        run("diagnose")
    with pytest.raises(UserError, match="exp-1 does not exist or logged no epoch"):
        run("diagnose", "diagnose.run=exp-1")
