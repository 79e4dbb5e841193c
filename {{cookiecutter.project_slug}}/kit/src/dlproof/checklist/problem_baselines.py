"""Phase 1: do baselines that know nothing score so, and was a frozen pretrained network tried?"""

from collections import Counter

import numpy as np

from .evidence import Evidence, NotApplicableError, NotYetError
from .problem import load_state, read_baselines
from .tables import SPLITS, are_classes, read_split
from .verdict import Finding

EXACT = 1e-6


def random_baseline_is_near_chance(project: Evidence) -> Finding:
    """Guessing scores what the labels of train and validation say that it must."""
    scores, _ = read_baselines(project)
    if "random" not in scores:
        return Finding(False, "no score of random")
    train, validation = read_labels(project)
    items = project.figures("baselines")["validation_items"]
    if are_classes(project):
        name, shares = "accuracy", Counter(train)
        chance = sum(shares[label] for label in validation) / len(train) / len(validation)
        spread = (chance * (1 - chance) / items) ** 0.5
    else:
        name = "r2"
        chance, spread = guess_numbers(np.array(train, float), np.array(validation, float))
    score = scores["random"][name]
    told = f"{name} {score:.3f}, {chance:.3f} expected from {items} guesses"
    knows = name == "r2" and score > 0  # more than the mean, which no guess does
    return Finding(abs(score - chance) <= 4 * spread and not knows, told)


def guess_numbers(train: np.ndarray, validation: np.ndarray) -> tuple[float, float]:
    """R² of saying random training labels: what is expected, -1 of labels alike, and its deviation.

    A guess misses a label by the deviation of all guesses, and by what lies between it and their
    mean: in a split by time that may be much.
    """
    second, third, fourth = (((train - train.mean()) ** power).mean() for power in (2, 3, 4))
    gap = train.mean() - validation
    squares = second + gap**2
    spreads = fourth + 4 * third * gap + 6 * second * gap**2 + gap**4 - squares**2
    scale = max(validation.var(), np.finfo(float).tiny)
    deviation = (spreads.clip(0).mean() / len(validation)) ** 0.5
    return float(1 - squares.mean() / scale), float(deviation / scale)


def constant_baseline_is_scored(project: Evidence) -> Finding:
    """The majority class, or the mean or median, scores what the labels say that it must."""
    scores, _ = read_baselines(project)
    if "constant" not in scores:
        return Finding(False, "no score of constant")
    train, validation = read_labels(project)
    if not are_classes(project):
        return check_constant(project, np.array(train, float), np.array(validation, float))
    state = load_state(project)["task"]
    majority = state["classes"][max(range(len(state["counts"])), key=state["counts"].__getitem__)]
    share = validation.count(majority) / max(len(validation), 1)
    holds = abs(scores["constant"]["accuracy"] - share) < 1e-6
    return Finding(
        holds, f"accuracy {scores['constant']['accuracy']:.3f} by always saying {majority}"
    )


def check_constant(project: Evidence, train: np.ndarray, validation: np.ndarray) -> Finding:
    """Whether a constant's R² is that of the training labels' mean or median.

    It is 0 or below, by how far the validation labels lie from there: in a split by time maybe far.
    """
    scores, metric = read_baselines(project)
    r2, fitted = scores["constant"]["r2"], project.figures("baselines")["fitted_items"]
    off = 4 * train.std() / fitted**0.5 if fitted < len(train) else 1e-3 * train.std()
    centres = {"mean": np.mean(train), "median": np.median(train)}
    wanted = {name: abs(float(validation.mean() - c)) for name, c in centres.items()}
    gap = (max(-r2, 0.0) * validation.var()) ** 0.5
    name = min(wanted, key=lambda centre: abs(wanted[centre] - gap))
    told = f"{metric} {scores['constant'][metric]:.3f}, r2 {r2:.3f} by saying the training {name}"
    return Finding(r2 < EXACT and abs(wanted[name] - gap) <= off, told)


def read_labels(project: Evidence) -> tuple[list[str], list[str]]:
    """Labels of the training and of the validation items."""
    rows = read_split(project)
    train, validation = (
        [row["label"] for row in rows if row["split"] == split] for split in SPLITS[:2]
    )
    if not train or not validation:
        raise NotYetError("run `split`")
    return train, validation


def frozen_backbone_was_tried(project: Evidence) -> Finding:
    """A linear model on a frozen backbone was scored, with its weights, or there is a reason."""
    found, cfg = project.figures("baselines")["pretrained"], project.cfg.baselines
    if cfg.backbone is None:
        raise NotApplicableError("baselines.backbone=null: none was requested")
    tried = cfg.weights or f"timm/{cfg.backbone}"
    if found.get("tried") != tried:
        return Finding(False, f"{tried} was not tried")
    if not found["scored"]:
        told = found["reason"] or "neither a score nor a reason"
        return Finding("scores" not in found and bool(found["reason"]), told, proof="present")
    weights, metric = found.get("weights", {}), project.cfg.task.metric
    loaded, tensors = weights.get("loaded", 0), weights.get("tensors", 0)
    told = f"{metric} {found['scores'][metric]:.3f} with {loaded} of {tensors} tensors of {tried}"
    whole = 0 < loaded == tensors and not weights["missing"]
    return Finding(whole, told, "baselines.png")
