"""Every option of the configs' groups becomes the object that it names."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from dlproof.config import build, compose, to_plain
from dlproof.errors import UserError
from dlproof.training import trainer
from dlproof.training.trainer import build_callbacks, build_trainer
from lightning.pytorch import Trainer
from omegaconf import OmegaConf
from own.training.module import LitModel, group_parameters

from ..projects import IMAGE, TABLE, configs

STATE = {
    "data": {"shapes": {"image": [3, 8, 8]}, "numeric": {"a": {"std": 1.0}}},
    "task": {"classes": ["a", "b"]},
}
STOPPING = "lightning.pytorch.callbacks.EarlyStopping"
RESUME = "dlproof.training.checkpoints.ResumeCheckpoint"
SAMPLES = "own.training.callbacks.SamplePredictions"
AVERAGE = "dlproof.training.averaging.WeightAverage"
ITEMS = {
    "image": {"image": torch.zeros(4, 3, 8, 8, dtype=torch.uint8)},
    "tabular": {"numeric": torch.zeros(4, 1), "categorical": torch.zeros(4, 0, dtype=torch.long)},
}


def options(group, sort=IMAGE):
    folder = configs("own", sort) / "configs" / group
    return sorted(path.stem for path in folder.glob("*.yaml"))


@pytest.fixture
def package():
    return "own"


@pytest.fixture(autouse=True)
def in_project(in_configs):
    pass


@pytest.mark.parametrize("option", options("optimizer"))
def test_every_optimizer_takes_a_step(option):
    network = torch.nn.Linear(2, 1)
    before = network.weight.detach().clone()
    make_optimizer = build(compose([f"optimizer={option}"]).optimizer)
    optimizer = make_optimizer(list(group_parameters(network, 0.0)))
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert not torch.equal(network.weight, before)


@pytest.mark.parametrize("option", options("schedule"))
def test_every_schedule_gives_a_share_of_the_peak_rate_at_every_step(option):
    share = build(compose([f"schedule={option}"]).schedule)
    shares = [share(step, 100) for step in range(100)]
    assert all(0 <= value <= 1 for value in shares)
    assert max(shares) == pytest.approx(1.0)
    assert len(set(shares)) > 1


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("optimizer=sgd", "+optimizer.betas=[0.9,0.99]"), "unexpected keyword argument 'betas'"),
        (("+schedule.start=0.1",), "unexpected keyword argument 'start'"),
    ],
)
def test_values_that_an_optimizer_or_a_schedule_does_not_take_are_named(overrides, words):
    cfg = compose(overrides)
    hparams = {name: to_plain(cfg[name]) for name in ("optimizer", "schedule")}
    module = SimpleNamespace(
        hparams=hparams | {"total_steps": 10}, network=torch.nn.Linear(2, 1), dims=[2, 1]
    )
    with pytest.raises(UserError, match=words):
        LitModel.configure_optimizers(module)


@pytest.mark.parametrize("sort", [TABLE], indirect=True)
@pytest.mark.parametrize("option", options("balance", TABLE))
def test_every_balance_draws_training_positions_and_weighs_every_class_or_none(option):
    balance = build(compose([f"balance={option}"]).balance)
    targets = np.repeat([0, 1], [30, 5])
    order = balance.draw(targets, np.random.default_rng(0))
    assert set(targets[order]) == {0, 1}
    weights = balance.weigh(targets, 2)
    assert weights is None or weights[1] > weights[0] > 0
    assert balance.gamma >= 0


@pytest.mark.parametrize(
    ("sort", "option"),
    [(sort, option) for sort in (IMAGE, TABLE) for option in options("augmentation", sort)],
    indirect=["sort"],
)
def test_every_augmentation_keeps_shapes_and_names(option):
    cfg = compose([f"augmentation={option}"])
    if option == "none":
        assert "_target_" not in cfg.augmentation
        return
    items = ITEMS[cfg.preprocess.name]
    targets = torch.tensor([0, 1, 0, 1])
    changed, goals = build(cfg.augmentation, state=STATE)(items, targets)
    assert len(goals) == len(targets)
    assert {name: item.shape for name, item in changed.items()} == {
        name: item.shape for name, item in items.items()
    }


@pytest.mark.parametrize("option", options("callbacks"))
def test_every_set_of_callbacks_builds(option, tmp_path):
    group = compose([f"callbacks={option}"]).callbacks
    expected = sum(node is not None for node in group.values())
    assert len(build_callbacks(group, tmp_path)) == expected


@pytest.mark.parametrize(
    ("target", "values", "words"),
    [
        (None, {"patience": 1}, "callbacks.own has no _target_"),
        (STOPPING, {"monitor": "a", "mode": "up"}, "callbacks.own cannot be built: `mode` can be"),
        (STOPPING, {"monitor": "a", "nothere": 1}, "unexpected keyword argument 'nothere'"),
        (RESUME, {"every_seconds": "abc"}, "every_seconds=abc should be a number"),
        (RESUME, {"every_seconds": 1, "every_n_train_steps": 0}, "every_n_train_steps=0 should be"),
        (SAMPLES, {"data": {}, "every_n_epochs": 0, "seed": 0}, "every_n_epochs=0 should be"),
        (AVERAGE, {"decay": 1.5}, r"decay=1\.5 should be a number"),
        (AVERAGE, {"decay": "big"}, "decay=big should be a number"),
        (AVERAGE, {"start": -1}, "start=-1 should be a number"),
    ],
)
def test_values_that_a_callback_does_not_take_are_named(target, values, words, tmp_path):
    named = {} if target is None else {"_target_": target, "_recursive_": False}
    with pytest.raises(UserError, match=words):
        build_callbacks(OmegaConf.create({"own": named | values}), tmp_path)


def test_without_callbacks_nothing_is_kept(tmp_path):
    cfg = compose(["callbacks=none", "logger=[csv]", "trainer.accelerator=cpu"])
    assert not build_trainer(cfg, tmp_path).checkpoint_callbacks


def test_a_device_whose_package_is_missing_is_a_sentence(tmp_path, monkeypatch):
    def refuse(**_):
        raise ModuleNotFoundError("torch_xla is not installed")

    monkeypatch.setattr("lightning.pytorch.trainer.trainer._AcceleratorConnector", refuse)
    with pytest.raises(UserError, match="trainer=auto cannot be built: torch_xla"):
        trainer.build_trainer(compose(["logger=[csv]"]), tmp_path)


@pytest.mark.parametrize("option", options("trainer"))
def test_every_trainer_builds_where_its_device_is(option, tmp_path):
    cfg = compose([f"trainer={option}", "logger=[csv]"])
    if cfg.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    assert isinstance(build_trainer(cfg, tmp_path), Trainer)
