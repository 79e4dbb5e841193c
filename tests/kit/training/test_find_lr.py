"""The range test finds where the loss falls, keeps nothing, and `optimizer.lr=auto` takes it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from dlproof.closure import Code
from dlproof.config import to_plain
from dlproof.errors import UserError
from dlproof.files import hash_tree
from dlproof.inputs import describe_inputs, find_differences
from dlproof.report import Report, load_report
from dlproof.training.find_lr import DIVERGED, find_valley, rise, smooth
from dlproof.training.rate import settle_rate
from lightning.pytorch import Trainer
from toy import train
from toy.module import Module

QUICK = ("find_lr.steps=40", "trainer.accelerator=cpu")
AUTO = (*QUICK, "optimizer.lr=auto", "trainer.max_epochs=1", "logger=[csv]")


def descend(curvature, rates):
    """Losses of gradient descent on a parabola, a step at each rate."""
    x, losses = 1.0, []
    for rate in rates:
        losses.append(0.5 * curvature * x * x)
        x -= rate * curvature * x
    return losses


def test_the_suggestion_is_stable_on_a_parabola_and_follows_its_curvature():
    rates = [1e-6 * rise(step, 100, factor=1e8) for step in range(100)]
    found = {}
    for curvature in (1.0, 100.0):
        losses = descend(curvature, rates)
        diverged = next(step for step, loss in enumerate(losses) if loss > DIVERGED * losses[0])
        place, end = find_valley(smooth(losses[:diverged], 99 / 8))
        assert rates[place] < rates[end] < 2 / curvature  # gradient descent diverges above
        found[curvature] = rates[place], rates[end]
    assert found[1.0] == pytest.approx([100 * rate for rate in found[100.0]], rel=0.5)


def test_a_valley_passes_over_what_rises_within_it():
    assert find_valley([5.0, 5.1, 4.9, 4.5, 4.6, 3.0, 2.0, 2.5, 9.0]) == (4, 6)


def fall(rates, noise=0.0, seed=0):
    """Losses that fall from 2 to 1, half of it at a rate of 1e-3, as a network's do."""
    drawn = np.random.default_rng(seed).normal(0, noise, len(rates))
    return list(1 + 1 / (1 + (rates / 1e-3) ** 1.5) + drawn)


def test_noise_hardly_moves_the_suggestion():
    rates = np.logspace(-7, 0, 100)
    curves = [smooth(fall(rates, 0.1, seed), 99 / 7) for seed in range(50)]
    found = [rates[find_valley(curve)[0]] for curve in curves]
    assert max(found) / min(found) < 3  # the longest descent of a moving average: 16


def test_the_suggestion_does_not_lag_behind_the_loss():
    rates = np.logspace(-7, 0, 100)
    crossed = rates[np.argmax(np.array(fall(rates)) < 1.75)]
    place, _ = find_valley(smooth(fall(rates), 99 / 7))
    assert rates[place] == pytest.approx(crossed, rel=0.5)


def test_a_smoothed_curve_keeps_its_length_and_level():
    assert smooth([2.0] * 5, 14) == pytest.approx([2.0] * 5)
    spike = smooth([0.0] * 4 + [1.0] + [0.0] * 4, 2)
    assert spike == pytest.approx(spike[::-1])
    assert np.argmax(spike) == 4


def test_rates_rise_by_one_factor_from_the_lowest_to_the_highest():
    rates = np.array([rise(step, 50, factor=1e7) for step in range(50)])
    assert rates[0] == 1
    assert rates[-1] == pytest.approx(1e7)
    assert np.diff(np.log(rates)) == pytest.approx(np.full(49, np.log(1e7) / 49))


def test_steps_are_taken_at_the_rates_that_the_curve_shows(checked, run, monkeypatch):
    taken = []
    step = torch.optim.AdamW.step

    def note(self, *args, **kwargs):
        taken.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", note)
    figures = run("find_lr", "find_lr.steps=30", "trainer.accumulate_grad_batches=2").figures
    assert len(figures["losses"]) <= len(taken) <= 30
    assert figures["rates"] == pytest.approx(taken[: len(figures["rates"])])


def test_another_seed_hardly_moves_the_suggestion(checked, run):
    found = [run("find_lr", f"seed={seed}").figures["suggestion"] for seed in range(4)]
    assert max(found) < 2 * min(found)


def test_a_report_and_a_picture_are_all_that_is_left(checked, run):
    before = hash_tree("data")
    report = run("find_lr")
    figures = report.figures
    assert hash_tree("data") == before
    assert not Path("runs").exists()
    assert not Path("models").exists()
    assert (checked / "reports" / "find_lr.png").stat().st_size > 1000
    assert figures["rates"][0] < figures["suggestion"] < figures["rates"][-1]
    assert min(figures["losses"]) < 0.9 * figures["losses"][0]


@pytest.mark.slow
def test_a_loss_a_hundred_times_as_large_asks_sgd_for_a_far_lower_rate(checked, run, monkeypatch):
    sgd = ("optimizer=sgd", "find_lr.high=100.0", "trainer.gradient_clip_val=null")
    plain = run("find_lr", *sgd).figures["suggestion"]
    training_step = Module.training_step
    monkeypatch.setattr(
        Module, "training_step", lambda self, *batch: 100 * training_step(self, *batch)
    )
    scaled = run("find_lr", *sgd).figures["suggestion"]
    assert 5 < plain / scaled < 500


def test_a_network_that_learns_nothing_is_a_sentence(checked, run, monkeypatch):
    def learn_nothing(self, batch, index):
        return 0 * sum(p.sum() for p in self.network.parameters()) + 1.0

    monkeypatch.setattr(Module, "training_step", learn_nothing)
    with pytest.raises(UserError, match="falls at no rate"):
        run("find_lr")
    assert not Path("reports/find_lr.png").exists()


def test_a_loss_that_is_nan_at_once_is_a_sentence(checked, run, monkeypatch):
    training_step = Module.training_step
    monkeypatch.setattr(
        Module,
        "training_step",
        lambda self, *batch: np.nan * training_step(self, *batch),
    )
    with pytest.raises(UserError, match="very first loss is NaN"):
        run("find_lr")


def test_a_range_that_does_not_rise_is_a_sentence(checked, run):
    with pytest.raises(UserError, match=r"low=0\.1 must lie below find_lr\.high=0\.1"):
        run("find_lr", "find_lr.low=0.1", "find_lr.high=0.1")


def test_auto_trains_at_the_suggestion_and_says_so(checked, run):
    suggestion = run("find_lr", *QUICK).figures["suggestion"]
    report = run("train", *AUTO)
    folder = Path("runs", report.figures["run"])
    record = json.loads((folder / "record.json").read_text())
    assert record["optimizer"]["lr"] == suggestion
    assert yaml.safe_load((folder / "config.yaml").read_text())["optimizer"]["lr"] == suggestion
    content = torch.load("models/model.ckpt", weights_only=True)
    assert content["hyper_parameters"]["optimizer"]["lr"] == suggestion
    assert content["optimizer_states"][0]["param_groups"][0]["initial_lr"] == suggestion


def test_a_resumed_run_keeps_the_rate_that_it_began_with(checked, declared, small, tmp_path):
    cfg = declared.compose([*small, "optimizer.lr=auto"])
    (tmp_path / "config.yaml").write_text("optimizer: {lr: 0.0123}\n")
    assert settle_rate(declared, cfg, tmp_path).optimizer.lr == 0.0123
    assert cfg.optimizer.lr == "auto"  # the config itself stays
    fixed = declared.compose([*small, "optimizer.lr=0.5"])
    assert settle_rate(declared, fixed, tmp_path).optimizer.lr == 0.5


def test_auto_without_a_report_that_holds_is_a_sentence(checked, run, declared, small):
    run("find_lr", *QUICK)
    with pytest.raises(UserError, match="config of `find_lr` changed since it ran"):
        run("train", *AUTO, "model.dropout=0.2")
    Path("reports/find_lr.json").unlink()
    with pytest.raises(UserError, match=r"optimizer\.lr=auto: .* run `find_lr` first"):
        train.run(declared.compose([*small, *AUTO]))
    assert not Path("runs").exists()


@pytest.mark.parametrize("stage", ["train", "tune", "crossvalidate", "ablate"])
def test_what_takes_the_suggestion_is_made_from_the_finders_report(checked, declared, small, stage):
    found = {}
    for suggestion in (0.001, 0.002):
        Report("find_lr", figures={"suggestion": suggestion}).write("reports")
        config = to_plain(declared.compose([*small, "optimizer.lr=auto"]))
        found[suggestion] = describe_inputs(Code(declared), declared.stages[stage], config)
    changed = find_differences(Code(declared), declared.stages[stage], config, found[0.001])
    assert changed == ["inputs"]
    assert found[0.001]["reports"]["find_lr"] != found[0.002]["reports"]["find_lr"]


@pytest.mark.parametrize("stage", ["tune", "crossvalidate", "sanity"])
def test_what_has_a_rate_or_needs_none_is_not_made_from_the_finders_report(
    checked, declared, small, stage
):
    rate = "auto" if stage == "sanity" else "0.01"
    cfg = declared.compose([*small, f"optimizer.lr={rate}"])
    assert (
        "find_lr"
        not in describe_inputs(Code(declared), declared.stages[stage], to_plain(cfg))["reports"]
    )


def test_an_edited_suggestion_is_taken_by_nobody(checked, run):
    Report("find_lr", figures={"suggestion": 0.001}, seal="of another").write("reports")
    for stage in ("tune", "crossvalidate"):
        with pytest.raises(UserError, match=r"find_lr\.json is not from a run, or was edited"):
            run(stage, "optimizer.lr=auto")


def test_a_run_goes_on_at_the_rate_that_it_began_with(checked, run, monkeypatch):
    run("find_lr", *QUICK)
    fit = Trainer.fit

    def stop(self, *given, **options):
        fit(self, *given, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        run("train", *AUTO)
    monkeypatch.setattr(Trainer, "fit", fit)
    found = load_report("find_lr", "reports")
    began = found.figures["suggestion"]
    found.figures["suggestion"] = 10 * began
    found.seal = found.compute_seal()
    found.write("reports")
    report = run("train", *AUTO, "resume=latest")
    record = json.loads(Path("runs", report.figures["run"], "record.json").read_text())
    assert record["status"] == "finished"
    assert record["optimizer"]["lr"] == began


@pytest.mark.slow
def test_another_rate_leaves_the_report_as_good_as_it_was(checked, run):
    made_from = run("find_lr", *QUICK).made_from
    other = run("find_lr", *QUICK, "optimizer.lr=0.1").made_from
    assert made_from["config"] == other["config"]


@pytest.mark.slow
def test_the_finder_and_sanity_work_at_auto(checked, run):
    assert "optimizer.lr is auto" in run("find_lr", "optimizer.lr=auto").summary
    assert run("sanity", "optimizer.lr=auto").figures["proof"]["reproduces"]


@pytest.mark.parametrize("rate", ["fast", "-1.0"])
def test_a_rate_is_a_number_or_auto(checked, run, rate):
    with pytest.raises(UserError, match=r"optimizer\.lr"):
        run("train", f"optimizer.lr={rate}")
