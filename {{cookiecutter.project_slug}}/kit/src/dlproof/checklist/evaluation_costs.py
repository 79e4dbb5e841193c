"""Phase 5: what do wrong answers cost, and does the service answer as was evaluated?"""

from pathlib import Path

import numpy as np

from ..charter.costs import read_costs
from ..files import read_json
from .evaluation import TOLERANCE, read_predictions
from .evidence import Evidence
from .problem import load_state
from .verdict import Finding


def answers_cost_what_was_reported(project: Evidence) -> Finding:
    """A cost for each pair of classes, by which the exported model answers; gives the expected one.

    Its thresholds may cost more on the test split than none, by chance, but not surely.
    """
    costs = project.answer("success.costs")
    project.figures("preprocess")
    classes = load_state(project)["task"]["classes"]
    if len(costs) != len(classes) or any(len(row) != len(classes) for row in costs):
        return Finding(False, f"costs of {len(costs)} rows for {len(classes)} classes")
    if any(costs[code][code] != min(costs[code]) for code in range(len(classes))):
        return Finding(False, "a wrong answer costs less than the right one")
    if sorted(map(str, project.answer("problem.classes"))) != sorted(classes):
        return Finding(False, "problem.classes does not name the row of each cost")
    figures = project.figures("evaluate")
    answers, scored = figures["answers"], figures["calibration"].get("thresholds")
    project.figures("export")
    served = read_json(Path(project.cfg.paths.models_dir, "model.json"))["state"]["task"]
    wanted, thresholds = read_costs(classes), served.get("thresholds")
    if wanted is None or served.get("costs") != wanted.tolist():
        return Finding(False, "the exported model answers by other costs: run `export`")
    if (thresholds is None) != (scored is None) or not np.allclose(thresholds or 0, scored or 0):
        return Finding(False, "the exported model answers by other thresholds than were scored")
    _, targets, predictions = read_predictions(project)
    likeliest = float(wanted[targets, predictions.argmax(axis=1)].mean())
    chosen = (predictions / np.array(thresholds or 1.0)).argmax(axis=1)
    found, reported = float(wanted[targets, chosen].mean()), answers["cost"]["value"]
    told = f"{found:.4f} per item on {len(targets)} items"
    if abs(found - reported) > TOLERANCE * max(1.0, found):
        return Finding(False, f"as it is served the model costs {told}, {reported:.4f} is reported")
    if thresholds is None:
        return Finding(True, f"{told}, every wrong answer alike")
    named = ", ".join(f"{n} {t:.2g}" for n, t in zip(classes, thresholds, strict=True))
    told = f"{told}, {likeliest:.4f} by the likeliest class; thresholds {named}"
    return Finding(answers["cost"]["interval"][0] <= likeliest, told)
