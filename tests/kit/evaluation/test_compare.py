"""The model meets the champion and every baseline on the same items; what cannot be is told."""

import contextlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from dlproof import Report
from dlproof.config import build, compose
from dlproof.data.store import VALIDATION, load_store
from dlproof.errors import UserError
from dlproof.evaluation import contenders
from dlproof.evaluation.compare import evidence, say, word
from dlproof.evaluation.contenders import Contender
from dlproof.files import read_json, write_json
from dlproof.report import load_report
from dlproof.training.runs import read_record, seal_record

from ..conftest import CHECKS
from ..projects import IMAGE, REGRESSION, run_small

TRAIN = ("trainer.max_epochs=1", "trainer.accelerator=cpu", "logger=[csv]", "loader.batch_size=16")
QUICK = ("evaluate.resamples=100", "trainer.accelerator=cpu")
CHECKPOINT = "checkpoints/best.ckpt"


@pytest.fixture(scope="module")
def trained_once(make_once, tmp_path_factory):
    """A toy project with baselines and runs of seeds 1 to 4, the last the present one."""
    folder = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(make_once("toy", IMAGE), folder, symlinks=True)
    with contextlib.chdir(folder):
        for stage in CHECKS:
            Report(stage).write("reports")
        run_small("toy", IMAGE, "baselines")
        for seed in (1, 2, 3, 4):
            run_small("toy", IMAGE, "train", *TRAIN, f"seed={seed}")
    return folder


@pytest.fixture
def runs(trained_once, tmp_path, monkeypatch):
    """The ids of its runs, in a copy that is the working directory."""
    folder = tmp_path / "trained"
    shutil.copytree(trained_once, folder, symlinks=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(contenders, "REPEATS", 1)
    return sorted(path.name for path in Path("runs").glob("exp-*"))


@pytest.fixture
def compare(run):
    """`compare(champion, challenger)`: the report, of a run's id or of a list of them."""

    def run_compare(champion="", challenger=""):
        given = {"champion": champion, "challenger": challenger}
        overrides = [
            f"compare.{side}=[{','.join(ids)}]"
            if isinstance(ids, list)
            else f"compare.{side}={ids}"
            for side, ids in given.items()
            if ids
        ]
        return run("compare", *overrides, *QUICK)

    return run_compare


def edit_record(name, **values):
    """Changes a run's record as the run itself would have written it."""
    folder = Path("runs", name)
    record = read_record(folder) | values
    write_json(folder / "record.json", record | {"seal": seal_record(folder, record)})


def edit_checkpoint(name, change):
    """Changes what a run's best checkpoint holds."""
    path = Path("runs", name, CHECKPOINT)
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


def test_the_present_model_meets_the_champion_and_every_baseline(runs, compare, capsys):
    report = compare(runs[0])
    figures = report.figures
    kept = load_report("baselines", "reports").figures["scores"]
    assert figures["against"] == runs[0]
    assert set(figures["opponents"]) == {runs[0], *kept}
    assert figures["items"] == len(load_store("data").rows(VALIDATION))
    for name, scores in kept.items():
        assert figures["opponents"][name]["scores"] == [pytest.approx(scores["accuracy"])]
    both = {runs[0]: figures["opponents"][runs[0]], runs[3]: figures["challenger"]}
    for name, contender in both.items():
        record = read_record(Path("runs", name))
        assert contender["scores"] == [pytest.approx(record["best_val_accuracy"])]
        assert contender["training_seconds"] == record["seconds"]
        assert contender["seeds"] == [record["seed"]]
    row = figures["opponents"][runs[0]]
    assert row["gain"] == pytest.approx(figures["challenger"]["scores"][0] - row["scores"][0])
    assert row["interval"][0] <= row["gain"] <= row["interval"][1]
    assert row["corrected_p"] >= row["p"]
    number = r"[+-]?[\d.]+(e-\d+)?"
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(
        rf"VERDICT: {row['verdict']} \| gain {number} \[{number}, {number}\] "
        rf"\| latency x{number} \| size x1 \| cost x{number}",
        last,
    )
    text = Path("reports/compare.md").read_text()
    assert last in text
    assert all(f"| {name} |" in text for name in figures["opponents"])
    assert not Path("reports/test_ledger.jsonl").exists()


def test_without_a_champion_the_best_baseline_is_the_one_to_beat(runs, compare):
    figures = compare().figures
    kept = load_report("baselines", "reports").figures
    assert figures["against"] == kept["best"]
    assert set(figures["opponents"]) == set(kept["scores"])
    assert "is a single run" not in Path("reports/compare.md").read_text()


def test_several_seeds_are_averaged_and_their_spread_counts(runs, compare):
    figures = compare(runs[3], runs[:3]).figures
    row, mine = figures["opponents"][runs[3]], figures["challenger"]
    assert mine["name"] == ", ".join(runs[:3])
    assert mine["seeds"] == [1, 2, 3]
    assert mine["scores"] == pytest.approx(
        [read_record(Path("runs", name))["best_val_accuracy"] for name in runs[:3]]
    )
    assert row["gain"] == pytest.approx(np.mean(mine["scores"]) - row["scores"][0])
    assert row["test"] == "paired t, over runs"
    seconds = [read_record(Path("runs", name))["seconds"] for name in runs[:3]]
    assert mine["training_seconds"] == pytest.approx(np.mean(seconds))


@pytest.mark.parametrize("sort", [REGRESSION], indirect=True)
def test_of_errors_the_smaller_is_better(processed):
    cfg, store = compose(), load_store("data")
    targets = np.asarray(store.targets[store.rows(VALIDATION)])
    draw = np.random.default_rng(0)
    good, bad = (targets + spread * draw.normal(size=len(targets)) for spread in (0.1, 1.0))
    mine = Contender("exp-1", good[:, None], [1], 2e-3, 3000, 60.0)
    other = Contender("ridge", bad[:, None], [], 1e-3, 1000, 0.0)
    figures = evidence(cfg, build(cfg.task), targets, mine, {"ridge": other})
    row = figures["opponents"]["ridge"]
    assert row["verdict"] == "better"
    assert row["test"] == "paired t"
    assert row["gain"] == pytest.approx(row["scores"][0] - figures["challenger"]["scores"][0])
    line = word(figures | {"against": "ridge"})
    assert line.endswith("| latency x2 | size x3 | cost x60,000")
    back = evidence(cfg, build(cfg.task), targets, other, {"exp-1": mine})
    assert back["opponents"]["exp-1"]["verdict"] == "worse"


@pytest.mark.parametrize(
    ("ratio", "words"), [(1.0, "1"), (1.284, "1.28"), (0.0421, "0.0421"), (98765.4, "98,765")]
)
def test_ratios_have_three_digits(ratio, words):
    assert say(ratio) == words


def rename_a_weight(content):
    content["state_dict"]["network.imagined"] = torch.zeros(1)


def rename_a_class(content):
    classes = content["hyper_parameters"]["state"]["task"]["classes"]
    classes[0] = "imagined"


def answer_with_numbers(content):
    content["hyper_parameters"]["task"]["name"] = "regression"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda name: shutil.rmtree(Path("runs", name)), "runs has no run 'exp-.*runs.html"),
        (lambda name: Path("runs", name, "record.json").write_text("{"), "missing or damaged"),
        (lambda name: edit_record(name, debug=True), "is a debug run"),
        (lambda name: edit_record(name, status="stopped"), "has not finished .*train resume="),
        (lambda name: edit_record(name, id="exp-2026-01-01-001"), "a copy of exp-2026-01-01-001"),
        (lambda name: edit_record(name, data_version="0" * 64), "version 00000000 of the data"),
        (lambda name: Path("runs", name, CHECKPOINT).unlink(), r"best\.ckpt was removed"),
        (lambda name: Path("runs", name, CHECKPOINT).write_text("x"), "not a whole checkpoint"),
        (lambda name: edit_checkpoint(name, rename_a_weight), "does not fit the code as it is now"),
        (lambda name: edit_checkpoint(name, rename_a_class), "other classes .* across, imagined"),
        (lambda name: edit_checkpoint(name, answer_with_numbers), "for task=regression, and this"),
    ],
)
def test_a_champion_that_cannot_be_compared_is_a_sentence(runs, compare, spoil, words):
    spoil(runs[0])
    with pytest.raises(UserError, match=words):
        compare(runs[0])
    assert not Path("reports/compare.json").exists()
    assert not Path("reports/compare.md").exists()


def test_a_record_that_was_edited_is_a_sentence(runs, compare):
    path = Path("runs", runs[0], "record.json")
    write_json(path, read_json(path) | {"seconds": 1e6})
    with pytest.raises(UserError, match="was edited since the run"):
        compare(runs[0])


def test_who_meets_whom_must_make_sense(runs, compare):
    with pytest.raises(UserError, match=f"{runs[3]} is champion and challenger"):
        compare(runs[3])
    with pytest.raises(UserError, match="too few to say how training varies"):
        compare(runs[:2])
    with pytest.raises(UserError, match="several runs have seed=2"):
        compare([runs[0], runs[1], runs[1]])
    with pytest.raises(UserError, match=r"no run '\.\./runs/x'"):
        compare("../runs/x")
    path = Path("runs", runs[1], "config.yaml")
    config = yaml.safe_load(path.read_text())
    config["optimizer"]["weight_decay"] = 0.5
    path.write_text(yaml.safe_dump(config))
    edit_record(runs[1])
    with pytest.raises(UserError, match=f"{runs[0]} and {runs[1]} differ in optimizer"):
        compare(runs[:3])
