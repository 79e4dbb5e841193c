"""What a run's log must show, by logs made up for it."""

from types import SimpleNamespace

import pytest
from dlproof.checklist import training, training_log
from dlproof.checklist.evidence import NotApplicableError
from dlproof.config import build, compose
from dlproof.files import hash_file
from omegaconf import OmegaConf
from own.training import schedule

SCHEDULES = ("cosine", "linear", "onecycle", "step")


def hold_rates(monkeypatch, *overrides):
    """Whether the check is met by a run of 60 of 100 steps whose rates are its schedule's."""
    cfg = compose(list(overrides))
    share = build(cfg.schedule)
    rates = [(step, share(step, 100)) for step in range(0, 60, 5)]
    monkeypatch.setattr(training_log, "read_rates", lambda _: rates)
    project = SimpleNamespace(
        cfg=cfg, run={"optimizer": {"lr": 1.0}}, figures=lambda _: {"total_steps": 100}
    )
    return training_log.rates_follow_the_schedule(project)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_falls(at_root, monkeypatch, name):
    assert hold_rates(monkeypatch, f"schedule={name}").holds


def test_a_rate_that_stays_after_the_warm_up_is_no_schedule(at_root, monkeypatch):
    def stay(step, total, *, warmup):
        return schedule.warm_up(step, total, warmup)[0]

    monkeypatch.setattr(schedule, "cosine", stay)
    found = hold_rates(monkeypatch, "schedule=cosine")
    assert not found.holds
    assert found.figure.endswith("off by 0 at most; the schedule never falls")


def hold_warmup(monkeypatch, logged, total=100, family="cnn", **settings):
    """The verdict on the warm-up of a run that logged its rates at these steps."""
    cfg = compose(["schedule.warmup=0.05"])
    cfg.reasons = settings.pop("reasons", {})
    cfg.schedule.update(settings)
    share = build(cfg.schedule)
    rates = [(step, share(step, total)) for step in logged]
    monkeypatch.setattr(training_log, "read_rates", lambda _: rates)
    figures = {"sanity": {"family": family}, "train": {"total_steps": total}}
    project = SimpleNamespace(cfg=cfg, run={"optimizer": {"lr": 1.0}}, figures=figures.get)
    return training_log.rates_rise_over_the_warmup(project)


@pytest.mark.parametrize("logged", [range(0, 100, 4), range(0, 100, 2), range(100), (0,), (0, 60)])
def test_a_warm_up_rises_also_where_its_last_step_is_logged_which_has_the_peak(
    at_root, monkeypatch, logged
):
    assert hold_warmup(monkeypatch, logged).holds


def test_a_rate_that_is_at_its_peak_from_the_first_step_on_warms_nothing_up(at_root, monkeypatch):
    for logged in (range(0, 100, 4), (0,)):
        rates = [(step, 1.0) for step in logged]
        monkeypatch.setattr(training_log, "read_rates", lambda _, rates=rates: rates)
        cfg = compose(["schedule.warmup=0.05"])
        figures = {"sanity": {"family": "cnn"}, "train": {"total_steps": 100}}
        project = SimpleNamespace(cfg=cfg, run={"optimizer": {"lr": 1.0}}, figures=figures.get)
        assert not training_log.rates_rise_over_the_warmup(project).holds


@pytest.mark.parametrize("total", [8, 20, 29])
def test_a_run_too_short_to_warm_up_says_how_long_it_would_take(at_root, monkeypatch, total):
    with pytest.raises(NotApplicableError, match=f"5% of {total} steps .* 40 steps are needed"):
        hold_warmup(monkeypatch, range(total), total=total)


def test_no_warm_up_is_a_choice_of_a_cnn_and_a_fault_of_a_transformer(at_root, monkeypatch):
    with pytest.raises(NotApplicableError, match="a cnn can do without"):
        hold_warmup(monkeypatch, range(100), warmup=0.0)
    found = hold_warmup(monkeypatch, range(100), family="transformer", warmup=0.0)
    assert (found.holds, found.choices) == (False, ("schedule.warmup",))
    reason = {"schedule.warmup=0.0": "It starts well at the full rate"}
    found = hold_warmup(monkeypatch, range(100), warmup=0.0, reasons=reason)
    assert (found.holds, found.choices) == (False, ("schedule.warmup",))


def see_run(values, epochs, every=1, mode="max", **stopping):
    """A project whose run logged these validation metrics."""
    cfg = {
        "task": {"metric": "accuracy", "mode": mode},
        "callbacks": {"early_stopping": stopping},
        "trainer": {"max_epochs": 40, "check_val_every_n_epoch": every},
        "paths": {"models_dir": "."},
    }
    figures = {"train": {"epochs": epochs, "steps": 10 * epochs}}
    log = {"val/accuracy": values}
    seen = {"val/accuracy": [(index + 1) * every - 1 for index in range(len(values))]}
    seen = SimpleNamespace(cfg=OmegaConf.create(cfg), figures=figures.get, log=log, epochs=seen.get)
    return seen


@pytest.mark.parametrize(
    ("mode", "values", "settings", "holds"),
    [
        ("max", [0.5, 0.9, 0.91, 0.9], {"patience": 2, "min_delta": 0.02}, True),
        ("max", [0.5, 0.9, 0.91, 0.93, 0.9], {"patience": 2, "min_delta": 0.02}, False),
        ("max", [0.5, 0.9, 0.91, 0.9], {"patience": 1}, True),
        ("max", [0.5, 0.9, 0.9, 0.9], {"patience": 1}, False),
        ("min", [5.0, 1.0, 0.99, 0.98], {"patience": 2, "min_delta": 0.1}, True),
    ],
)
def test_patience_counts_from_the_last_gain_that_is_large_enough(mode, values, settings, holds):
    project = see_run(values, len(values), mode=mode, **settings)
    assert training_log.patience_ends_a_flat_run(project).holds == holds


def test_nothing_stops_a_run_before_the_steps_that_it_has_at_least():
    values = [0.9, *[0.8] * 49]
    project = see_run(values, 50, patience=15)
    held = {"max_epochs": 50, "min_steps": 200, "steps": 200}
    for figures, holds in ((held, True), (held | {"min_steps": None}, False)):
        project.figures = {"train": {"epochs": 50} | figures}.get
        found = training_log.patience_ends_a_flat_run(project)
        assert found.holds == holds
        assert ("no stop before 200 steps" in found.figure) == holds
    project.figures = {"train": {"epochs": 50} | held | {"min_steps": 100}}.get
    assert not training_log.patience_ends_a_flat_run(project).holds  # 25 epochs would have done


def test_patience_counts_validations():
    project = see_run([0.5, 0.9, 0.8], 6, every=2, patience=1)
    found = training_log.patience_ends_a_flat_run(project)
    assert found.holds
    assert found.figure == "best in epoch 3, 1 validations waited of 1, then stopped"


@pytest.mark.parametrize(("epoch", "holds"), [(3, True), (1, False)])
def test_the_best_epoch_is_one_with_a_validation(tmp_path, monkeypatch, epoch, holds):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.ckpt").write_bytes(b"weights")
    project = see_run([0.5, 0.9, 0.8], 6, every=2, patience=1)
    figures = {"checkpoint": {"epoch": epoch, "score": 0.9}}
    files = {"model.ckpt": hash_file(tmp_path / "model.ckpt")}
    project.report = lambda _: SimpleNamespace(files=files, figures=figures)
    found = training.best_checkpoint_is_the_best_epoch(project)
    assert found.holds == holds
    assert "the log's best is epoch 3" in found.figure
