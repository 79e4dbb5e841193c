"""Faults of phase 7: the window, the reference, and what Prometheus scrapes."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from faults.harness import TABLES, Fault, Workspace
from faults.probing import probe
from faults.problem import Apply

Change = Callable[[dict[str, Any], dict[str, Any]], Any]  # of an answer and its input's summary

SCORES = ("ML-22", "ML-26", "ML-41")
WINDOW = ("DL-38.1", "DL-38.2", "DL-39.1")  # all need predictions


def lose_the_window(work: Workspace) -> None:
    for path in sorted((work.root / "data").glob("predictions.sqlite*")):
        path.unlink()
    work.run("monitor")


def overlook(found: Callable[[str], bool]) -> Apply:
    """The project's own `judge` leaves distributions out."""

    def apply(work: Workspace) -> None:
        judge = work.find("monitoring.monitor", "judge")

        def judge_others(window: Any, watched: dict[str, Any], max_psi: float) -> dict[str, Any]:
            left_out = next(filter(found, watched))
            others = {name: known for name, known in watched.items() if name != left_out}
            return judge(window, others, max_psi)

        work.patch("monitoring.monitor", "judge", judge_others)
        work.run("monitor")

    return apply


def is_input(name: str) -> bool:
    return name.startswith("input/")


def watch_another_model(work: Workspace) -> None:
    """One that was served before, whose answers are in the log."""
    other = "exp-2001-01-01-001"
    load_reference = work.find("monitoring.monitor", "load_reference")
    work.patch(
        "monitoring.monitor",
        "load_reference",
        lambda path: load_reference(path) | {"version": other},
    )
    log_again(work, lambda answer, summary: None, version=other)
    work.run("monitor")


def lose_the_low_share(work: Workspace) -> None:
    work.patch("monitoring.monitor", "measure_low_confidence", lambda *_: {})
    work.run("monitor")


def log_again(work: Workspace, change: Change, version: str = "") -> None:
    """What the probe asked is asked again by users, and is otherwise."""
    log = work.module("monitoring.log")
    current = work.load("export").figures["version"]
    with closing(log.PredictionLog(log.log_path("data"))) as opened:
        rows = opened.newest(current, log.PROBE, 100)
        for row in rows.itertuples():
            change(row.prediction, row.summary)
        entries = [
            log.Entry(f"live-{row.id}", row.prediction, row.summary) for row in rows.itertuples()
        ]
        opened.add(entries, version or current)


def answer_more(work: Workspace) -> None:
    """The service answers once more; the monitor has not seen it."""
    log = work.module("monitoring.log")
    answer = {"label": "3", "probability": 0.9}
    version = work.load("export").figures["version"]
    with closing(log.PredictionLog(log.log_path("data"))) as opened:
        opened.add([log.Entry("one-more", answer, {})], version)


def drift(change: Change) -> Apply:
    """Users send something else than training had, and `monitor` runs."""

    def apply(work: Workspace) -> None:
        log_again(work, change)
        work.run("monitor")

    return apply


def answer_three(answer: dict[str, Any], _: dict[str, Any]) -> None:
    answer["label"] = "3"


def doubt(answer: dict[str, Any], _: dict[str, Any]) -> None:
    answer["probability"] /= 2


def brighten(_: dict[str, Any], summary: dict[str, Any]) -> None:
    name = next(iter(summary))
    summary[name] = 3 * summary[name] + 1


def make_the_reference_from(split: str) -> Apply:
    def apply(work: Workspace) -> None:
        work.patch("data.store", "TEST", "nothing")  # else the store refuses it
        work.patch("deployment.reference", "TRAIN", split)
        work.run("export")

    return apply


def count_otherwise(metric: str, change: Callable[[Any], Any]) -> Apply:
    """The service keeps one of its histograms otherwise; `change` makes another of the class."""

    def apply(work: Workspace) -> None:
        histogram = work.find("deployment.metrics", "Histogram")

        def make(name: str, *arguments: Any, **options: Any) -> Any:
            made = change(histogram) if name == metric else histogram
            return made(name, *arguments, **options)

        work.patch("deployment.metrics", "Histogram", make)
        probe(work)
        work.run("monitor")  # else it is stale

    return apply


def rename(histogram: Any) -> Any:
    return lambda name, *arguments, **options: histogram(f"{name}_renamed", *arguments, **options)


def stop_counting(histogram: Any) -> Any:
    return type("Silent", (histogram,), {"observe": lambda *_: None})


def rename_requests(work: Workspace) -> None:
    """`probe` refuses it: it counts by them."""

    def change(figures: dict[str, Any]) -> None:
        figures["metrics"]["requests_renamed"] = figures["metrics"].pop("requests")

    work.edit_report("probe", change)
    work.run("monitor")


def ask_for_all_seven(work: Workspace) -> None:
    work.patch("checklist.score", "REASONABLE", 7.0)


FAULTS = [
    Fault("DL-38.1", "no prediction is logged", lose_the_window, also=WINDOW),
    Fault("DL-38.1", "predictions are not compared", overlook("prediction".__eq__)),
    Fault("DL-38.1", "another model is watched", watch_another_model),
    Fault("DL-38.1", "a newer prediction", answer_more, becomes="stale"),
    Fault("DL-38.2", "a newer prediction", answer_more, becomes="stale"),
    Fault("DL-39.1", "a newer prediction", answer_more, becomes="stale"),
    Fault("DL-38.1", "predictions that drift", drift(answer_three)),
    Fault("DL-38.2", "confidence that drifts", drift(doubt)),
    Fault("DL-39.1", "an input that drifts", drift(brighten)),
    Fault(
        "DL-38.2",
        "confidence is no metric",
        count_otherwise("prediction_confidence", rename),
        also=("ML-39",),
    ),
    Fault("DL-38.2", "confidence is not compared", overlook("confidence".__eq__)),
    Fault("DL-38.2", "unsure answers are not counted", lose_the_low_share),
    Fault(
        "DL-39.1", "the reference is of test", make_the_reference_from("test"), option_set=TABLES
    ),
    Fault(
        "DL-39.1",
        "the reference is of validation",
        make_the_reference_from("validation"),
        option_set=TABLES,
    ),
    Fault("DL-39.1", "an input is not compared", overlook(is_input)),
    Fault("ML-36", "metric renamed", count_otherwise("request_seconds", rename)),
    Fault("ML-36", "nothing is observed", count_otherwise("request_seconds", stop_counting)),
    Fault("ML-38", "metric renamed", rename_requests, edits=True),
    Fault(
        "ML-39",
        "metric renamed",
        count_otherwise("prediction_confidence", rename),
        also=("DL-38.2",),
    ),
    Fault(
        "ML-39",
        "nothing is observed",
        count_otherwise("prediction_confidence", stop_counting),
        also=("DL-38.2",),
    ),
    Fault("ML-22", "a sum below the floor", ask_for_all_seven, also=SCORES),
    Fault("ML-26", "a sum below the floor", ask_for_all_seven, also=SCORES),
    Fault("ML-41", "a sum below the floor", ask_for_all_seven, also=SCORES),
]
