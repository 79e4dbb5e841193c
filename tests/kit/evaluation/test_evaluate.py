"""Evaluation opens the test split once and compares on the same items."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from dlproof.checklist.held_out import find_reading
from dlproof.config import build, compose
from dlproof.data.store import TEST, VALIDATION, load_store
from dlproof.deployment import Model
from dlproof.errors import UserError
from dlproof.evaluation import evaluate, predictions
from dlproof.evaluation.evaluate import evidence
from dlproof.evaluation.ledger import EVALUATION, PREDICTIONS, Ledger
from dlproof.evaluation.predictions import predict
from dlproof.files import hash_file
from dlproof.report import load_report
from dlproof.stages import RUNNING

from ..projects import IMAGE, REGRESSION

TRAIN = ("trainer.max_epochs=2", "trainer.accelerator=cpu", "logger=[csv]", "loader.batch_size=16")
EVALUATE = ("evaluate.resamples=50",)


def answer_costs(classes, costs):
    charter = yaml.safe_load(Path("project.yaml").read_text(encoding="utf-8"))
    charter["problem"]["classes"], charter["success"]["costs"] = classes, costs
    Path("project.yaml").unlink()  # a link to what all share
    Path("project.yaml").write_text(yaml.safe_dump(charter), encoding="utf-8")


@pytest.fixture
def trained(checked, run):
    run("train", *TRAIN)
    run("baselines")
    return checked


def test_no_stage_before_it_can_read_the_test_split(processed):
    with pytest.raises(PermissionError, match="final evaluation"):
        load_store("data").rows(TEST)


def test_figures_follow_from_the_kept_predictions_and_the_split_opens_once(trained, run):
    figures = run("evaluate", *EVALUATE).figures
    store, task = load_store("data"), build(compose().task)
    rows = store.open_test()
    with np.load("reports/test_predictions.npz") as kept:
        assert kept["rows"].tolist() == rows.tolist()
        expected = task.metrics(np.asarray(store.targets[rows]), kept["predictions"])
    assert figures["metrics"] == pytest.approx(expected)
    assert figures["items"] == len(rows)
    low, high = figures["interval"]
    assert low <= figures["metrics"][task.metric] <= high
    assert set(figures["baselines"]) >= {"random", "constant", "logistic_regression"}
    again = run("evaluate", *EVALUATE).figures
    assert (again["kept_predictions"], again["openings"]) == (True, 1)
    assert again["mode"] == figures["mode"]


@pytest.mark.parametrize("sort", [IMAGE, REGRESSION], indirect=True)
def test_the_difference_is_that_of_the_model_from_the_baseline(checked, run):
    run("baselines")
    cfg, store = compose(), load_store("data")
    task, rows = build(cfg.task), store.open_test()
    targets = np.asarray(store.targets[rows])
    classes = store.state["task"].get("classes")
    right = np.eye(len(classes))[targets] if classes else targets
    figures = evidence(cfg, store, task, rows, (right, {}, False))
    best = figures["baselines"][figures["best_baseline"]][task.metric]
    gained = figures["metrics"][task.metric] - best
    low, high = figures["gain_interval"]
    assert low <= gained <= high
    assert low > 0 if task.mode == "max" else high < 0


def test_every_row_is_predicted_however_many_are_at_a_time(trained, declared, monkeypatch):
    store, task = load_store("data"), build(compose().task)
    given = "models/model.ckpt", store, store.rows(VALIDATION), task, declared.build_network
    whole, _ = predict(*given)
    assert len(whole) == len(store.rows(VALIDATION))
    monkeypatch.setattr("dlproof.evaluation.predictions.BATCH_SIZE", 3)
    np.testing.assert_allclose(predict(*given)[0], whole, rtol=1e-5)


def test_the_network_is_watched_while_it_predicts(trained, run):
    mode = run("evaluate", *EVALUATE).figures["mode"]
    assert mode["calls"] > 0
    assert mode["in_training_mode"] == mode["with_gradients"] == 0


def test_the_worst_items_are_of_the_test_split_and_sorted_by_loss(trained, run):
    worst = run("evaluate", *EVALUATE).figures["worst"]
    store = load_store("data")
    store.open_test()
    items = store.items
    assert set(items.loc[items["id"].isin([item["id"] for item in worst]), "split"]) == {TEST}
    losses = [item["loss"] for item in worst]
    assert losses == sorted(losses, reverse=True)


def test_a_second_look_at_the_test_split_needs_a_reason(trained, run):
    run("evaluate", *EVALUATE)
    (trained / "reports" / "test_predictions.npz").unlink()
    with pytest.raises(UserError, match="say why it must be evaluated again"):
        run("evaluate", *EVALUATE)
    run("evaluate", *EVALUATE, "evaluate.reason=the file was lost")
    assert [entry["reason"] for entry in Ledger("reports").entries()] == ["", "the file was lost"]


@pytest.mark.parametrize("stage", ["evaluate", "export"])
def test_a_model_of_another_run_is_not_taken_for_the_one_of_the_report(trained, run, stage):
    path = Path("models/model.ckpt")
    content = torch.load(path, weights_only=True)
    torch.save(content | {"epoch": 99}, path)
    with pytest.raises(UserError, match=r"model\.ckpt is not the one that `train` left of exp-"):
        run(stage)


def test_forged_predictions_raise_no_figure_without_a_reason(trained, run):
    before = run("evaluate", *EVALUATE).figures
    store = load_store("data")
    rows = store.open_test()
    with np.load("reports/test_predictions.npz") as kept:
        content = dict(kept)
    right = np.eye(content["predictions"].shape[1], dtype=np.float32)[store.targets[rows]]
    np.savez("reports/test_predictions.npz", **content | {"predictions": right})
    with pytest.raises(
        UserError, match="changed or removed since: say why it must be evaluated again"
    ):
        run("evaluate", *EVALUATE)
    again = run("evaluate", *EVALUATE, "evaluate.reason=forged").figures
    assert again["metrics"] == before["metrics"]
    assert len(Ledger("reports").entries()) == 2


def test_the_ledger_names_what_was_predicted_and_what_was_found(trained, run):
    report = run("evaluate", *EVALUATE)
    ledger = Ledger("reports")
    pair = (load_store("data").state["version"], hash_file("models/model.ckpt"))
    predicted = hash_file("reports/test_predictions.npz")
    assert ledger.find(*pair, PREDICTIONS)[PREDICTIONS] == predicted
    assert ledger.find(*pair, EVALUATION)[EVALUATION] == report.digest
    assert report.files["reports/test_predictions.npz"] == predicted
    again = run("evaluate", *EVALUATE, "evaluate.confidence=0.9")
    assert ledger.find(*pair, EVALUATION)[EVALUATION] == again.digest != report.digest
    assert len(ledger.entries()) == 1


def test_what_is_not_opened_is_not_there(processed):
    store = load_store("data")
    size = len(store.items)
    assert set(store.items["split"]) == {"train", "validation"}
    assert not len(store.items.query("split == 'test'"))
    assert len(store.targets) == size
    assert all(len(array) == size for array in store.arrays.values())
    rows = store.open_test()
    assert set(store.items["split"].iloc[rows]) == {TEST}
    assert rows.tolist() == list(range(size, size + len(rows)))
    assert len(store.targets) == len(store.items) == size + len(rows)


def test_the_test_split_opens_for_no_other_stage(processed, run, monkeypatch):
    def read(cfg):
        return load_store(cfg.paths.data_dir).open_test()

    monkeypatch.setattr("toy.data.split.run", read)
    with pytest.raises(PermissionError, match="`split` asks for the test split"):
        run("split")


def test_data_whose_test_items_are_not_last_is_refused(processed):
    path = processed / "data" / "processed" / "items.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *rows[::-1], ""]))
    with pytest.raises(UserError, match="run `preprocess` again"):
        load_store("data")


@pytest.mark.parametrize(
    ("accelerator", "found", "expected"),
    [
        ("auto", "cuda", "cuda"),
        ("gpu", "cuda", "cuda"),
        ("auto", "mps", "mps"),
        ("cpu", "cuda", "cpu"),
        ("auto", None, "cpu"),
    ],
)
def test_networks_predict_where_the_trainer_trains(monkeypatch, accelerator, found, expected):
    device = None if found is None else torch.device(found)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: device)
    assert predictions.choose_device(accelerator) == torch.device(expected)


def test_evaluation_and_all_that_scores_runs_on_the_device_that_is_there(trained, run, monkeypatch):
    """On a device without memory, from which nothing comes back."""
    monkeypatch.setattr(predictions, "choose_device", lambda _: torch.device("meta"))
    monkeypatch.setattr(evaluate, "choose_device", lambda _: torch.device("meta"))
    short = ("ablate.epochs=1", "ablate.seeds=2", "trainer.accelerator=cpu", "logger=[csv]")
    commands = (("evaluate", *EVALUATE), ("ablate", *short), ("crossvalidate", *TRAIN))
    for command in commands:
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
            run(*command)


def fail(monkeypatch, name, run, *overrides):
    """Runs `evaluate` while one of its steps runs out of memory."""

    def run_out(*_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(evaluate, name, run_out)
        with pytest.raises(MemoryError):
            run("evaluate", *EVALUATE, *overrides)


def test_what_fails_behind_the_entry_goes_on_without_a_second_one(trained, run, monkeypatch):
    for step in ("predict", "predict", "evidence"):
        fail(monkeypatch, step, run)
    figures = run("evaluate", *EVALUATE).figures
    assert (figures["kept_predictions"], figures["openings"]) == (True, 1)


def test_a_repeat_for_one_reason_that_fails_is_one_entry(trained, run, monkeypatch):
    run("evaluate", *EVALUATE)
    reason = "evaluate.reason=the threads differed"
    for step in ("predict", "evidence"):
        fail(monkeypatch, step, run, reason)
    assert run("evaluate", *EVALUATE, reason).figures["openings"] == 2


@pytest.mark.parametrize("sort", [IMAGE, REGRESSION], indirect=True)
def test_what_is_scored_is_what_is_served(trained, run):
    figures = run("evaluate", *EVALUATE).figures
    run("export")
    model = Model("models")
    state = model.info["state"]["task"]
    assert figures["calibration"] == {name: state[name] for name in figures["calibration"]}
    store = load_store("data")
    rows = store.open_test()
    targets, served = np.asarray(store.targets[rows]), model.run(store.take(rows))
    with np.load("reports/test_predictions.npz") as kept:
        np.testing.assert_allclose(served, kept["predictions"], rtol=1e-3, atol=1e-4)
    for name, score in model.task.measure_answers(state).items():
        found = figures["answers"][name]
        assert score(targets, served) == pytest.approx(found["value"], abs=1e-3)
        assert found["interval"][0] <= found["value"] <= found["interval"][1]


def test_answers_follow_the_costs_of_the_charter_without_another_opening(trained, run):
    run("evaluate", *EVALUATE)
    classes = load_store("data").state["task"]["classes"]
    costs = 1.0 - np.eye(len(classes))
    costs[0] *= 1000  # whoever says another class for the first one pays dearly
    answer_costs(classes, costs.tolist())
    figures = run("evaluate", *EVALUATE).figures
    assert (figures["openings"], figures["kept_predictions"]) == (1, True)
    thresholds = figures["calibration"]["thresholds"]
    assert thresholds[0] < min(thresholds[1:])
    run("export")
    model = Model("models")
    unsure = np.full(len(classes), 1 / len(classes), np.float32)
    assert model.describe_predictions(unsure[None])[0]["label"] == classes[0]


def test_costs_that_do_not_suit_the_classes_stop_before_the_test_split_opens(trained, run):
    answer_costs(["cat", "dog"], [[0, 1], [1, 0]])
    with pytest.raises(UserError, match=r"problem.classes must list the \d classes of the data"):
        run("evaluate", *EVALUATE)
    assert Ledger("reports").entries() == []


def test_whoever_peeks_at_the_test_split_in_five_ways_is_refused_five_times(trained, run, tmp_path):
    first = run("evaluate", *EVALUATE)
    store = load_store("data")
    with pytest.raises(PermissionError, match="opens only in the final evaluation"):
        store.rows(TEST)
    with pytest.raises(IndexError):  # test items come last, and are not there
        store.targets[first.figures["items"] + len(store.targets) - 1]
    token = RUNNING.set("tune")
    with pytest.raises(PermissionError, match="`tune` asks for the test split"):
        store.open_test()
    RUNNING.reset(token)
    Path("reports/test_predictions.npz").unlink()
    with pytest.raises(UserError, match="say why it must be evaluated again"):
        run("evaluate", *EVALUATE)
    peeking = tmp_path / "peek.py"
    peeking.write_text('items = read("data")\nmine = items[items["split"] == "test"]\n')
    assert find_reading(peeking, False, False) == 2


def test_the_ledger_says_who_evaluated_what_when_and_with_which_result(trained, run):
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "config", "user.name", "Grace Hopper"], check=True)
    report = run("evaluate", *EVALUATE)
    opened, predicted, found = Ledger("reports").lines()
    run_id = load_report("train", "reports").figures["run"]
    assert (opened["by"], opened["run"]) == ("Grace Hopper", run_id)
    assert {line["model"] for line in (opened, predicted, found)} == {
        hash_file("models/model.ckpt")
    }
    assert {line["data"] for line in (opened, found)} == {load_store("data").state["version"]}
    assert (found["metric"], found["score"]) == ("accuracy", report.figures["metrics"]["accuracy"])
    assert opened["time"] <= predicted["time"] <= found["time"]
