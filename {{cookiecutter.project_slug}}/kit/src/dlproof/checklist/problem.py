"""Checks of phase 1: what is asked, whether deep learning fits, what simple models reach."""

import json
import re
from pathlib import Path
from typing import Any

from .evidence import Evidence, NotYetError
from .tables import count_by_split, read_split
from .verdict import Finding

SCORED = "validation_items"  # of the report of `baselines`
LUCK = 1.645  # deviations, beyond which 5 % of all scores lie
ENOUGH = {"pretrained": 1_000, "from scratch": 10_000}  # training items
CLASSICAL = {
    "classification": ("logistic_regression", "random_forest", "gradient_boosting"),
    "regression": ("ridge", "random_forest", "gradient_boosting"),
}


def goal_has_a_number(project: Evidence) -> Finding:
    """The number that the goal moves is a number, not a mood; the charter's word for it."""
    told = str(project.answer("problem.goal_number"))
    return Finding(bool(re.search(r"\d", told)), told, proof="attested")


def input_and_output_are_the_models(project: Evidence) -> Finding:
    """The charter's classes are the data's, in any order, and the export answers with them."""
    project.figures("preprocess")
    classes = load_state(project)["task"].get("classes", [])
    named = list(map(str, project.answer("problem.classes")))
    output = f"{len(classes)} classes" if classes else "a number"
    if sorted(named) != sorted(classes):
        odd = sorted(set(named) ^ set(classes)) or named
        told = f"data: {output}; charter: {len(named)} classes; not in both: {odd[:5]}"
        return Finding(False, told)
    project.figures("export")
    sidecar = json.loads(Path(project.cfg.paths.models_dir, "model.json").read_text("utf-8"))
    inputs = ", ".join(f"{i['name']} {'x'.join(map(str, i['shape']))}" for i in sidecar["inputs"])
    served = sidecar["state"]["task"].get("classes", [])
    return Finding(served == classes, f"{inputs} -> {output}")


def task_is_the_models(project: Evidence) -> Finding:
    """Charter, config, fitted state and metrics agree on the task."""
    named = project.answer("problem.task")
    if named != project.cfg.task.name:
        return Finding(False, f"charter: {named}; config: {project.cfg.task.name}")
    project.figures("preprocess")
    state = load_state(project)["task"]
    fitted = "classification" if "classes" in state else "regression"
    metrics = set(project.figures("evaluate")["metrics"])
    measured = "classification" if "accuracy" in metrics else "regression"
    holds = named == fitted == measured
    return Finding(holds, f"charter {named}, data {fitted}, metrics {measured}")


def success_metric_ranks_the_models(project: Evidence) -> Finding:
    """One metric: the charter's is the task's, watched by the callbacks, and evaluated."""
    named = project.answer("success.metric")
    watched = {"the ranking": project.cfg.task.metric}
    for name in ("early_stopping", "best"):
        callback = project.cfg.callbacks.get(name)
        if callback is not None:
            watched[name] = callback.monitor.removeprefix("val/")
    others = [f"{name} follows {metric}" for name, metric in watched.items() if metric != named]
    if others:
        return Finding(False, f"charter: {named}; {', '.join(others)}")
    measured = project.figures("evaluate")["metrics"]
    if named not in measured:
        return Finding(False, f"{named} is not among {', '.join(measured)}")
    return Finding(True, f"{named}, followed by {', '.join(watched)}")


def simpler_models_were_tried(project: Evidence) -> Finding:
    """A linear model, a forest and boosting have scores on this very validation split."""
    scores, metric = read_baselines(project)
    wanted = CLASSICAL[project.cfg.task.name]
    missing = [name for name in wanted if metric not in scores.get(name, {})]
    if missing:
        return Finding(False, f"no score of {', '.join(missing)}")
    items = count_by_split(read_split(project))["validation"]
    scored = project.figures("baselines")[SCORED]
    told = ", ".join(f"{name} {scores[name][metric]:.3f}" for name in wanted)
    same = "" if scored == items else f" on {scored} items, but the split has {items}"
    return Finding(scored == items, f"{metric}: {told}{same}", "baselines.png")


def deep_learning_suits_the_data(project: Evidence) -> Finding:
    """The network is ahead of boosting, or the data is unstructured, or the charter says why."""
    scores, metric = read_baselines(project)
    if metric not in scores.get("gradient_boosting", {}):
        raise NotYetError("run `baselines` with gradient boosting")
    boosting = scores["gradient_boosting"][metric]
    network = project.figures("train")[f"best_val_{metric}"]
    gain = signed_gain(project, network, boosting)
    told = f"validation {metric}: network {network:.3f}, gradient boosting {boosting:.3f}"
    if gain > 0:
        return Finding(True, told)
    if project.cfg.preprocess.name != "tabular":
        kind = project.cfg.preprocess.name
        return Finding(True, f"{told}; {kind} data is unstructured", proof="present")
    reason = project.charter.get("need.why_deep_learning")
    if reason.state != "done":
        return Finding(False, f"{told}; no reason in need.why_deep_learning")
    return Finding(True, f"{told}; {reason.value}", proof="attested")


def enough_data(project: Evidence) -> Finding:
    """Enough training items for a model of its origin, or a signed reason."""
    items = project.figures("preprocess")["items"]["train"]
    origin = "pretrained" if project.cfg.model.get("pretrained") else "from scratch"
    told = f"{items:,} training items; {ENOUGH[origin]:,} are usual {origin}"
    if items >= ENOUGH[origin]:
        return Finding(True, told)
    reason = project.charter.get("need.enough_data")
    if reason.state != "done":
        return Finding(False, f"{told}; no reason in need.enough_data")
    signed = project.charter.content["need"]["signed"]
    return Finding(True, f"{told}; reason signed {signed['since']}", proof="attested")


def gain_is_worth_the_effort(project: Evidence) -> Finding:
    """On the test split the model is ahead of the best simple one by the expected gain."""
    figures = project.figures("evaluate")
    metric, best = figures["metric"], figures["best_baseline"]
    gain = signed_gain(project, figures["metrics"][metric], figures["baselines"][best][metric])
    expected = project.answer("need.expected_gain")
    told = f"{metric} {gain:+.4f} over {best}, expected {expected:+g}"
    return Finding(gain >= expected, told)


def minimum_is_reached(project: Evidence) -> Finding:
    """The bad end of the final evaluation's interval is still good enough."""
    figures = project.figures("evaluate")
    minimum = project.answer("success.minimum")
    low, high = figures["interval"]
    bad_end = low if project.cfg.task.mode == "max" else high
    told = f"{figures['metric']} [{low:.4f}, {high:.4f}], minimum {minimum:g}"
    return Finding(signed_gain(project, bad_end, minimum) >= 0, told)


def minimum_is_above_chance(project: Evidence) -> Finding:
    """Neither chance nor a constant reaches the minimum: it asks for something.

    Raises:
        NotYetError: One does, on so few items that it may be luck.
    """
    scores, metric = read_baselines(project)
    minimum, items = project.answer("success.minimum"), project.figures("baselines")[SCORED]
    found = {name: scores[name][metric] for name in ("random", "constant") if name in scores}
    told = ", ".join(f"{name} {score:.3f}" for name, score in found.items())
    told = f"minimum {metric} {minimum:g}; {told}"
    gains = {name: signed_gain(project, score, minimum) for name, score in found.items()}
    reached = [name for name, gain in gains.items() if gain >= 0]
    spreads = [measure_luck(project, found[name], minimum) / items**0.5 for name in reached]
    lucky = [gains[n] < LUCK * spread for n, spread in zip(reached, spreads, strict=True)]
    if len(found) == 2 and reached and all(lucky):
        more = "more validation items (split.validation) or a higher minimum would tell"
        raise NotYetError(f"{told}, by luck on {items} items or not: {more}")
    return Finding(len(found) == 2 and not reached, told)


def measure_luck(project: Evidence, score: float, minimum: float) -> float:
    """Deviation of one item's part in a score: of a share, or about as much as an error itself."""
    if project.cfg.task.mode == "min":
        return score
    if project.cfg.task.name == "regression":  # R2 is 1 less an error
        return 1 - score
    return (max(minimum * (1 - minimum), 0.0)) ** 0.5


def classical_baselines_were_fitted(project: Evidence) -> Finding:
    """At least two classical models were fitted, and beat a constant."""
    scores, metric = read_baselines(project)
    floor = scores.get("constant", {}).get(metric)
    known = [name for name in CLASSICAL[project.cfg.task.name] if metric in scores.get(name, {})]
    if floor is None or len(known) < 2:
        return Finding(False, f"{len(known)} classical models and {floor} of a constant")
    better = [n for n in known if signed_gain(project, scores[n][metric], floor) > 0]
    told = f"{len(better)} beat the constant's {metric} of {floor:.3f}"
    return Finding(len(better) >= 2, told, "baselines.png")


def baselines_are_not_good_enough(project: Evidence) -> Finding:
    """The best simple model falls short of the minimum, or the charter says why to go on."""
    figures = project.figures("baselines")
    minimum = project.answer("success.minimum")
    low, high = figures["best_interval"]
    good_end = high if project.cfg.task.mode == "max" else low
    told = f"{figures['best']} {figures['metric']} [{low:.3f}, {high:.3f}], minimum {minimum:g}"
    if signed_gain(project, good_end, minimum) < 0:
        return Finding(True, told)
    reason = project.charter.get("need.good_enough_baseline")
    if reason.state != "done":
        return Finding(False, f"{told}; no reason in need.good_enough_baseline")
    return Finding(True, f"{told}; {reason.value}", proof="attested")


def read_baselines(project: Evidence) -> tuple[dict[str, dict[str, float]], str]:
    """Scores of every baseline, and the metric that ranks them."""
    figures = project.figures("baselines")
    return figures["scores"], figures["metric"]


def load_state(project: Evidence) -> dict[str, Any]:
    """What `preprocess` fitted.

    Raises:
        NotYetError: It has not run.
    """
    path = Path(project.cfg.paths.data_dir, "processed", "state.json")
    if not path.exists():
        raise NotYetError("run `preprocess`")
    state: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return state


def signed_gain(project: Evidence, ours: float, theirs: float) -> float:
    """By how much the first is better, in the ranking metric's direction."""
    return ours - theirs if project.cfg.task.mode == "max" else theirs - ours
