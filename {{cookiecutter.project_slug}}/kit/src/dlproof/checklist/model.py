"""Phase 3: is the architecture a fitting one, and can it learn?"""

from itertools import pairwise
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ..files import read_json
from ..model.families import FAMILIES
from .evidence import Evidence, NotApplicableError, NotYetError, StaleError
from .problem import load_state
from .verdict import Finding

USUAL_DROPOUT = (0.1, 0.5)
USUAL_DECAY = (1e-4, 1e-2)
HIGHEST_DECAY = 0.1
OVERFIT_GAP = 0.1  # of the validation metric, by which training is better
ITEMS_PER_PARAMETER = 10
FIXED_MEGABYTES = 256  # what a GPU's libraries hold whatever the model
LARGEST_BATCH_BY_HEART = 64


def family_suits_the_data(project: Evidence) -> Finding:
    """The network's layers are of a family that suits this kind of data."""
    family = project.figures("sanity")["family"]
    kind = project.cfg.preprocess.name
    suited = FAMILIES.get(kind, ())
    return Finding(family in suited, f"{family} on {kind} data (suited: {', '.join(suited)})")


def simplest_model_ran_first(project: Evidence) -> Finding:
    """The first finished run is of the smallest model, and of no more than the smallest rung."""
    ladder = ladder_sizes(project)
    runs = finished_runs(project)
    first = runs[0]
    smallest = min([*ladder.values(), *(run["parameters"] for run in runs)])
    figure = (
        f"{first['architecture']} with {first['parameters']:,} parameters ran first; "
        f"the smallest run or option has {smallest:,}"
    )
    choices = ("model",) if first["architecture"] == project.cfg.model.name else ()
    return Finding(first["parameters"] <= smallest, figure, choices=choices)


def larger_models_follow_underfitting(project: Evidence) -> Finding:
    """No run of a larger model than before comes right after a run that overfits."""
    project.figures("train")
    runs = finished_runs(project)
    for before, run in pairwise(runs):
        gap = overfit_gap(before, project.cfg.task)
        if run["parameters"] > before["parameters"] and gap > OVERFIT_GAP:
            told = f"{run['id']} has a larger model than {before['id']}, which overfits"
            return Finding(False, f"{told}: training is {gap:.0%} better than validation")
    gap = overfit_gap(runs[-1], project.cfg.task)
    return Finding(True, f"finished runs: {len(runs)}; the newest is {gap:.1%} better on training")


def overfit_gap(run: dict[str, Any], task: DictConfig) -> float:
    """How much better a run's metric is on training than on validation, as a share."""
    train, validation = (run["metrics"].get(f"{s}/{task.metric}", 0.0) for s in ("train", "val"))
    sign = 1 if task.mode == "max" else -1
    return float(max(0.0, sign * (train - validation)) / max(abs(validation), 1e-9))


def finished_runs(project: Evidence) -> list[dict[str, Any]]:
    """Records of the runs that ended on this data set, the oldest first."""
    runs = [
        record
        for record in project.records
        if record["status"] == "finished" and record["dataset"] == project.cfg.data.name
    ]
    if not runs:
        raise NotYetError("run `train`")
    return runs


def ladder_sizes(project: Evidence) -> dict[str, int]:
    """Parameters of each option of the model group that builds."""
    ladder = project.figures("sanity")["ladder"]
    return {name: size for name, size in ladder.items() if isinstance(size, int)}


def samples_outnumber_parameters(project: Evidence) -> Finding:
    """There are ten training items for each trainable parameter: a rough rule.

    Where they are too few for a linear model even, it is a rule for other data than this.
    """
    parameters = project.figures("sanity")["trainable"]
    items = project.figures("split")["items"]["train"]
    least = count_linear(load_state(project))
    if least * ITEMS_PER_PARAMETER > items:
        raise NotApplicableError(
            f"even a linear model of these inputs has {least:,} parameters, for {items:,} items: "
            "the gap between training and validation decides (DL-16.3)"
        )
    figure = (
        f"{parameters:,} parameters for {items:,} items: {parameters / items:,.3g} per item, the "
        f"rule allows {1 / ITEMS_PER_PARAMETER:g}"
    )
    if parameters * ITEMS_PER_PARAMETER <= items:
        return Finding(True, figure)
    told = (
        f"{items // ITEMS_PER_PARAMETER:,} parameters, {parameters * ITEMS_PER_PARAMETER:,} items"
    )
    return Finding(False, f"{figure}; it takes {told} or a waiver", choices=("model",))


def count_linear(state: dict[str, Any]) -> int:
    """Parameters of a linear model of an item's columns, or of the mean of each channel."""
    inputs = sum(shape[0] for shape in state["data"]["shapes"].values())
    return (inputs + 1) * len(state["task"].get("classes", ["a number"]))


def training_fits_in_memory(project: Evidence) -> Finding:
    """Parameters four times and activations fit the device; a measured peak agrees within two."""
    known, memory = project.figures("sanity"), project.figures("train")["megabytes"]
    estimate, card = known["megabytes"]["estimate"], known["card"]
    room = card["megabytes"] if card else memory["device"]
    figure = f"estimate {estimate:,.0f} MB of {room:,.0f} MB"
    if card:
        figure += f" of {card['name']}"
    fits = estimate < room
    if memory["peak"] is None:
        return Finding(fits, f"{figure}; no GPU to measure the peak on", proof="present")
    low, high = estimate / 2, max(2 * estimate, estimate + FIXED_MEGABYTES)
    return Finding(fits and low <= memory["peak"] <= high, f"{figure}; peak {memory['peak']:,} MB")


def every_rung_trains(project: Evidence) -> Finding:
    """There is more than one size of model to choose from, and each builds and takes a step."""
    ladder = project.figures("sanity")["ladder"]
    known = sorted(path.stem for path in Path("configs", "model").glob("*.yaml"))
    broken = [name for name in known if not isinstance(ladder.get(name), int)]
    if broken:
        return Finding(False, f"{broken[0]}: {ladder.get(broken[0], 'not tried: run `sanity`')}")
    sizes = sorted(ladder_sizes(project).items(), key=lambda rung: rung[1])
    figure = ", ".join(f"{name} {size:,}" for name, size in sizes)
    return Finding(len(sizes) > 1, f"parameters: {figure}")


def dropout_is_usual(project: Evidence) -> Finding:
    """Dropout lies in 0.1 to 0.5, in the config and in every layer."""
    low, high = USUAL_DROPOUT
    chosen = project.cfg.model.get("dropout")
    if chosen is not None and not low <= chosen <= high:
        told = f"model.dropout={chosen:g}; usual is {low} to {high}"
        return Finding(False, told, choices=("model.dropout",))
    layers = project.figures("sanity")["dropout"]
    strange = [value for value in layers if not low <= value <= high]
    if chosen is None and not layers:
        return Finding(False, "no dropout", choices=("model",))
    return Finding(not strange, f"model.dropout={chosen}; layers: {layers or 'none of their own'}")


def weight_decay_is_usual_and_spares_norms(project: Evidence) -> Finding:
    """Weight decay lies in its range and does not act on norms and biases."""
    low, high = USUAL_DECAY
    decay = project.cfg.optimizer.weight_decay
    if not low <= decay <= HIGHEST_DECAY:
        told = f"optimizer.weight_decay={decay:g}; usual is {low:g} to {high:g}"
        return Finding(False, told, choices=("optimizer.weight_decay",))
    groups = project.figures("train")["groups"]
    decayed = sum(group["vectors"] for group in groups if group["weight_decay"])
    spared = sum(group["vectors"] for group in groups if not group["weight_decay"])
    note = " (higher than usual)" if decay > high else ""
    figure = f"{decay:g}{note}; {spared} norms and biases spared, {decayed} not"
    return Finding(decayed == 0, figure)


def network_has_norm_layers(project: Evidence) -> Finding:
    """The network holds batch, layer or group normalisation."""
    count = project.figures("sanity")["norm_layers"]
    return Finding(count > 0, f"{count} norm layers")


def outputs_have_the_declared_shape(project: Evidence) -> Finding:
    """One item and many give an output as wide as the task asks, by the data's own classes."""
    figures = project.figures("sanity")
    state = read_json(Path(project.cfg.paths.data_dir, "processed", "state.json"))
    width = len(state["task"].get("classes", ["a number"]))
    shapes: dict[str, list[int]] = figures["shapes"]
    right = len(shapes) > 1 and all(s == [int(n), width] for n, s in shapes.items())
    told = " and ".join(f"{n} -> {s}" for n, s in shapes.items())
    return Finding(right, f"items -> outputs: {told}; {width} required")


def parameters_are_counted_and_trainable(project: Evidence) -> Finding:
    """The network has trainable parameters, and a run, where there is one, trained just these."""
    figures = project.figures("sanity")
    total, trainable = figures["parameters"], figures["trainable"]
    figure = f"{total:,} parameters, {trainable:,} trainable"
    if not 0 < trainable <= total:
        return Finding(False, figure)
    run = figures_of_run(project)
    if run is None:
        return Finding(True, figure)
    return Finding(run["parameters"] == trainable, f"{figure}, {run['parameters']:,} in the run")


def figures_of_run(project: Evidence) -> dict[str, Any] | None:
    """Figures of the run that this sanity report led to; None before it."""
    try:
        return project.figures("train")
    except (NotYetError, StaleError):
        return None


def few_items_are_learned_by_heart(project: Evidence) -> Finding:
    """The loss on a small batch falls to a small share of what it was."""
    figures = project.figures("sanity")
    first, last = figures["overfit_first_loss"], figures["overfit_loss"]
    small = figures["overfit_items"] <= LARGEST_BATCH_BY_HEART
    figure = f"{figures['overfit_items']} items: loss {first:.3f} -> {last:.2g}"
    return Finding(small and last <= project.cfg.sanity.max_loss_share * first, figure)


def one_batch_loss_goes_to_zero(project: Evidence) -> Finding:
    """Within `sanity.steps` one batch's loss falls to a small share of knowing nothing.

    In training, too, every target that reaches the loss is the item's own.
    """
    figures, settings = project.figures("sanity"), project.cfg.sanity
    limit = settings.max_loss_share * figures["expected_loss"]
    figure = f"{figures['overfit_loss']:.2g} after {settings.steps} steps, at most {limit:.2g}"
    if wrong := figures["batches"]["mislabelled"]:
        return Finding(False, f"{figure}; in training, {wrong:.1%} of targets are not their item's")
    return Finding(figures["overfit_loss"] <= limit, figure)


def every_parameter_is_updated(project: Evidence) -> Finding:
    """Every trainable tensor has a gradient and moves; a run's optimizer, if any, held it."""
    figures = project.figures("sanity")
    still = sorted({*figures["without_gradient"], *figures["not_moved"]})
    if still:
        return Finding(
            False, f"{len(still)} of {figures['tensors']} tensors do not change: {still[0]}"
        )
    run = figures_of_run(project)
    if run is None:
        return Finding(figures["tensors"] > 0, f"{figures['tensors']} tensors move")
    held = sum(group["tensors"] for group in run["groups"])
    figure = f"{figures['tensors']} tensors are updated, {held} are in the optimizer"
    return Finding(held == figures["tensors"] > 0, figure)


def first_loss_is_near_knowing_nothing(project: Evidence) -> Finding:
    """An untrained network's loss is near that of knowing nothing."""
    figures = project.figures("sanity")
    first, expected = figures["first_loss"], figures["expected_loss"]
    near = expected / 1.5 <= first <= expected * 1.5
    return Finding(near, f"{first:.3f}, expected from knowing nothing: {expected:.3f}")
