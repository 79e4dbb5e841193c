"""Every option of the configs' groups becomes the object that it names."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer

from {{ cookiecutter.package_name }}.configuration import build, compose
from {{ cookiecutter.package_name }}.training.module import group_parameters
from {{ cookiecutter.package_name }}.training.trainer import build_callbacks, build_trainer

pytestmark = pytest.mark.config
ROOT = Path(__file__).parents[2]
STATE = {
    "data": {"shapes": {"image": [3, 8, 8]}, "numeric": {"a": {"std": 1.0}}},
    "task": {"classes": ["a", "b"]},
}
ITEMS = {
    "image": {"image": torch.zeros(4, 3, 8, 8, dtype=torch.uint8)},
    "tabular": {"numeric": torch.zeros(4, 1), "categorical": torch.zeros(4, 0, dtype=torch.long)},
}


def options(group):
    return sorted(path.stem for path in (ROOT / "configs" / group).glob("*.yaml"))


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    monkeypatch.chdir(ROOT)


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


@pytest.mark.parametrize("option", options("balance"))
def test_every_balance_draws_training_positions_and_weighs_every_class_or_none(option):
    balance = build(compose([f"balance={option}"]).balance)
    targets = np.repeat([0, 1], [30, 5])
    order = balance.draw(targets, np.random.default_rng(0))
    assert set(targets[order]) == {0, 1}
    weights = balance.weigh(targets, 2)
    assert weights is None or weights[1] > weights[0] > 0
    assert balance.gamma >= 0


@pytest.mark.parametrize("option", options("augmentation"))
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


@pytest.mark.parametrize("option", options("trainer"))
def test_every_trainer_builds_where_its_device_is(option, tmp_path):
    cfg = compose([f"trainer={option}", "logger=[csv]"])
    if cfg.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    assert isinstance(build_trainer(cfg, tmp_path), Trainer)
