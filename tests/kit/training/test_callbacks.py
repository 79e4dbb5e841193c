"""What watches a run says what is so, and averages and pictures leave the run as it was."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof.config import build, compose
from dlproof.data.load import to_tensors
from dlproof.data.store import VALIDATION, load_store
from dlproof.errors import UserError
from dlproof.model.checkpoint import load_network
from dlproof.training import callbacks
from dlproof.training.averaging import WeightAverage, blend
from lightning.pytorch import Callback
from toy.network import Network

SHORT = (
    "trainer.max_epochs=4",
    "trainer.accelerator=cpu",
    "logger=[csv]",
    "loader.batch_size=16",
    "optimizer.lr=1e-2",
    "callbacks.periodic.every_n_epochs=1",
)


def newest(folder):
    return max((folder / "runs").iterdir())


def read_newest(folder):
    path = max((newest(folder) / "checkpoints").glob("epoch-*.ckpt"))
    return torch.load(path, weights_only=True)


@pytest.fixture
def raw(monkeypatch):
    """The weights behind each step, before they are averaged."""
    seen = []
    average = WeightAverage.on_train_batch_end

    def note(self, trainer, pl_module, *rest):
        state = pl_module.network.state_dict()
        seen.append({f"network.{k}": v.double().clone() for k, v in state.items()})
        average(self, trainer, pl_module, *rest)

    monkeypatch.setattr(WeightAverage, "on_train_batch_end", note)
    return seen


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_the_average_is_the_closed_form_over_the_weights_of_each_step(checked, run, raw, kind):
    run("train", *SHORT, f"callbacks={kind}")
    content = read_newest(checked)
    if kind == "ema":  # sum of w_k * (1 - a_k) * product of later a
        decays = [0.0, *(min(0.998, k / (k + 9)) for k in range(2, len(raw) + 1))]
        weights = [(1 - d) * np.prod(decays[k + 1 :]) for k, d in enumerate(decays)]
    else:
        counted = len(raw) - int(0.75 * len(raw))
        weights = [0.0] * (len(raw) - counted) + [1 / counted] * counted
    assert sum(weights) == pytest.approx(1.0)
    for name, last in raw[-1].items():
        assert torch.equal(content["current_model_state"][name].double(), last)
        if content["state_dict"][name].is_floating_point():
            expected = sum(w * step[name] for w, step in zip(weights, raw, strict=True))
            found = content["state_dict"][name].double()
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["default", "ema", "swa"])
def test_the_kept_model_is_what_validation_measured(checked, run, declared, kind):
    report = run("train", *SHORT, f"callbacks={kind}")
    network, hyperparameters = load_network("models/model.ckpt", declared.build_network)
    store, task = load_store("data"), build(compose().task)
    rows = store.rows(VALIDATION)
    state = hyperparameters["state"]["task"]
    targets = torch.from_numpy(store.targets[rows])
    with torch.no_grad():
        outputs = network(**to_tensors(store.take(rows)))
        loss = task.loss(state)(outputs, targets).item()
        score = task.score(targets.numpy(), task.decoder(state)(outputs).numpy())
    log = pd.read_csv(newest(checked) / "metrics.csv")
    epoch = report.figures["checkpoint"]["epoch"]
    assert log.set_index("epoch")["val/loss"].dropna()[epoch] == pytest.approx(loss, rel=1e-4)
    assert report.figures[f"best_val_{task.metric}"] == pytest.approx(score, rel=1e-4)


def test_whole_numbers_are_copied_and_not_averaged():
    one, other = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    one.num_batches_tracked += 7
    other.num_batches_tracked += 8
    blend(one, other, weight=0.1)
    assert one.num_batches_tracked == 8


@pytest.mark.parametrize("package", ["own"], indirect=True)
def test_pictures_of_samples_change_no_bit_of_the_run(checked, run):
    run("train", *SHORT)
    plain = read_newest(checked)
    run("train", *SHORT, "callbacks=[ema,samples]", "callbacks.samples.every_n_epochs=2")
    drawn = sorted(path.name for path in (newest(checked) / "samples").iterdir())
    assert drawn == ["epoch-0001.png", "epoch-0003.png"]
    raw = read_newest(checked)["current_model_state"]
    assert all(torch.equal(raw[name], plain["state_dict"][name]) for name in plain["state_dict"])


def test_throughput_and_the_first_loss_are_logged(checked, run):
    report = run("train", *SHORT)
    log = pd.read_csv(newest(checked) / "metrics.csv")
    first = log.set_index("epoch")["train/loss_first"].dropna()
    assert list(first.index) == [0]
    rates = log["train/items_per_second"].dropna()
    steps = report.figures["steps"]
    record = pd.read_json(newest(checked) / "record.json", typ="series")
    assert len(rates) == 4
    assert rates.mean() > steps * 16 / record["seconds"]
    assert f"<td>{rates.iloc[-1]:.4g}</td>" in (checked / "reports" / "runs.html").read_text()
    assert "train/peak_gpu_mb" not in log


def test_on_a_gpu_the_memory_held_at_most_is_logged_and_the_clock_waits_for_it(monkeypatch):
    waits = []
    monkeypatch.setattr(torch.cuda, "synchronize", waits.append)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3e6)
    logged = {}
    device = SimpleNamespace(type="cuda")
    log = lambda name, value, **rest: logged.update({name: value})  # noqa: E731
    module = SimpleNamespace(device=device, log=log)
    watch, batch = callbacks.Throughput(), {"targets": [0] * 8}
    watch.on_train_epoch_start(None, module)
    for number in range(3):
        watch.on_train_batch_start(None, module, batch, number)
        trainer = SimpleNamespace(is_last_batch=number == 2)
        watch.on_train_batch_end(trainer, module, None, batch, number)
    watch.on_train_epoch_end(None, module)
    assert waits == [device]
    assert logged["train/peak_gpu_mb"] == 3.0
    assert logged["train/items_per_second"] == 24 / (watch.waited + watch.worked)


@pytest.mark.slow
def test_a_compiled_run_keeps_the_plain_names_of_weights(checked, run, declared, monkeypatch):
    compiled = []

    def compile_without_a_compiler(self):
        compiled.append(self)
        torch.nn.Module.compile(self, backend="eager")

    monkeypatch.setattr(Network, "compile", compile_without_a_compiler)
    names = []
    for wanted in ("true", "false"):
        run("train", *SHORT, f"trainer.compile={wanted}", "callbacks=ema")
        names.append(list(torch.load("models/model.ckpt", weights_only=True)["state_dict"]))
    assert len(compiled) == 1
    assert names[0] == names[1]
    assert not load_network("models/model.ckpt", declared.build_network)[0].training


SCHEDULER = "lightning.pytorch.callbacks.GradientAccumulationScheduler"


class Accumulates(Callback):
    """Someone's own way to larger batches, as training goes on."""

    def on_train_epoch_start(self, trainer, pl_module):
        trainer.accumulate_grad_batches = 1 + trainer.current_epoch // 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            [f"+callbacks.acc._target_={SCHEDULER}", "+callbacks.acc.scheduling={3:4}"],
            "^callbacks.acc changes how many batches",
        ),
        (
            [f"+callbacks.own._target_={__name__}.Accumulates"],
            "accumulate_grad_batches was set from 1 to 2 in epoch 2",
        ),
    ],
)
def test_steps_that_nobody_has_planned_are_refused(checked, run, options, words):
    with pytest.raises(UserError, match=words):
        run("train", *SHORT, *options)
