"""Faults of phase 5: the test split misused, figures that are not so, a model that is no better."""

import io
import json
from unittest.mock import Mock

import numpy as np
import pytest

from faults.harness import NUMBERS, Fault
from faults.problem import SCORES


def read_test_while_tuning(work):
    code = '"""Tunes."""\n\n\ndef tune(store):\n    return store.targets[store.open_test()]\n'
    work.write(f"src/{work.package}/training/tune.py", code)


def select_test_items(work):
    code = "def choose(items):\n    return items[items['split'] == 'test']\n"
    work.write(f"src/{work.package}/training/choose.py", code)


def look_at_test_items(work):
    cell = {"cell_type": "code", "source": ["store.items.query(\"split == 'test'\")"]}
    work.write("look.ipynb", json.dumps({"cells": [cell]}))


def rewrite_the_ledger(work):
    lines = (work.root / "reports/test_ledger.jsonl").read_text().splitlines()
    work.write("reports/test_ledger.jsonl", "\n".join([*lines[1:], ""]))


def forget_the_evaluation(work):
    lines = (work.root / "reports/test_ledger.jsonl").read_text().splitlines()
    work.write("reports/test_ledger.jsonl", "\n".join([*lines[:-1], ""]))


def forge_the_predictions(work):
    """Every answer is right."""
    path = "reports/test_predictions.npz"
    with np.load(work.root / path) as kept:
        content = dict(kept)
    targets = np.load(work.root / "data/processed/targets.npy")[content["rows"]]
    content["predictions"] = np.eye(content["predictions"].shape[1], dtype=np.float32)[targets]
    stream = io.BytesIO()
    np.savez(stream, **content)
    work.write(path, stream.getvalue(), settled=False)


def forge_and_evaluate(work):
    """The stage says what it would take, and the report stays as it was."""
    forge_the_predictions(work)
    with pytest.raises(work.module("errors").UserError, match="say why it must be evaluated again"):
        work.run("evaluate")


def raise_the_metric(work):
    """In an editor."""
    metric = work.load("evaluate").figures["metrics"]["accuracy"]
    path = "reports/evaluate.json"
    work.edit(path, f'"accuracy": {metric}', '"accuracy": 1.0', settled=False)


def meet_the_test_split_again(work):
    text = (work.root / "reports/test_ledger.jsonl").read_text()
    again = json.loads(text.splitlines()[-1]) | {"reason": ""}
    work.write("reports/test_ledger.jsonl", text + json.dumps(again) + "\n")


def evaluate_in_training_mode(work):
    load_network = work.module("evaluation.predictions").load_network

    def load_training(*arguments):
        network, hyperparameters = load_network(*arguments)
        return network.train(), hyperparameters

    work.patch("evaluation.predictions", "load_network", load_training)
    work.remove("reports/test_predictions.npz")
    work.set_config("stages.yaml", evaluate__reason="a fault")
    work.run("evaluate")


def average_otherwise(work):
    """F1 over all items in place of the mean over classes."""
    metrics = work.module("problem.classification").Classification.METRICS
    work.monkeypatch.setitem(metrics, "f1_macro", metrics["accuracy"])
    work.run("evaluate")


def square_the_correlation(work):
    """Another R² than that of the predictions as they are."""
    metrics = work.module("problem.regression").Regression.METRICS
    correlate = Mock(score=lambda targets, values: float(np.corrcoef(targets, values)[0, 1] ** 2))
    work.monkeypatch.setitem(metrics, "r2", correlate)
    work.run("evaluate")


def evaluate_again(work):
    """The kept predictions, beside baselines that take no time and are wrong on every tenth."""

    def score_baselines(_, store, __, rows):
        targets = np.asarray(store.targets[rows])
        wrong = answer(targets, np.arange(0, len(rows), 10))
        return dict.fromkeys(work.load("baselines").figures["scores"], wrong)

    work.patch("evaluation.evaluate", "score_baselines", score_baselines)
    work.run("evaluate")


def show_training_items(work):
    list_worst = work.find("evaluation.evaluate", "list_worst")

    def list_others(store, task, rows, predictions):
        return list_worst(store, task, store.rows("train")[: len(rows)], predictions)

    work.patch("evaluation.evaluate", "list_worst", list_others)
    evaluate_again(work)


def transpose(work):
    task = work.module("problem.classification").Classification
    analyse = task.analyse

    def analyse_transposed(self, targets, predictions, state):
        figures = analyse(self, targets, predictions, state)
        figures["confusion"] = np.transpose(figures["confusion"]).tolist()
        return figures

    work.monkeypatch.setattr(task, "analyse", analyse_transposed)
    evaluate_again(work)


def flag_nothing(work):
    """Whatever a blank picture is taken for."""
    work.set_config("stages.yaml", evaluate__sure=0.15)
    work.patch("evaluation.robustness", "find_flagged", lambda *_: [])
    evaluate_again(work)


def leave_out_blanks(work):
    score = work.find("evaluation.evaluate", "score_disturbed")

    def score_some(cfg, *others):
        del cfg.evaluate.robustness.blank
        return score(cfg, *others)

    work.patch("evaluation.evaluate", "score_disturbed", score_some)
    evaluate_again(work)


def answer(targets, wrong):
    """Probabilities of ten classes, for another class where they are wrong."""
    said = targets.copy()
    said[wrong] = (said[wrong] + 1) % 10
    return np.eye(10)[said] * 0.9 + 0.01


def evaluate_as(better, worse, label=None):
    """The test split with models that are wrong on so many items, as if trained to be.

    Args:
        better: Items on which the baselines alone are wrong.
        worse: Items on which the network alone is.
        label: Class of the latter; None for any.
    """

    def apply(work):
        def order(store, rows):
            targets = np.asarray(store.targets[rows])
            places = np.random.default_rng(0).permutation(len(rows))
            chosen = targets[places] == label
            return targets, np.concatenate([places[chosen], places[~chosen]])

        def predict(_, store, rows, *__):
            targets, places = order(store, rows)
            mode = {"calls": 1, "in_training_mode": 0, "with_gradients": 0}
            return answer(targets, places[:worse]), mode

        def score_baselines(_, store, __, rows):
            targets, places = order(store, rows)
            wrong = answer(targets, places[worse : worse + better])
            return dict.fromkeys(work.load("baselines").figures["scores"], wrong)

        work.patch("evaluation.evaluate", "predict", predict)
        work.patch("evaluation.evaluate", "score_baselines", score_baselines)
        reason = f"a fault of {better} and {worse}"
        work.set_config("stages.yaml", evaluate__reason=reason)
        work.run("evaluate")

    return apply


def ask_for_more(work):
    work.charter(**{"need.expected_gain": 0.5})


def say_no_verdict(work):
    work.charter(**{"need.worth_it": "TODO"})


NEAR = evaluate_as(13, 5)  # at the worst one of the demo's 180 items below zero
BEATEN = ("DL-02.4", "DL-33.2", "DL-33.3")
FAULTS = [
    Fault("DL-29.1", "tuning that reads test", read_test_while_tuning),
    Fault("DL-29.1", "code that selects test items", select_test_items),
    Fault("DL-29.1", "a notebook that selects test items", look_at_test_items),
    Fault("DL-29.2", "a second evaluation without a reason", meet_the_test_split_again),
    Fault("DL-29.2", "an opening taken out of the ledger", rewrite_the_ledger),
    Fault("DL-29.2", "an evaluation taken out of the ledger", forget_the_evaluation),
    Fault("DL-29.2", "forged predictions", forge_the_predictions, becomes="stale"),
    Fault("DL-30.1", "forged predictions, evaluated", forge_and_evaluate, becomes="stale"),
    Fault("DL-03.1", "a metric raised in an editor", raise_the_metric, becomes="stale"),
    Fault(
        "DL-29.3",
        "the model left in training mode",
        evaluate_in_training_mode,
        also=("DL-33.2", "DL-03.1"),  # dropout may cost what made it good
    ),
    Fault("DL-30.1", "macro swapped for micro", average_otherwise),
    Fault("DL-30.5", "R² as a squared correlation", square_the_correlation, option_set=NUMBERS),
    Fault("DL-31.1", "items of the training split", show_training_items),
    Fault("DL-31.2", "a transposed matrix", transpose),
    Fault(
        "DL-31.3",
        "a group below the minimum",
        evaluate_as(20, 6, label=3),
        also=("DL-03.1", *SCORES),
    ),
    Fault("DL-31.4", "a blank picture taken for a digit and not flagged", flag_nothing),
    Fault("DL-31.4", "blank pictures left out", leave_out_blanks),
    Fault("DL-33.1", "a baseline that wins", evaluate_as(0, 1), also=BEATEN),
    Fault("DL-33.2", "a difference within noise", evaluate_as(6, 3), given=evaluate_as(10, 0)),
    Fault("DL-33.2", "two items within noise", evaluate_as(13, 6), given=NEAR),
    Fault(
        "DL-33.2",
        "as many items worse as better",
        evaluate_as(9, 9),
        also=("DL-33.1", "DL-02.4", "DL-33.3"),
        given=NEAR,
    ),
    Fault("DL-33.3", "a gain below what was asked", ask_for_more, also=("DL-02.4",)),
    Fault("DL-33.3", "no verdict", say_no_verdict, becomes="to do"),
]
