"""Phases 3 and 4: do weights start as the literature says, or as somebody has trained them?"""

from typing import Any

from .evidence import Evidence, NotApplicableError, NotYetError, StaleError
from .verdict import Finding

SPREAD = (0.5, 2.0)  # times the deviation that is asked for


def pretrained_weights_are_used(project: Evidence) -> Finding:
    """The network holds weights that the run's record names, or a signed reason is against it."""
    weights = project.figures("sanity")["weights"]
    if weights:
        holds, told = describe_loaded(weights)
        told = f"{weights['name']} ({weights['sha256'][:8]}): {told}"
        noted = weights_of_run(project)
        named = noted is None or noted.get("sha256") == weights["sha256"]
        return Finding(holds and named, told if named else f"{told}; not in the run's record")
    published = project.figures("sanity")["published"]
    told = f"{published} is not used" if published else "no published weights of this architecture"
    reason = project.charter.get("need.from_scratch")
    if reason.state != "done":
        return Finding(False, f"{told}; no reason in need.from_scratch")
    return Finding(True, f"{told}; {reason.value}", proof="attested")


def weights_of_run(project: Evidence) -> dict[str, Any] | None:
    """What the record of the run says that this sanity report led to; None before it."""
    try:
        return project.run.get("weights") or {}
    except (NotYetError, StaleError):
        return None


def pretrained_weights_are_loaded_whole(project: Evidence) -> Finding:
    """Every tensor of the network but the head and a changed stem equals the source's."""
    weights = project.figures("sanity")["weights"]
    if not weights:
        raise NotApplicableError(f"model={project.cfg.model.name} starts from scratch")
    return Finding(*describe_loaded(weights))


def describe_loaded(weights: dict[str, Any]) -> tuple[bool, str]:
    """Whether all weights that should be loaded are, and the counts."""
    parts = {key: weights[key] for key in ("changed", "missing", "unexpected")}
    counts = [
        f"{len(names)} {key}{f' ({shorten(names)})' if names else ''}"
        for key, names in parts.items()
    ]
    told = f"{weights['loaded']} of {weights['tensors']} tensors loaded, {', '.join(counts)}"
    whole = weights["loaded"] + len(weights["changed"]) == weights["tensors"]
    return whole and weights["loaded"] > 0 and not weights["missing"], told


def shorten(names: list[str]) -> str:
    """The first few of many names."""
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def layers_before_relu_start_with_hes_deviation(project: Evidence) -> Finding:
    """Each layer before ReLU, GELU or SiLU has fresh weights of about He's deviation."""
    return judge_spread(project, "he")


def layers_before_gates_start_with_glorots_deviation(project: Evidence) -> Finding:
    """Each layer before a sigmoid or tanh has fresh weights of about Glorot's deviation."""
    return judge_spread(project, "glorot")


def judge_spread(project: Evidence, rule: str) -> Finding:
    """Compares the ratio of each layer that the rule is about with the usual range."""
    figures = project.figures("sanity")
    if figures["weights"]:
        raise NotApplicableError(f"weights are {figures['weights']['name']}, not initialised here")
    ratios, free = figures["spread"][rule], figures["spread"]["free"]
    if not ratios:
        kinds = {"he": "ReLU, GELU or SiLU", "glorot": "sigmoid or tanh"}[rule]
        raise NotApplicableError(f"no layer of {project.cfg.model.name} comes before a {kinds}")
    low, high = SPREAD
    odd = {name: ratio for name, ratio in ratios.items() if not low <= ratio <= high}
    told = f"{len(ratios)} layers, {min(ratios.values()):.2f} to {max(ratios.values()):.2f} times"
    if odd:
        name = min(odd)
        return Finding(False, f"{told}; {len(odd)} are off: {name} {odd[name]:.2f}")
    return Finding(True, f"{told} the rule's; not before an activation: {shorten(free) or 'none'}")
