"""Faults of phase 5: the test split misused, figures that are not so, a model that is no better."""

import csv
import io
import json

import numpy as np
import pytest

from faults.harness import Fault

NUMBERS = "tabular-regression"


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


def report_r2_of_training(work):
    work.edit_report("evaluate", lambda figures: figures["metrics"].update(r2=0.99))


def show_training_items(work):
    with (work.root / "data/splits.csv").open() as stream:
        train = [row["id"] for row in csv.DictReader(stream) if row["split"] == "train"]

    def change(figures):
        figures["worst"][0]["id"] = train[0]

    work.edit_report("evaluate", change)


def transpose(work):
    def change(figures):
        figures["confusion"] = [list(row) for row in zip(*figures["confusion"], strict=True)]

    work.edit_report("evaluate", change)


def leave_a_group_behind(work):
    def change(figures):
        figures["groups"]["label=3"] |= {"score": 0.6, "interval": [0.5, 0.7]}

    work.edit_report("evaluate", change)


def let_the_baseline_win(work):
    def change(figures):
        figures["baselines"][figures["best_baseline"]][figures["metric"]] = 1.0

    work.edit_report("evaluate", change)


def differ_surely(work):
    """However well the demo's run went."""
    work.edit_report("evaluate", lambda figures: figures.update(gain_interval=[0.01, 0.05]))


def differ_within_noise(work):
    work.edit_report("evaluate", lambda figures: figures.update(gain_interval=[-0.01, 0.03]))


def differ_by(interval, gain):
    """The interval of a difference, and the difference itself."""

    def apply(work):
        def change(figures):
            metric, best = figures["metric"], figures["best_baseline"]
            figures["gain_interval"] = interval
            figures["baselines"][best][metric] = figures["metrics"][metric] - gain

        work.edit_report("evaluate", change)

    return apply


def ask_for_more(work):
    work.charter(**{"need.expected_gain": 0.5})


def say_no_verdict(work):
    work.charter(**{"need.worth_it": "TODO"})


NEAR = differ_by([-0.0056, 0.0667], 0.03)  # one of the demo's 180 items below zero
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
        also=("DL-33.2",),  # dropout may cost what made it better
    ),
    Fault("DL-30.1", "macro swapped for micro", average_otherwise),
    Fault("DL-30.5", "R² of the training split", report_r2_of_training, option_set=NUMBERS),
    Fault("DL-31.1", "items of the training split", show_training_items),
    Fault("DL-31.2", "a transposed matrix", transpose),
    Fault("DL-31.3", "a group below the minimum", leave_a_group_behind),
    Fault("DL-33.1", "a baseline that wins", let_the_baseline_win, also=BEATEN),
    Fault("DL-33.2", "a difference within noise", differ_within_noise, given=differ_surely),
    Fault("DL-33.2", "two items within noise", differ_by([-0.0111, 0.0667], 0.03), given=NEAR),
    Fault(
        "DL-33.2",
        "as many items worse as better",
        differ_by([-0.0333, 0.0333], 0.0),
        also=("DL-33.1", "DL-02.4", "DL-33.3"),
        given=NEAR,
    ),
    Fault("DL-33.3", "a gain below what was asked", ask_for_more, also=("DL-02.4",)),
    Fault("DL-33.3", "no verdict", say_no_verdict, becomes="to do"),
]
