"""Phase 5: was the test split opened once, are the figures right, and is the model better?"""

import csv
from pathlib import Path

import numpy as np

from ..evaluation.ledger import EVALUATION, KEPT, OPENING, PREDICTIONS, Ledger
from ..files import hash_file, read_json
from .evidence import Evidence, NotApplicableError, NotYetError
from .verdict import Finding

TOLERANCE = 1e-6  # between a report's metric and the one computed here
LOSS_TOLERANCE = 1e-3  # the report rounds


def read_ledger(project: Evidence) -> Ledger:
    """The ledger of the test split; the evaluation must hold."""
    project.figures("evaluate")
    return Ledger(project.cfg.paths.reports_dir)


def each_model_meets_the_test_split_once(project: Evidence) -> Finding:
    """The ledger is whole, has this evaluation, and no model twice without a reason."""
    ledger = read_ledger(project)
    if broken := ledger.find_break():
        return Finding(False, f"{ledger.path.as_posix()}: {broken}")
    met: set[tuple[str, str]] = set()
    for entry in ledger.entries():
        pair = (entry["data"], entry["model"])
        if pair in met and not entry[OPENING].strip():
            told = f"{entry.get('run', 'a model')} was evaluated again on {entry['time']}"
            return Finding(False, f"{told}, no reason given")
        met.add(pair)
    missing = find_missing(project, ledger)
    reasons = sum(bool(entry[OPENING]) for entry in ledger.entries())
    told = f"openings: {len(ledger.entries())}, models: {len(met)}, with a reason: {reasons}"
    return Finding(not missing, missing or told)


def find_missing(project: Evidence, ledger: Ledger) -> str:
    """How ledger and evaluation report differ; empty if they agree."""
    report, version = project.report("evaluate"), project.figures("preprocess")["version"]
    model = project.report("train").files.get(f"{project.cfg.paths.models_dir}/model.ckpt", "")
    place = Path(project.cfg.paths.reports_dir, KEPT).as_posix()
    wanted = {PREDICTIONS: report.files.get(place), EVALUATION: report.digest}
    if ledger.find(version, model) is None:
        return "the evaluated model is not in the ledger"
    for name, content in wanted.items():
        line = ledger.find(version, model, name)
        if line is None or line[name] != content:
            return f"{name} in the ledger and in the report of `evaluate` differ"
    return ""


def evaluation_runs_in_eval_mode(project: Evidence) -> Finding:
    """No layer was in training mode and no gradient was kept while the test split was predicted."""
    mode = project.figures("evaluate")["mode"]
    figure = (
        f"{mode['calls']} calls of layers, {mode['in_training_mode']} in training mode, "
        f"{mode['with_gradients']} with gradients"
    )
    clean = mode["in_training_mode"] == mode["with_gradients"] == 0
    return Finding(mode["calls"] > 0 and clean, figure)


def read_predictions(project: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, targets and predictions of the test split, as they were kept.

    Raises:
        NotYetError: The report is not about any, or they are another model's.
        StaleError: They are not those that `evaluate` left.
    """
    path = Path(project.cfg.paths.reports_dir, KEPT)
    if path.as_posix() not in project.report("evaluate").files:
        raise NotYetError("run `evaluate`")
    with np.load(path) as kept:
        rows, predictions, model = kept["rows"], kept["predictions"], str(kept["model"])
    if model != hash_file(Path(project.cfg.paths.models_dir, "model.ckpt")):
        raise NotYetError("the kept predictions are another model's: run `evaluate`")
    targets = np.load(Path(project.cfg.paths.data_dir, "processed", "targets.npy"), mmap_mode="r")
    return rows, np.asarray(targets[rows]), predictions


def compare_metrics(project: Evidence, computed: dict[str, float]) -> Finding:
    """Whether the report has each metric computed here, with the same value and an interval."""
    figures = project.figures("evaluate")
    reported, intervals = figures["metrics"], figures["intervals"]
    for name, value in computed.items():
        if reported.get(name) is None:
            return Finding(False, f"{name} is not reported")
        low, high = intervals.get(name) or (np.nan, np.nan)
        if not low - TOLERANCE <= reported[name] <= high + TOLERANCE:
            return Finding(False, f"{name} is reported without an interval around it")
        if abs(reported[name] - value) > TOLERANCE * max(1.0, abs(value)):
            return Finding(False, f"{name} is reported as {reported[name]:.4f} but is {value:.4f}")
    return Finding(True, ", ".join(f"{name} {value:.4f}" for name, value in computed.items()))


def classification_metrics_are_right(project: Evidence) -> Finding:
    """Each metric of the classes and their probabilities equals a computation of its own."""
    _, targets, predictions = read_predictions(project)
    return compare_metrics(project, compute_classification(targets, predictions))


def compute_classification(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """The metrics from counts and ranks; macro means run over classes that occur."""
    chosen = probabilities.argmax(axis=1)
    counts = count_pairs(targets, chosen, probabilities.shape[1])
    hits, said, true = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    occurs = (said + true) > 0
    precision = hits / np.maximum(said, 1)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(said + true, 1)
    macro = {"precision_macro": precision, "recall_macro": recall, "f1_macro": f1}
    found = {
        "accuracy": float(hits.sum() / len(targets)),
        **{name: float(values[occurs].mean()) for name, values in macro.items()},
        "precision_weighted": float(precision @ true / true.sum()),
        "f1_weighted": float(f1 @ true / true.sum()),
        "log_loss": measure_surprise(targets, probabilities),
        "calibration_error": measure_miscalibration(targets, probabilities),
    }
    if np.count_nonzero(true) > 1:  # else they are not defined
        parts = [(targets == code, probabilities[:, code]) for code in np.flatnonzero(true)]
        found["auroc"] = float(np.mean([area(*part) for part in parts]))
        found["average_precision"] = float(np.mean([precision_area(*part) for part in parts]))
    return found


def measure_surprise(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean cross entropy, where no probability counts as less than its type's smallest step."""
    grain = np.finfo(probabilities.dtype).eps
    likelihood = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return float(-np.log(np.clip(likelihood, grain, 1 - grain)).mean())


def measure_miscalibration(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Gap of confidence and accuracy in each fifteenth of confidence, weighed by its items."""
    sure = probabilities.max(axis=1).astype(np.float64)
    right = targets == probabilities.argmax(axis=1)
    edges = np.arange(1, 15) / 15
    bins = np.searchsorted(edges, sure, "left")
    gaps = [abs(float((right[bins == b] - sure[bins == b]).sum())) for b in np.unique(bins)]
    return sum(gaps) / len(targets)


def count_pairs(targets: np.ndarray, chosen: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) counts, one row per true class."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (targets, chosen), 1)
    return counts


def area(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve as the chance to rank a positive higher, ties counting half."""
    low, high = np.sort(scores[~positive]), scores[positive]
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.sum() / 2 / (len(low) * len(high)))


def precision_area(positive: np.ndarray, scores: np.ndarray) -> float:
    """Precision among all that score as high as each positive, averaged over the positives."""
    ranked, hits = np.sort(scores), np.sort(scores[positive])
    as_high = len(ranked) - np.searchsorted(ranked, hits, "left")
    right = len(hits) - np.searchsorted(hits, hits, "left")
    return float((right / as_high).mean())


def regression_metrics_are_right(project: Evidence) -> Finding:
    """MAE, MSE, RMSE and R² on the test split equal a computation of their own."""
    _, targets, predictions = read_predictions(project)
    residuals = predictions.astype(np.float64) - targets.astype(np.float64)
    mse = float((residuals**2).mean())
    spread = float(targets.astype(np.float64).var())
    computed = {"mae": float(np.abs(residuals).mean()), "mse": mse, "rmse": mse**0.5}
    if spread:
        computed["r2"] = 1 - mse / spread
    return compare_metrics(project, computed)


def worst_items_are_shown(project: Evidence) -> Finding:
    """The report names the test items with the largest loss, with true and predicted label."""
    rows, targets, predictions = read_predictions(project)
    shown = project.figures("evaluate")["worst"]
    losses = compute_losses(targets, predictions)
    largest = np.sort(losses)[::-1][: len(shown)]
    path = Path(project.cfg.paths.data_dir, "processed", "items.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        items = list(csv.DictReader(stream))
    known = {
        items[row]["id"]: (items[row]["label"], loss)
        for row, loss in zip(rows, losses, strict=True)
    }
    for place, item in enumerate(shown):
        label, loss = known.get(item["id"], (None, 0.0))
        if label is None:
            return Finding(False, f"{item['id']} is not in the test split")
        if str(item["true"]) != label or abs(item["loss"] - loss) > LOSS_TOLERANCE * (1 + loss):
            return Finding(False, f"{item['id']} is not reported correctly")
        if abs(item["loss"] - largest[place]) > LOSS_TOLERANCE * (1 + loss):
            return Finding(False, f"{item['id']} does not have the loss of rank {place + 1}")
    enough = len(shown) >= min(10, len(rows))
    first = f"; worst {shown[0]['id']}: {shown[0]['true']} taken for {shown[0]['predicted']}"
    return Finding(enough, f"{len(shown)} of {len(rows)} test items{first if shown else ''}")


def compute_losses(targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Cross entropy of probabilities (N, classes), absolute error of values (N,)."""
    if predictions.ndim == 1:
        return np.abs(predictions - targets)
    likelihood = predictions[np.arange(len(targets)), targets]
    return -np.log(np.maximum(likelihood, np.finfo(np.float32).tiny))


def confusion_matrix_is_right(project: Evidence) -> Finding:
    """Its rows are true classes, it counts every test item, and its worst pairs are named."""
    _, targets, predictions = read_predictions(project)
    figures = project.figures("evaluate")
    counts = count_pairs(targets, predictions.argmax(axis=1), predictions.shape[1])
    if counts.tolist() != figures["confusion"]:
        return Finding(False, "the counts do not match the predictions", "evaluate.png")
    wrong = counts - np.diag(np.diag(counts))
    state = read_json(Path(project.cfg.paths.data_dir, "processed", "state.json"))["task"]
    pairs = {(p["true"], p["predicted"]): p["items"] for p in figures["most_confused"]}
    codes = {name: code for code, name in enumerate(state["classes"])}
    named = all(wrong[codes[t], codes[p]] == n for (t, p), n in pairs.items())
    first = max(pairs.values(), default=0) == wrong.max()
    shown = "; ".join(f"{t} taken for {p} {n} times" for (t, p), n in pairs.items())
    figure = f"{wrong.sum()} of {counts.sum()} wrong{': ' if shown else ''}{shown}"
    return Finding(named and first, figure, "evaluate.png")


def no_group_is_left_behind(project: Evidence) -> Finding:
    """Each group of the charter has its score, and none is certainly below the minimum."""
    declared, minimum = project.answer("data.groups"), project.answer("success.minimum")
    if not declared:
        raise NotApplicableError("the charter declares no groups")
    known = project.figures("evaluate")["groups"]
    if missing := [name for name in declared if name not in known]:
        told = "has no test item, or a name that is not in reports/explore.json"
        raise NotYetError(f"{missing[0]} {told}: see data.groups in project.yaml")
    largest = project.cfg.task.mode == "max"
    scored = [name for name in declared if known[name]["score"] is not None]
    if len(scored) < len(declared):
        unscored = next(name for name in declared if name not in scored)
        told = f"{project.cfg.task.metric} is not defined on {unscored}, whose labels are all alike"
        return Finding(False, f"{told}: name groups that differ from labels, or set another metric")
    behind = [
        name
        for name in declared
        if (
            known[name]["interval"][1] < minimum
            if largest
            else known[name]["interval"][0] > minimum
        )
    ]
    worst = (min if largest else max)(declared, key=lambda name: known[name]["score"])
    told = f"worst {worst}: {known[worst]['score']:.4g} on {known[worst]['items']} items"
    flagged = f"; below {minimum:g}: {', '.join(behind)}" if behind else ""
    if gaps := [name for name in declared if known[name]["gap"] == "worse"]:
        flagged += f"; surely worse than the rest: {', '.join(gaps)}"
    return Finding(not behind, f"{len(declared)} groups, {told}{flagged}")
