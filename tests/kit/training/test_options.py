"""Every option of the configs' groups becomes the object that it names."""

import inspect
from inspect import unwrap
from types import NoneType, SimpleNamespace
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from dlproof.config import build, compose, to_plain
from dlproof.errors import UserError
from dlproof.schema.config import list_arguments
from dlproof.training import trainer
from dlproof.training.module import build_optimizer
from dlproof.training.trainer import build_callbacks, build_trainer
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelSummary, Timer
from lightning.pytorch.profilers import AdvancedProfiler, SimpleProfiler
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import OmegaConf
from own.project import PROJECT
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
        (RESUME, {"every_seconds": "abc"}, "every_seconds=abc should be 0 or more"),
        (RESUME, {"every_seconds": 1, "every_n_train_steps": 0}, "every_n_train_steps=0 should be"),
        (SAMPLES, {"data": {}, "every_n_epochs": 0, "seed": 0}, "every_n_epochs=0 should be"),
        (AVERAGE, {"decay": 1.5}, r"decay=1\.5 should be at least 0"),
        (AVERAGE, {"decay": "big"}, "decay=big should be at least 0"),
        (AVERAGE, {"start": -1}, "start=-1 should be at least 0"),
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


# Overrides as Lightning's documentation of the Trainer has its arguments, and where they show.
DOCUMENTED = {
    "trainer.max_time=00:12:00:00": lambda t: find_callback(t, Timer).time_remaining() == 43200,
    "trainer.max_time={days: 1, hours: 5}": lambda t: find_callback(t, Timer) is not None,
    "trainer.val_check_interval=0.25": lambda t: t.val_check_interval == 0.25,
    "trainer.val_check_interval=100": lambda t: t.val_check_interval == 100,
    "trainer.val_check_interval=00:00:15:00": lambda t: t.fit_loop is not None,  # kept privately
    "trainer.check_val_every_n_epoch=10": lambda t: t.check_val_every_n_epoch == 10,
    "trainer.profiler=simple": lambda t: isinstance(t.profiler, SimpleProfiler),
    "trainer.profiler=advanced": lambda t: isinstance(t.profiler, AdvancedProfiler),
    "trainer.profiler={_target_: lightning.pytorch.profilers.SimpleProfiler, filename: times}": (
        lambda t: t.profiler.filename == "times"
    ),
    "trainer.plugins=[{_target_: lightning.pytorch.plugins.environments.LightningEnvironment}]": (
        lambda t: t.num_nodes == 1
    ),
    "trainer.plugins={_target_: lightning.pytorch.plugins.DoublePrecision}": (
        lambda t: t.precision == "64-true"
    ),
    "trainer.precision=bf16": lambda t: t.precision == "bf16-mixed",
    "trainer.precision=64": lambda t: t.precision == "64-true",
    "trainer.strategy={_target_: lightning.pytorch.strategies.DDPStrategy, static_graph: true}": (
        lambda t: isinstance(t.strategy, DDPStrategy)
    ),
    "trainer.strategy=ddp_find_unused_parameters_true": (
        lambda t: isinstance(t.strategy, DDPStrategy)
    ),
    'trainer.devices="2"': lambda t: t.world_size == 2,
    "trainer.limit_train_batches=10": lambda t: t.limit_train_batches == 10,
    "trainer.num_sanity_val_steps=-1": lambda t: t.num_sanity_val_steps == float("inf"),
    "trainer.overfit_batches=0.01": lambda t: t.overfit_batches == 0.01,
    "+trainer.gradient_clip_algorithm=value": lambda t: t.gradient_clip_algorithm == "value",
    "+trainer.benchmark=true": lambda t: torch.backends.cudnn.benchmark,
    "+trainer.min_epochs=2": lambda t: t.min_epochs == 2,
    "+trainer.min_steps=100": lambda t: t.min_steps == 100,
    "+trainer.limit_test_batches=5": lambda t: t.limit_test_batches == 5,
    "+trainer.limit_predict_batches=0.5": lambda t: t.limit_predict_batches == 0.5,
    "+trainer.reload_dataloaders_every_n_epochs=1": lambda t: t.fit_loop is not None,
    "+trainer.inference_mode=false": lambda t: True,
    "+trainer.enable_model_summary=true": lambda t: find_callback(t, ModelSummary) is not None,
}


def find_callback(trainer, kind):
    return next((found for found in trainer.callbacks if isinstance(found, kind)), None)


@pytest.mark.parametrize("override", DOCUMENTED)
def test_what_lightnings_documentation_gives_the_trainer_reaches_it(override, tmp_path):
    cfg = PROJECT.compose([override, "logger=[csv]", "trainer.accelerator=cpu"])
    assert DOCUMENTED[override](build_trainer(cfg, tmp_path))


def test_all_arguments_of_the_trainer_are_known_and_no_other():
    config = to_plain(compose())
    taken = set(inspect.signature(Trainer).parameters)
    known = {name.partition(".")[2] for name in list_arguments("trainer", config)}
    ours = {"name", "compile"}
    elsewhere = {"callbacks", "logger", "default_root_dir", "enable_checkpointing"}
    assert known - ours == taken - elsewhere - {"use_distributed_sampler"}


def test_every_precision_of_the_trainer_is_known():
    hint = get_type_hints(unwrap(Trainer.__init__))["precision"]
    for precision in flatten_literals(hint) - {NoneType}:
        quoted = f'"{precision}"' if isinstance(precision, str) else precision
        assert PROJECT.compose([f"trainer.precision={quoted}"]).trainer.precision == precision


def flatten_literals(hint):
    parts = get_args(hint)
    return {p for part in parts for p in flatten_literals(part)} if parts else {hint}


OPTIMIZERS = {
    "+optimizer.amsgrad=true": ("adamw", "amsgrad", True),
    "+optimizer.foreach=false": ("adam", "foreach", False),
    "+optimizer.maximize=true": ("sgd", "maximize", True),
    "+optimizer.dampening=0.1 optimizer.nesterov=false": ("sgd", "dampening", 0.1),
    "+optimizer.fused=true": ("adamw", "fused", True),
    "+optimizer.caution=true": ("lion", None, None),
    "optimizer._target_=torch.optim.NAdam +optimizer.momentum_decay=0.01": (
        *("adam", "momentum_decay", 0.01),
    ),
    "optimizer._target_=torch.optim.RMSprop ~optimizer.betas +optimizer.alpha=0.9": (
        *("adamw", "alpha", 0.9),
    ),
    "optimizer._target_=torch.optim.Adafactor ~optimizer.betas optimizer.eps=[null,1e-3] "
    "+optimizer.d=2.0": ("adamw", "d", 2.0),
}


@pytest.mark.parametrize("overrides", OPTIMIZERS)
def test_any_keyword_of_an_optimizer_reaches_it(overrides):
    option, name, value = OPTIMIZERS[overrides]
    cfg = PROJECT.compose([f"optimizer={option}", *overrides.split()])
    optimizer = build_optimizer(to_plain(cfg.optimizer), [{"params": [torch.nn.Parameter()]}])
    assert name is None or optimizer.defaults[name] == value


@pytest.mark.parametrize("option", options("trainer"))
def test_every_trainer_builds_where_its_device_is(option, tmp_path):
    cfg = compose([f"trainer={option}", "logger=[csv]"])
    if cfg.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    assert isinstance(build_trainer(cfg, tmp_path), Trainer)
