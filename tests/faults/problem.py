"""Faults of phase 1: what is asked, limits, baselines."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from faults.harness import TABLES, Fault, Workspace

Apply = Callable[[Workspace], None]


def answer(key: str, value: Any) -> Apply:
    """Writes one answer into the charter."""

    def apply(work: Workspace) -> None:
        work.charter(**{key: value})

    return apply


def watch_another_metric(work: Workspace) -> None:
    work.set_config("callbacks/default.yaml", best__monitor="val/loss", best__mode="min")


def serve_the_likeliest(work: Workspace) -> None:
    work.patch("tasks.classification", "fit_thresholds", lambda *given: None)
    work.run("export")


def turn_the_costs(work: Workspace) -> None:
    """The export is of costs whose rows and columns are swapped."""
    read = work.find("charter.costs", "read_costs")
    work.patch("evaluation.calibration", "read_costs", lambda classes: read(classes).T)
    work.run("export")


def add_an_unlicensed_source(work: Workspace) -> None:
    second = {"name": "a colleague's folder", "owner": "a colleague", "link": "//server/forms"}
    first = work.module("charter.charter").read_charter()[0]["data"]["sources"][0]
    work.charter(**{"data.sources": [first, second]})


def leave_a_high_risk(work: Workspace) -> None:
    work.charter(**{"risks.0.level": "high", "risks.0.mitigation": "none"})


def promise_batches(work: Workspace) -> None:
    work.charter(**{"limits.mode": "batch"})
    work.remove("reports/predict.json")


def repeat_the_goal(work: Workspace) -> None:
    goal = work.module("charter.charter").read_charter()[0]["problem"]["goal"]
    work.charter(**{"problem.statement": f"{goal.upper()}, 1"})


def plan_nothing_more(work: Workspace) -> None:
    work.charter(**{f"milestones.{n}.due": date(2020, 1, 1 + n) for n in range(2)})


def fail_five_data_tests(work: Workspace) -> None:
    work.charter(**{"limits.latency_ms": 0.001})
    work.edit_report("clean", lambda figures: figures.update(raw_hash_after="another"))
    harm = {"loss": -1.0, "error": 0.1}
    work.edit_report("baselines", lambda figures: figures["uses"].update(poison=harm))
    work.edit("docs/recipes.md", "### A feature", "## Features")
    coverage = work.module("checklist.coverage")
    covers = coverage.hash_covered(work.project)
    coverage.write_coverage(Path("reports/coverage.json"), 9.0, covers)


LOREM = "Lorem ipsum dolor sit amet, consectetur adipiscing elit"
PROBLEM = ("DL-01.2", "DL-01.3", "ML-01")  # of the same section
PARAGRAPHS = "We want to read digits. They are on forms.\n\nForms come by post.\n\nPost is slow."
LATENCY = ("DL-03.2", "ML-09", "DL-36.4")
LICENCE = ("DL-05.4", "DL-06.3")
SCORES = ("ML-22", "ML-26", "ML-41")  # sums that fall with a bullet they count


def declare(groups: dict[str, float]):
    """Other groups, with which the data is explored anew."""

    def apply(work: Workspace) -> None:
        work.charter(**{"data.groups": groups})
        work.run("explore")

    return apply


FAULTS = [
    Fault("DL-01.1", "a filler", answer("problem.statement", "TBD"), becomes="to do"),
    Fault("DL-01.1", "one word", answer("problem.statement", "Digits"), becomes="to do"),
    Fault(
        "DL-01.1", "keys in a row", answer("problem.statement", "asdf qwer zxcv"), becomes="to do"
    ),
    Fault("DL-01.1", "another answer again", repeat_the_goal, becomes="to do"),
    Fault(
        "DL-01.1", "signed ahead", answer("problem.signed.since", date(2099, 1, 1)), also=PROBLEM
    ),
    Fault("DL-01.1", "three paragraphs", answer("problem.statement", PARAGRAPHS)),
    Fault("DL-01.1", "a placeholder", answer("problem.statement", "TODO"), becomes="to do"),
    Fault(
        "DL-01.2",
        "classes of another model",
        answer("problem.classes", ["cat", "dog"]),
        also=("ML-06",),  # whose rows of costs are nobody's then
    ),
    Fault("DL-01.3", "regression on class labels", answer("problem.task", "regression")),
    Fault(
        "DL-01.4",
        "unknown metric",
        answer("success.metric", "unknown_metric"),
        also=("ML-05", "DL-27.1"),
    ),
    Fault("DL-02.4", "no expected gain", answer("need.expected_gain", ""), also=("DL-33.3",)),
    Fault(
        "DL-02.4",
        "a gain that was not reached",
        answer("need.expected_gain", 0.5),
        also=("DL-33.3",),
    ),
    Fault(
        "DL-03.1",
        "minimum above the result",
        answer("success.minimum", 1.01),
        also=("DL-31.3", *SCORES),
    ),
    Fault(
        "DL-03.2", "limit of 0.001 ms", answer("limits.latency_ms", 0.001), also=LATENCY + SCORES
    ),
    Fault("DL-03.3", "no budget for training", answer("budgets.training", 0)),
    Fault("DL-03.3", "no budget for serving", answer("budgets.serving_per_month", 0)),
    Fault("DL-03.4", "no date", answer("milestones.0.due", "soon"), also=("ML-03",)),
    Fault("DL-03.4", "every milestone is over", plan_nothing_more),
    Fault("DL-03.4", "no milestones", answer("milestones", [])),
    Fault("DL-03.4", "the second before the first", answer("milestones.1.due", date(2020, 1, 1))),
    Fault("DL-05.1", "an absent group", declare({"label=x": 0.1}), also=SCORES),
    Fault("DL-05.1", "another share", declare({"label=7": 0.5}), also=SCORES),
    Fault("DL-05.2", "high risk, no mitigation", leave_a_high_risk),
    Fault("DL-05.4", "licence unknown", answer("data.sources.0.licence", "unknown"), also=LICENCE),
    Fault("DL-05.4", "no SPDX name", answer("data.sources.0.licence", "CC-BY"), also=LICENCE),
    Fault("DL-06.3", "a licence of one word", answer("data.sources.0.licence", "x1"), also=LICENCE),
    Fault(
        "DL-06.3",
        "a second source without licence",
        add_an_unlicensed_source,
        also=LICENCE,
        becomes="to do",
    ),
    Fault("ML-01", "a goal without a number", answer("problem.goal_number", "happier people")),
    Fault("ML-01", "a filler", answer("problem.goal", "tbd"), becomes="to do"),
    Fault("ML-02", "two owners", answer("people.owner", "Ada and Bob"), also=SCORES),
    Fault("ML-02", "an address that CODEOWNERS lacks", answer("people.contact", "a@b.org")),
    Fault("ML-02", "no CODEOWNERS", lambda work: work.remove("CODEOWNERS")),
    Fault("ML-03", "no scope", answer("milestones.0.scope", ""), becomes="to do"),
    Fault("ML-04", "no rhythm", answer("people.rhythm", ""), becomes="to do"),
    Fault("ML-04", "a word that says nothing", answer("people.rhythm", "x1"), becomes="to do"),
    Fault("ML-05", "two ranking metrics", watch_another_metric, also=("DL-01.4", "DL-27.1")),
    Fault("ML-06", "costs of two classes", answer("success.costs", [[0, 1], [1, 0]])),
    Fault("ML-06", "no costs", answer("success.costs", [])),
    Fault("ML-06", "the likeliest class is served", serve_the_likeliest, option_set=TABLES),
    Fault("ML-06", "costs of the other class", turn_the_costs, option_set=TABLES),
    Fault("ML-07", "no source", answer("success.source", ""), becomes="to do"),
    Fault("ML-07", "a minimum that chance reaches", answer("success.minimum", 0.05)),
    Fault("ML-08", "limit of 1 MB", answer("limits.memory_mb", 1)),
    Fault("ML-09", "limit of 0.001 ms", answer("limits.latency_ms", 0.001), also=LATENCY + SCORES),
    Fault(
        "ML-10",
        "more traffic than was tried",
        answer("limits.requests_per_second", 1e6),
        also=("DL-36.4", "DL-03.3"),
    ),
    Fault("ML-11", "batches promised, none predicted", promise_batches),
    Fault("ML-12", "no reference", answer("references", [])),
    Fault("ML-12", "a reference of one word", answer("references.0.title", "x1"), becomes="to do"),
    Fault("ML-12", "a reference without a figure", answer("references.0.figure", "very good")),
    Fault("ML-14", "no experts", answer("people.experts", [])),
    Fault("ML-14", "lorem ipsum", answer("people.experts.0.reviewed", LOREM), becomes="to do"),
    Fault("ML-15", "no such place", answer("serving.target", "fridge")),
    Fault(
        "ML-22",
        "five of its tests not met",
        fail_five_data_tests,
        also=(*LATENCY, "DL-08.1", "DL-14.3"),
        edits=True,
    ),
    Fault("ML-23", "baseline good enough", answer("need.good_enough_baseline", "TODO")),
]
