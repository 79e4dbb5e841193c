"""Training and validation steps do what they say; two parameter groups, a rate for each step."""

from pathlib import Path

import pytest
import torch
from dlproof import UserError, build, to_plain
from omegaconf import OmegaConf
from torch import nn

from {{ cookiecutter.package_name }}.data.datamodule import SplitData
from {{ cookiecutter.package_name }}.training.module import LitModel, build_module, group_parameters

pytestmark = pytest.mark.unit
BALANCES = sorted(path.stem for path in Path(__file__).parents[2].glob("configs/balance/*.yaml"))


@pytest.fixture
def make(processed, compose):
    """`make("seed=2")` gives the module and a training batch of the small project."""

    def make(*overrides):
        cfg = compose(*overrides)
        torch.manual_seed(cfg.seed)
        data = SplitData(cfg)
        module = build_module(cfg, data, 1).eval()  # no dropout, batch norms fixed
        return module, next(iter(data.train_dataloader()))

    return make


@pytest.fixture
def logged(monkeypatch):
    """What a module logs, by name."""
    found = {}

    def keep(self, values, **_):
        found.update({name: float(value.detach()) for name, value in values.items()})

    monkeypatch.setattr(LitModel, "log_dict", keep)
    monkeypatch.setattr(LitModel, "log", lambda self, name, value, **_: keep(self, {name: value}))
    return found


def test_a_step_trains_on_the_tasks_loss_of_the_batch(make):
    module, batch = make()
    loss = module.training_step(batch, 0)
    outputs = module(batch["inputs"])
    expected = module.task.loss(module.hparams["state"]["task"])(outputs, batch["targets"])
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert all(p.grad is not None for p in module.network.parameters())


def test_augmentation_changes_what_is_trained_on_and_not_what_is_validated(make, logged):
    module, batch = make()
    plain = module.training_step(batch, 0)
    module.validation_step(batch, 0)
    before = dict(logged)
    module.augment = lambda inputs, targets: ({n: a.flip(0) for n, a in inputs.items()}, targets)
    module.validation_step(batch, 0)
    assert logged == before
    assert not torch.equal(module.training_step(batch, 0), plain)


def test_a_mixed_item_counts_as_the_class_with_the_larger_share(make, logged):
    module, batch = make()
    classes, targets = module.hparams["state"]["task"].get("classes"), batch["targets"]
    if classes is None:
        return  # numbers are not mixed
    shares = 0.7 * nn.functional.one_hot(targets, len(classes)) + 0.3 / len(classes)
    predictions = module.decoder(module(batch["inputs"])).detach().numpy()
    expected = module.task.score(targets.numpy(), predictions)
    module.training_step(batch | {"targets": shares}, 0)
    module.on_train_epoch_end()
    assert logged[f"train/{module.task.metric}"] == pytest.approx(expected)


def test_an_epoch_logs_the_mean_loss_of_its_items_and_resets_it(make, logged):
    module, batch = make()
    for sizes in ((4, 12), (8,)):
        total = 0.0
        for size in sizes:
            inputs = {name: array[:size] for name, array in batch["inputs"].items()}
            some = {"inputs": inputs, "targets": batch["targets"][:size]}
            total += size * module.training_step(some, 0).item()
        module.on_train_epoch_end()
        assert logged["train/loss"] == pytest.approx(total / sum(sizes))


def test_validation_logs_every_metric_of_the_task(make, logged):
    module, batch = make()
    module.validation_step(batch, 0)
    module.on_validation_epoch_end()
    with torch.no_grad():
        predictions = module.decoder(module(batch["inputs"])).numpy()
    expected = module.task.metrics(batch["targets"].numpy(), predictions)
    assert set(logged) == {"val/loss", *module.val_metrics.keys()}
    for name in logged.keys() - {"val/loss"}:
        assert logged[name] == pytest.approx(expected[name.removeprefix("val/")], abs=1e-4)


def test_matrices_decay_and_norms_and_biases_do_not():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    network[2].requires_grad_(False)
    decayed, spared = group_parameters(network, 0.01)
    assert [p.ndim for p in decayed["params"]] == [2]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.01, 0.0)
    assert [p.ndim for p in spared["params"]] == [1, 1, 1]


def test_every_trainable_parameter_is_in_one_group_and_the_rate_follows_the_schedule(make):
    module, _ = make("optimizer.lr=0.5", "optimizer.weight_decay=0.1", "schedule=cosine")
    configured = module.configure_optimizers()
    optimizer, scheduler = configured["optimizer"], configured["lr_scheduler"]["scheduler"]
    grouped = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in module.network.parameters())
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]
    assert configured["lr_scheduler"]["interval"] == "step"
    share = build(OmegaConf.create(module.hparams["schedule"]))
    for step in range(5):
        expected = 0.5 * share(step, module.hparams["total_steps"])
        assert scheduler.get_last_lr() == pytest.approx([expected] * 2)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("option", BALANCES)
def test_balance_weights_the_training_loss_and_never_the_validation_loss(
    processed, compose, option
):
    cfg = compose(f"balance={option}")
    data = SplitData(cfg)
    module = build_module(cfg, data, 1)
    wanted = data.balance.weigh(data.targets, len(data.state["task"].get("classes", ())))
    found = getattr(module.train_loss, "weight", None)
    assert wanted is found or wanted.tolist() == found.tolist()
    assert getattr(module.train_loss, "gamma", 0.0) == data.balance.gamma
    assert getattr(module.val_loss, "weight", None) is None
    assert getattr(module.val_loss, "gamma", 0.0) == 0.0


def test_a_checkpoint_alone_rebuilds_the_module(finished, compose):
    module = LitModel.load_from_checkpoint("models/model.ckpt", map_location="cpu")
    assert module.hparams["task"] == to_plain(compose().task)
    assert module.hparams["state"]["version"] == SplitData(compose()).state["version"]


def test_a_checkpoint_cannot_run_code(finished):
    content = torch.load("models/model.ckpt", weights_only=True)
    content["hyper_parameters"]["task"] = {"_target_": "os.mkdir", "path": "ran"}
    torch.save(content, "models/model.ckpt")
    with pytest.raises(UserError, match=r"asks for os\.mkdir in task"):
        LitModel.load_from_checkpoint("models/model.ckpt")
    assert not Path("ran").exists()
