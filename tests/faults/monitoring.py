"""Faults of phase 7: the window, the reference, and what Prometheus scrapes."""

import json
from contextlib import closing
from typing import Any

from faults.harness import Fault, Workspace

SCORES = ("ML-22", "ML-26", "ML-41")
WINDOW = ("DL-38.1", "DL-38.2", "DL-39.1")  # all need predictions


def lose_the_window(work: Workspace) -> None:
    for path in sorted((work.root / "data").glob("predictions.sqlite*")):
        path.unlink()
    work.run("monitor")


def forget(*names: str):
    def apply(work: Workspace) -> None:
        def change(figures: dict[str, Any]) -> None:
            for name in names:
                figures["watched"].pop(name)

        work.edit_report("monitor", change)

    return apply


def watch_another_model(work: Workspace) -> None:
    work.edit_report("monitor", lambda figures: figures.update(version="exp-2001-01-01-001"))


def forget_one_input(work: Workspace) -> None:
    def change(figures: dict[str, Any]) -> None:
        figures["watched"].pop(first_input(figures))

    work.edit_report("monitor", change)


def lose_the_low_share(work: Workspace) -> None:
    work.edit_report("monitor", lambda figures: figures.pop("low_confidence"))


def answer_more(work: Workspace) -> None:
    """The service answers once more; the monitor has not seen it."""
    log = work.module("monitoring.log")
    answer = {"label": "3", "probability": 0.9}
    version = work.load("export").figures["version"]
    with closing(log.PredictionLog(log.log_path("data"))) as opened:
        opened.add([log.Entry("one-more", answer, {})], version)


def shift(name: str):
    """Something drifts far, and the monitor says so."""

    def apply(work: Workspace) -> None:
        def change(figures: dict[str, Any]) -> None:
            found = name if name in figures["watched"] else first_input(figures)
            figures["watched"][found]["psi"] = 5.1
            figures.update(drift=True, drifted=[found])

        work.edit_report("monitor", change)

    return apply


def first_input(figures: dict[str, Any]) -> str:
    return next(name for name in figures["watched"] if name.startswith("input/"))


def make_the_reference_from(split: str):
    def apply(work: Workspace) -> None:
        store = work.module("data.store").load_store("data")
        store.open_test()
        work.patch("data.store", "TEST", "nothing")  # else the store refuses it
        work.patch("deployment.reference", "TRAIN", split)
        model = work.module("deployment.runtime").Model("models")
        made = work.module("deployment.reference").build_reference(model, store)
        work.write("models/reference.json", json.dumps(made))

    return apply


def rename(metric: str):
    def apply(work: Workspace) -> None:
        def change(figures: dict[str, Any]) -> None:
            figures["metrics"][f"{metric}_renamed"] = figures["metrics"].pop(metric)

        # What follows from the probe's figures is made anew, so that nothing is stale.
        work.edit_report("probe", change)
        work.run("monitor")

    return apply


def stop_counting(metric: str):
    def apply(work: Workspace) -> None:
        work.edit_report("probe", lambda figures: figures["metrics"][metric].update(count=0))

    return apply


def ask_for_all_seven(work: Workspace) -> None:
    work.patch("checklist.score", "REASONABLE", 7.0)


FAULTS = [
    Fault("DL-38.1", "no prediction is logged", lose_the_window, also=WINDOW),
    Fault("DL-38.1", "predictions are not compared", forget("prediction")),
    Fault("DL-38.1", "another model is watched", watch_another_model),
    Fault("DL-38.1", "a newer prediction", answer_more, becomes="stale"),
    Fault("DL-38.2", "a newer prediction", answer_more, becomes="stale"),
    Fault("DL-39.1", "a newer prediction", answer_more, becomes="stale"),
    Fault("DL-38.1", "predictions that drift", shift("prediction")),
    Fault("DL-38.2", "confidence that drifts", shift("confidence")),
    Fault("DL-39.1", "an input that drifts", shift("input/")),
    Fault(
        "DL-38.2",
        "confidence is no metric",
        rename("prediction_confidence"),
        also=("ML-39",),
    ),
    Fault("DL-38.2", "confidence is not compared", forget("confidence")),
    Fault("DL-38.2", "unsure answers are not counted", lose_the_low_share),
    Fault("DL-39.1", "the reference is of test", make_the_reference_from("test")),
    Fault("DL-39.1", "the reference is of validation", make_the_reference_from("validation")),
    Fault("DL-39.1", "an input is not compared", forget_one_input),
    Fault("ML-36", "metric renamed", rename("request_seconds")),
    Fault("ML-36", "nothing is observed", stop_counting("request_seconds")),
    Fault("ML-38", "metric renamed", rename("requests")),
    Fault("ML-39", "metric renamed", rename("prediction_confidence"), also=("DL-38.2",)),
    Fault(
        "ML-39",
        "nothing is observed",
        stop_counting("prediction_confidence"),
        also=("DL-38.2",),
    ),
    Fault("ML-22", "a sum below the floor", ask_for_all_seven, also=SCORES),
    Fault("ML-26", "a sum below the floor", ask_for_all_seven, also=SCORES),
    Fault("ML-41", "a sum below the floor", ask_for_all_seven, also=SCORES),
]
