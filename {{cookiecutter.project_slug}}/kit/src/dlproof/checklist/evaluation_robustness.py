"""Phase 5: what do disturbed items cost, and is the model too sure of what shows nothing?"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from ..config import build
from ..problem.baselines import choose_rows
from .evaluation import TOLERANCE, read_predictions
from .evidence import Evidence
from .verdict import Finding


def edge_cases_are_scored(project: Evidence) -> Finding:
    """Each configured disturbance has its drop on test items, and what is too sure is flagged."""
    found = project.figures("evaluate")["robustness"]
    scores, flagged = found["scores"], found["flagged"]
    if mistake := next(chain(find_missing(project, found), find_wrong(project, found)), ""):
        return Finding(False, mistake)
    worst = max(scores, key=lambda name: (not scores[name]["hides"], scores[name]["drop"] or 0.0))
    cost = f"{worst} costs {scores[worst]['drop']:.4g} of {project.cfg.task.metric}"
    told = f"{len(scores)} disturbances on {found['items']} test items, {cost}"
    named = f"; too sure under {', '.join(flagged)}" if flagged else ""
    return Finding(True, f"{told}{named}")


def find_missing(project: Evidence, found: dict[str, Any]) -> Iterator[str]:
    """What of the robustness set is not there."""
    settings, scores = project.cfg.evaluate, found["scores"]
    if not scores:
        yield "no disturbance is scored: name some in evaluate.robustness"
    for kind, strengths in settings.robustness.items():
        for name in (f"{kind}={strength:g}" for strength in strengths):
            if name not in scores and name not in found["unchanged"]:
                yield f"{name} is not scored"
    for name, row in scores.items():
        is_flagged = name in found["flagged"]
        if (row["overconfident"] > 1 - settings.sure) != is_flagged:
            told = f"{row['overconfident']:.0%} of the answers are overconfident"
            yield f"{name} is {'' if is_flagged else 'not '}flagged: {told}"


def find_wrong(project: Evidence, found: dict[str, Any]) -> Iterator[str]:
    """What does not follow from the kept predictions of the items as they are."""
    rows, targets, predictions = read_predictions(project)
    limit, task = project.cfg.evaluate.robustness_items, build(project.cfg.task)
    places = choose_rows(np.arange(len(rows)), limit, project.cfg.seed)
    if found["items"] != len(places):
        yield f"{found['items']} items are disturbed, not {len(places)}"
    before, sign = task.score(targets[places], predictions[places]), 1 if task.mode == "max" else -1
    if abs(before - found["undisturbed"]) > TOLERANCE * max(1.0, abs(before)):
        yield f"the undisturbed score is {before:.4f}, not {found['undisturbed']:.4f}"
    for name, row in found["scores"].items():
        if row["score"] is None:  # some answers are no numbers
            continue
        lost, (low, high) = sign * (before - row["score"]), row["interval"]
        if abs(lost - row["drop"]) > TOLERANCE * max(1.0, abs(lost)):
            yield f"{name} costs {lost:.4f}, not {row['drop']:.4f}"
        if not low - TOLERANCE <= row["drop"] <= high + TOLERANCE:
            yield f"the drop of {name} lies outside its interval"
