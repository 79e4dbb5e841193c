"""Leaving a component out is measured on the same seeds, and only sure differences are told."""

from pathlib import Path

import numpy as np
import pytest
from dlproof.config import compose, vary
from dlproof.errors import UserError
from dlproof.evaluation import ablate
from dlproof.files import hash_tree
from dlproof.intervals import corrected_interval, paired_interval
from omegaconf import OmegaConf, open_dict

SHORT = (
    "ablate.epochs=4",
    "optimizer.lr=1e-2",
    "loader.batch_size=16",
    "trainer.accelerator=cpu",
    "evaluate.resamples=100",
    "augmentation=none",
)
BRIEF = ("ablate.seeds=2", "ablate.epochs=1")


@pytest.fixture
def leave_out(checked, declared, small):
    """`leave_out({"name": ["key=value"]}, *overrides)`: the report on these components."""

    def run_ablate(components, *overrides):
        merged = {o.partition("=")[0]: o for o in (*small, *SHORT, *overrides)}
        cfg = compose([*merged.values()])
        with open_dict(cfg):
            cfg.ablate.components = OmegaConf.create(components)
        return ablate.run(cfg, declared)

    return run_ablate


@pytest.mark.slow
def test_what_matters_helped_and_what_does_not_has_no_effect(leave_out):
    components = {"rate": ["optimizer.lr=0.0"], "decay": ["optimizer.weight_decay=0.01001"]}
    report = leave_out(components, "ablate.seeds=8")
    rows = report.figures["components"]
    assert rows["rate"]["verdict"] == "helped"
    assert rows["rate"]["interval"][0] > 0
    assert rows["decay"]["verdict"] == "no effect"
    assert report.summary == "helped: rate; no effect: decay"


def test_a_verdict_follows_from_what_is_lost_without_the_component(leave_out, monkeypatch):
    """Runs are not trained here: their predictions are right but for a share of the items."""
    wrong = {0.0: 0.3, 0.1: 0.6, 0.2: 0.3, 0.3: 0.1}  # dropout -> share, 0.0 being the whole

    def predict(project, cfg, seeds, epochs):
        targets = np.arange(400) % 2
        guesses = np.stack([targets] * len(seeds), axis=1)
        guesses[: int(400 * wrong[cfg.model.dropout])] ^= 1
        return targets, np.eye(2)[guesses]

    monkeypatch.setattr(ablate, "train_on_seeds", predict)
    names = {"needed": 0.1, "idle": 0.2, "harmful": 0.3}
    components = {name: [f"model.dropout={value}"] for name, value in names.items()}
    report = leave_out(components, "model.dropout=0.0")
    rows = report.figures["components"]
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "needed": "helped",
        "idle": "no effect",
        "harmful": "hurt",
    }
    assert [rows[name]["gain"] for name in names] == pytest.approx([0.3, 0.0, -0.2])
    assert report.summary == "helped: needed; no effect: idle; hurt: harmful"
    (kept,) = Path("docs/experiments").glob("ablation-*.md")
    assert kept.read_text() == Path("reports/ablate.md").read_text()
    leave_out({"idle": ["model.dropout=0.2"]}, "model.dropout=0.0")
    assert len(list(kept.parent.glob("ablation-*.md"))) == 2


@pytest.mark.slow
def test_what_stands_in_the_way_hurt(leave_out):
    standstill = {"standstill": ["optimizer.lr=1e-2"]}
    report = leave_out(standstill, "optimizer.lr=0.0", "ablate.seeds=8")
    assert report.figures["components"]["standstill"]["verdict"] == "hurt"


def test_both_sides_train_on_the_same_seeds_and_differ_in_the_component_alone(
    leave_out, monkeypatch
):
    trained = []
    train_once = ablate.train_once

    def note(project, cfg, folder):
        trained.append(OmegaConf.to_container(cfg, resolve=True))
        return train_once(project, cfg, folder)

    monkeypatch.setattr(ablate, "train_once", note)
    report = leave_out({"warmup": ["schedule.warmup=0.0"]}, "seed=7", *BRIEF)
    assert [cfg["seed"] for cfg in trained] == [7, 8, 7, 8]
    for whole, without in zip(trained[:2], trained[2:], strict=True):
        assert without.pop("schedule") == whole.pop("schedule") | {"warmup": 0.0}
        assert without == whole
    row = report.figures["components"]["warmup"]
    assert row["seeds"] == report.figures["seeds"] == [7, 8]
    gains = np.subtract(report.figures["scores"], row["scores"])
    sign = 1 if compose().task.mode == "max" else -1
    assert row["gains"] == pytest.approx(sign * gains)


def test_the_same_runs_give_the_same_scores(leave_out):
    component = {"dropout": ["model.dropout=0.0"]}
    first, second = (leave_out(component, *BRIEF).figures for _ in range(2))
    assert first == second


def test_what_is_off_or_unknown_is_named_and_not_trained(leave_out):
    components = {
        "augmentation": ["augmentation=none"],
        "imagined": ["model.imagined=0.0"],
        "decay": ["optimizer.weight_decay=0.0"],
    }
    report = leave_out(components, *BRIEF)
    left_out = report.figures["left_out"]
    assert left_out == {"augmentation": "off already", "imagined": "the config has no such key"}
    assert list(report.figures["components"]) == ["decay"]
    table = Path("reports/ablate.md").read_text()
    assert "Not tried: augmentation, off already." in table


@pytest.mark.parametrize(
    ("components", "overrides", "words"),
    [
        (
            {"augmentation": ["augmentation=none"]},
            (),
            "no component of ablate.components is enabled",
        ),
        ({"balance": ["balance=nonesuch"]}, (), "balance=nonesuch is not an option"),
        ({"decay": ["optimizer.weight_decay=0.0"]}, ("trainer.devices=2",), "trainer.devices=1"),
    ],
)
def test_what_cannot_be_ablated_is_a_sentence(leave_out, components, overrides, words):
    with pytest.raises(UserError, match=words):
        leave_out(components, *overrides)
    assert not Path("reports/ablate.md").exists()


def test_the_table_has_a_line_for_each_component_and_the_project_stays_as_it_was(leave_out):
    before = {name: hash_tree(name) for name in ("data", "reports")}
    report = leave_out({"decay": ["optimizer.weight_decay=0.0"]}, *BRIEF)
    text = Path("reports/ablate.md").read_text()
    row = report.figures["components"]["decay"]
    assert f"| decay | {np.mean(row['scores']):.4f} | {row['gain']:+.4f} |" in text
    assert f"| {row['verdict']} |" in text
    Path("reports/ablate.md").unlink()
    assert {name: hash_tree(name) for name in before} == before
    assert not Path("models").exists()
    assert not Path("runs").exists()


def test_groups_are_swapped_whole_and_what_was_composed_stays(project, small):
    cfg = compose([*small, "optimizer=sgd", "seed=5"])
    own = vary(cfg, ["optimizer=adamw", "model=large", "model.dropout=0.3"])
    assert (own.optimizer.name, own.model.name, own.model.dropout) == ("adamw", "large", 0.3)
    assert "momentum" not in own.optimizer
    assert (own.seed, own.data) == (5, cfg.data)
    assert cfg.optimizer.name == "sgd"


def test_an_interval_is_as_wide_as_both_of_its_sources(project):
    gains = np.array([0.1, 0.2, 0.3])
    by_seeds = corrected_interval(gains, 0.0, 0.95)
    low, high = paired_interval(gains, (0.15, 0.25), 0.95)
    assert high - low == pytest.approx(np.hypot(by_seeds[1] - by_seeds[0], 0.1))
    assert (low + high) / 2 == pytest.approx(0.2)
    assert paired_interval(gains, (0.2, 0.2), 0.95) == pytest.approx(by_seeds)
