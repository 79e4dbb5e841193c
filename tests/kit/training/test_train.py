"""Training learns, keeps its record, and leaves nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from dlproof.config import compose, to_plain
from dlproof.data.load import EpochSampler
from dlproof.errors import UserError
from dlproof.evaluation.predictions import predict_validation
from dlproof.files import hash_file
from dlproof.model.checkpoint import load_network
from dlproof.report import Report
from dlproof.tasks import accuracy
from dlproof.training.limits import (
    count_epochs,
    count_steps,
    refuse_short,
    settle_epochs,
    warn_foreign,
)
from dlproof.training.record import create_run_dir
from dlproof.training.resume import find_run
from dlproof.training.run import warn_unproven
from dlproof.training.runs import read_config, read_records
from dlproof.training.trainer import choose_precision
from own.model.network import build_network
from own.project import PROJECT
from own.training.module import group_parameters
from sklearn.datasets import load_iris

from ..projects import DATA_PHASE, TABLE

SHORT = ("trainer.max_epochs=3", "trainer.accelerator=cpu", "logger=[csv]", "loader.batch_size=16")
FAST = ("optimizer.lr=1e-2",)


def read_losses(folder, name):
    table = pd.read_csv(folder / "metrics.csv")
    return table[name].dropna().tolist()


def test_a_run_learns_and_records_what_it_takes_to_repeat_it(checked, run):
    report = run("train", *SHORT, *FAST)
    folder = checked / "runs" / report.figures["run"]
    losses = read_losses(folder, "train/loss")
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert len(read_losses(folder, "val/loss")) == 3
    record = json.loads((folder / "record.json").read_text())
    assert record["status"] == "finished"
    assert {"goal", "change", "commit", "data_version", "hardware", "seconds"} <= set(record)
    assert (folder / "config.yaml").exists()
    assert report.files["models/model.ckpt"] == hash_file("models/model.ckpt")


def test_the_same_seed_gives_the_same_weights_and_another_does_not(checked, run, declared):
    states = []
    for seed in (1, 1, 2):
        run("train", *SHORT, f"seed={seed}")
        states.append(load_network("models/model.ckpt", declared.build_network)[0].state_dict())
    same = all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    other = all(torch.equal(states[0][name], states[2][name]) for name in states[0])
    assert same
    assert not other


def test_the_model_is_the_best_epoch_and_not_the_last(checked, run):
    report = run("train", *SHORT, *FAST, "trainer.max_epochs=6")
    metric, mode = compose().task.metric, compose().task.mode
    values = read_losses(checked / "runs" / report.figures["run"], f"val/{metric}")
    best = max(values) if mode == "max" else min(values)
    assert report.figures[f"best_val_{metric}"] == pytest.approx(best)
    # Of equal epochs the last, which was trained for longer.
    last = max(epoch for epoch, value in enumerate(values) if value == best)
    assert torch.load("models/model.ckpt", weights_only=True)["epoch"] == last


def test_a_flat_metric_stops_the_run_after_its_patience(checked, run):
    report = run(
        "train",
        *SHORT,
        "trainer.max_epochs=20",
        "optimizer.lr=0.0",
        "callbacks.early_stopping.patience=2",
        "+callbacks.early_stopping.min_delta=1e9",
    )
    assert report.figures["epochs"] == 3


def test_checkpoints_come_in_epochs_without_a_validation_too(checked, run):
    often = ("trainer.check_val_every_n_epoch=2", "callbacks.periodic.every_n_epochs=1")
    report = run("train", *SHORT, *often, "trainer.max_epochs=4")
    folder = checked / "runs" / report.figures["run"] / "checkpoints"
    kept = sorted(path.name for path in folder.glob("epoch-*"))
    assert kept == ["epoch-0002.ckpt", "epoch-0003.ckpt"]


def test_checkpoints_hold_what_resuming_needs(checked, run):
    report = run("train", *SHORT)
    folder = checked / "runs" / report.figures["run"] / "checkpoints"
    content = torch.load(folder / "best.ckpt", weights_only=True)
    needed = {"state_dict", "optimizer_states", "lr_schedulers", "epoch", "global_step"}
    assert needed <= set(content)
    assert content["hyper_parameters"]["state"]["version"]


def test_several_loggers_write_at_once(checked, run):
    report = run("train", *SHORT, "trainer.max_epochs=1", "logger=[csv,tensorboard]")
    folder = checked / "runs" / report.figures["run"]
    assert (folder / "metrics.csv").exists()
    assert list((folder / "tensorboard").glob("events.*"))


def list_results(folder):
    """What verdicts rest on: files of models, reports and data, each with its content."""
    names = [path for name in ("models", "reports", "data") for path in (folder / name).rglob("*")]
    return {path: hash_file(path) for path in names if path.is_file()}


DEBUGGED = (
    ("train", "debug=default"),
    ("train", "debug=limit", "trainer=cpu"),
    ("train", "trainer.fast_dev_run=true"),
    ("train", "keep=false", *SHORT),
    ("find_lr", "debug=limit", "find_lr.steps=30"),
    ("crossvalidate", "debug=limit", "split.folds=2"),
)


@pytest.mark.parametrize("command", DEBUGGED, ids=" ".join)
def test_a_debug_run_ends_well_and_leaves_what_verdicts_rest_on(checked, run, command):
    name, *overrides = command
    before = list_results(checked)
    run(name, *overrides, "logger=[csv]")
    assert list_results(checked) == before
    assert (checked / "runs" / "debug" / "reports" / f"{name}.json").exists()
    assert read_records("runs") == []
    assert len(read_records("runs", debug=True)) == (name == "train")


def test_a_debug_run_takes_the_rate_that_was_suggested(checked, run):
    Report("find_lr", {"suggestion": 0.02}).write("reports")
    figures = run("train", "debug=limit", "logger=[csv]", "optimizer.lr=auto").figures
    assert read_config(checked / "runs" / figures["run"]).optimizer.lr == 0.02


@pytest.mark.parametrize("name", ["clean", "preprocess", "baselines", "evaluate", "export"])
def test_there_is_nothing_to_debug_in_a_command_that_does_not_train(checked, run, name):
    before = list_results(checked)
    with pytest.raises(UserError, match=f"`{name}` does not train, so there is nothing to debug"):
        run(name, "debug=limit")
    assert list_results(checked) == before


def test_the_latest_run_to_go_on_with_is_no_debug_run(checked, run):
    run("train", *SHORT)
    run("train", "debug=default", "logger=[csv]")
    kept, debugged = (record["id"] for record in read_records("runs", debug=True))
    with pytest.raises(UserError, match=f"{kept} has finished"):
        find_run("runs", "latest")
    with pytest.raises(UserError, match=f"{debugged} has finished"):
        find_run("runs", debugged)


@pytest.mark.slow
def test_two_batches_are_learned_by_heart(checked, run):
    report = run("train", "debug=overfit", "model=large", "logger=[csv]")
    losses = read_losses(checked / "runs" / report.figures["run"], "train/loss")
    assert losses[-1] < 0.1 * losses[0]


def test_a_run_that_would_end_before_its_first_validation_is_not_begun(checked, run):
    with pytest.raises(UserError, match=r"max_steps=1 ends before the first validation, at step"):
        run("train", *SHORT, "trainer.max_steps=1")
    assert not (checked / "runs").exists()


def test_epochs_that_end_before_the_first_validation_are_refused(project):
    data = SimpleNamespace(count_batches=lambda processes: 5)
    late = ["trainer.max_epochs=3", "trainer.check_val_every_n_epoch=5"]
    with pytest.raises(UserError, match="=3 ends before the first validation, in epoch 5"):
        refuse_short(compose(late).trainer, data)
    refuse_short(compose([*late, "trainer.fast_dev_run=true"]).trainer, data)


@pytest.mark.parametrize(
    ("batches", "overrides", "epochs", "steps"),
    [
        (44, [], 30, 1320),  # the digits
        (34, [], 30, 1020),
        (15, [], 67, 1005),  # the tumours
        (4, [], 250, 1000),  # iris
        (1, [], 1000, 1000),
        (4, ["trainer.accumulate_grad_batches=4"], 1000, 1000),
        (1, ["trainer.accumulate_grad_batches=4"], 1000, 1000),
        (400, ["trainer.limit_train_batches=0.01"], 250, 1000),
        (4, ["trainer.max_epochs=7"], 7, 28),
        (4, ["trainer.max_steps=50"], 250, 50),
    ],
)
def test_epochs_are_as_many_as_give_a_network_time_to_learn(
    project, batches, overrides, epochs, steps
):
    trainer = compose(overrides).trainer
    assert count_epochs(trainer, batches) == epochs
    assert count_steps(trainer, batches) == steps


def test_a_run_settles_how_long_it_is_and_that_nothing_stops_it_where_epochs_are_short(project):
    for batches, epochs, least in ((44, 30, None), (4, 250, 1000), (3, 334, 1002)):
        data = SimpleNamespace(count_batches=lambda processes, batches=batches: batches)
        trainer = settle_epochs(compose([]), data).trainer
        assert (trainer.max_epochs, trainer.min_steps) == (epochs, least)
    given = compose(["trainer.max_epochs=3"])
    assert settle_epochs(given, data) is given


@pytest.mark.slow
@pytest.mark.parametrize("package", ["own"], indirect=True)
@pytest.mark.parametrize("sort", [TABLE], indirect=True)
def test_a_hundred_rows_are_learned_with_the_defaults(project, run):
    """Fisher's iris: 30 epochs of four steps reach 0.87."""
    table = load_iris(as_frame=True).frame
    table["target"] = table["target"].map(dict(enumerate("abc")))
    table.to_csv("raw.csv", index=False)
    for stage in DATA_PHASE:
        run(stage)
    for stage in ("sanity", "find_lr"):
        Report(stage).write("reports")
    figures = run("train", "trainer=cpu", "logger=[csv]").figures
    assert figures["steps"] >= 1000
    targets, predicted = predict_validation(
        Path("models/model.ckpt"), PROJECT.compose(["data=csv", "data.path=raw.csv"]), build_network
    )
    assert accuracy(targets, predicted) >= 0.93


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.name=other", "`ingest` ran with a different data from"),
        ("clean.missing=drop", "`clean` ran with a different clean from"),
        ("split=random", "`split` ran with a different split from"),
        (
            "preprocess.size=48",
            "`preprocess` ran with a different preprocess from",
        ),
    ],
)
def test_other_data_than_what_was_processed_is_not_trained_on(checked, run, override, words):
    with pytest.raises(UserError, match=words):
        run("train", override)
    assert not (checked / "runs").exists()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("trainer.sync_batchnorm=true",), "needs GPUs"),
        (("trainer.strategy=unheard",), "trainer=auto cannot be built: .*'unheard'"),
        (("trainer.limit_train_batches=1e-4",), "0.0001 of the `train_dataloader`"),
        (("+callbacks.own._target_=unheard.Own",), "unheard.Own cannot be imported"),
        (("optimizer=sgd", "optimizer.momentum=0"), "optimizer=sgd cannot be built: Nesterov"),
    ],
)
def test_a_run_that_cannot_be_built_leaves_no_folder(checked, run, overrides, words):
    with pytest.raises(UserError, match=words):
        run("train", *SHORT, *overrides)
    assert not list((checked / "runs").iterdir())


def test_a_model_is_chosen_by_the_metric_that_is_reported(checked, run):
    with pytest.raises(UserError, match=r"best\.monitor=val/loss: models are ranked"):
        run("train", *SHORT, "callbacks.best.monitor=val/loss")
    assert not (checked / "runs").exists()


def test_a_metric_that_nobody_logs_is_a_sentence(checked, run):
    with pytest.raises(UserError, match="`val/nothing` which is not available"):
        run("train", *SHORT, "callbacks.early_stopping.monitor=val/nothing")


def test_a_model_that_sanity_has_not_proved_is_told(project, capsys):
    cfg = compose()
    warn_unproven(PROJECT, cfg)  # nothing is known
    proved = to_plain(cfg.model)
    for model, is_told in ((proved, False), (proved | {"dropout": 0.5}, True)):
        Report("sanity", {"model": model}).write("reports")
        warn_unproven(PROJECT, cfg)
        assert ("`sanity` has checked a different model" in capsys.readouterr().out) == is_told


def test_a_model_that_will_not_be_loaded_again_is_told(project, capsys):
    warn_foreign("toy", compose())
    assert capsys.readouterr().out == ""
    warn_foreign("toy", compose(["model._target_=torchvision.models.resnet18"]))
    told = capsys.readouterr().out
    assert "the config asks for torchvision.models.resnet18 in model" in told
    assert "wrap it in a class of\ntoy." in told


def test_runs_started_at_once_do_not_collide(tmp_path):
    code = (
        "from dlproof.training.record import create_run_dir;"
        f"[print(create_run_dir({str(tmp_path)!r}).name) for _ in range(20)]"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    names = " ".join(racer.communicate()[0] for racer in racers).split()
    assert len(names) == len(set(names)) == 40
    assert create_run_dir(tmp_path).name.endswith("-041")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
)
def test_a_stopped_run_says_so_and_keeps_the_old_model(checked, run, package, small, number, code):
    run("train", *SHORT, "trainer.max_epochs=1")
    before = {path: hash_file(path) for path in ("models/model.ckpt", "reports/train.json")}
    command = [sys.executable, "-m", package, "train", *small, *SHORT]
    command += ["trainer.max_epochs=100000", "callbacks.early_stopping=null"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_for_epochs(checked / "runs")
    process.send_signal(number)
    _, words = process.communicate(timeout=30)
    assert process.returncode == code
    assert "no report and no model of this run was written" in words.splitlines()[-1]
    assert f"resume it with `train resume={max((checked / 'runs').iterdir()).name}`" in words
    assert {path: hash_file(path) for path in before} == before
    assert not [path for path in checked.rglob(".*") if path.parent.name in ("models", "reports")]


def wait_for_epochs(runs):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        newest = max(runs.iterdir())
        if newest.name.endswith("-002") and (newest / "metrics.csv").exists():
            return
        time.sleep(0.1)
    raise AssertionError("the run did not start")


def test_two_processes_train_together(checked, package, small):
    ddp = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    command = [sys.executable, "-m", package, "train", *small, *SHORT, *ddp]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    figures = json.loads((checked / "reports" / "train.json").read_text())["figures"]
    assert figures["processes"] == 2
    assert len(list((checked / "runs").iterdir())) == 1


@pytest.mark.parametrize("shuffle", [True, False])
def test_processes_share_one_order_without_overlap(shuffle):
    whole = EpochSampler(11, seed=3, shuffle=shuffle)
    slices = [EpochSampler(11, 3, shuffle, rank=rank, world_size=2) for rank in (0, 1)]
    orders = [list(s) for s in (whole, *slices)]
    merged = sorted(orders[1] + orders[2])
    assert merged == sorted(orders[0][: len(merged)])
    assert len(merged) == (10 if shuffle else 11)
    assert [len(s) for s in slices] == [len(order) for order in orders[1:]]


def test_training_order_differs_between_epochs_and_repeats_with_the_seed():
    sampler = EpochSampler(50, seed=0, shuffle=True)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert list(EpochSampler(50, seed=0, shuffle=True)) == first


def test_norms_and_biases_do_not_decay():
    network = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4))
    decayed, spared = group_parameters(network, 0.01)
    assert [p.ndim for p in decayed["params"]] == [2]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.01, 0.0)
    assert len(spared["params"]) == 3


def test_a_gpu_that_is_not_there_is_a_sentence():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UserError, match="sees no GPU"):
        choose_precision("gpu", "auto")
    assert choose_precision("auto", "auto") == "32-true"
    assert choose_precision("cpu", "bf16-mixed") == "bf16-mixed"
