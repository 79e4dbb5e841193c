"""Checks of phase 2 on what reaches the network: normalisation, shapes, batches."""

from pathlib import Path
from typing import Any

import numpy as np

from .evidence import Evidence, NotApplicableError
from .problem import load_state
from .tables import count_by_split, read_split
from .verdict import Finding, check_below, prove_by_run

CENTRED, SPREAD = 0.25, (0.5, 2.0)  # of a column after the normaliser, on a thousand items
EQUAL = 2e-5  # deviations by which a stored mean may differ: it is rounded
SIZES = (16, 512)
MAX_WAIT, WAIT_SPREAD = 0.1, 0.05  # which quick steps and busy machines add


def inputs_are_normalised(project: Evidence) -> Finding:
    """Behind the normaliser every channel or column of training items has mean 0, deviation 1."""
    figures = read_batches(project)["normalised"]
    means, stds = figures["mean"], figures["std"]
    moving = [std for std in stds if std > 0] or [1.0]  # a constant column stays at 0
    told = (
        f"means {min(means):.2f} to {max(means):.2f}, "
        f"deviations {min(moving):.2f} to {max(moving):.2f}"
    )
    holds = figures["finite"] and max(map(abs, means)) <= CENTRED
    return Finding(holds and SPREAD[0] <= min(moving) and max(moving) <= SPREAD[1], told)


def statistics_are_from_train_only(project: Evidence) -> Finding:
    """The stored means are those of the training items, measured again on the arrays."""
    measured = project.figures("preprocess")["statistics"]
    stored = read_stored_means(load_state(project)["data"])
    worst, closer_to_all = 0.0, False
    for name, means in stored.items():
        train, everything = (np.array(measured[name][part]["mean"]) for part in ("train", "all"))
        spread = np.maximum(measured[name]["train"]["std"], 1e-12)
        distance = np.abs(means - train) / spread
        closer_to_all |= bool((np.abs(means - everything) / spread < distance).all())
        worst = max(worst, float(distance.max()))
    told = f"stored means are {worst:.1g} deviations off the training split's"
    if worst > EQUAL and closer_to_all:
        told += ", and nearer to those of all items"
    return Finding(worst <= EQUAL, told)


def read_stored_means(state: dict[str, Any]) -> dict[str, np.ndarray]:
    """Array name -> stored mean of each channel or column, on the array's own scale."""
    if "numeric" in state:
        means = [fitted["mean"] for fitted in state["numeric"].values()]
        return {"numeric": np.array(means)} if means else {}
    return {"image": np.array(state["mean"]) * 255}


def items_have_one_shape(project: Evidence) -> Finding:
    """Every array has the declared shape of an item, and a row for each item of the splits."""
    project.figures("preprocess")
    folder = Path(project.cfg.paths.data_dir, "processed")
    items = sum(count_by_split(read_split(project)).values())
    told = []
    for name, shape in load_state(project)["data"]["shapes"].items():
        found = np.load(folder / f"{name}.npy", mmap_mode="r").shape
        if found != (items, *shape):
            return Finding(False, f"{name} has {found}, declared ({items}, {shape})")
        told.append(f"{name} {'x'.join(map(str, shape))}")
    return Finding(True, f"{items:,} items of {', '.join(told)}")


def batch_size_is_usual(project: Evidence) -> Finding:
    """The effective batch, over accumulation and devices, is between 16 and 512."""
    trainer, size = project.cfg.trainer, project.cfg.loader.batch_size
    devices = trainer.devices if isinstance(trainer.devices, int) else 1
    effective = size * trainer.accumulate_grad_batches * devices * trainer.num_nodes
    told = f"{size} x {trainer.accumulate_grad_batches} accumulated x {devices} devices"
    holds, figure = SIZES[0] <= effective <= SIZES[1], f"{told} = {effective}"
    return Finding(holds, figure, proof=prove_by_run(project), choices=("loader.batch_size",))


def only_train_is_shuffled(project: Evidence) -> Finding:
    """The second epoch has another order in training, and the same in validation."""
    moved = read_batches(project)["moved"]
    told = f"second epoch: {moved['train']:.0%} of training moved, {moved['validation']:.0%} of"
    return Finding(moved["train"] > 0.5 and moved["validation"] == 0, f"{told} validation")


def steps_do_not_wait_for_data(project: Evidence) -> Finding:
    """In training the wait for batches is a small part of the time."""
    waits = project.log.get("train/data_wait", [])
    if not waits:
        return Finding(False, "the wait for data was not logged")
    share = sorted(waits)[len(waits) // 2]
    figure = f"{share:.1%} of an epoch's time (median of {len(waits)})"
    return check_below(share, MAX_WAIT, WAIT_SPREAD, figure)


def memory_is_pinned_for_a_gpu(project: Evidence) -> Finding:
    """Where a GPU trains, batches are handed over from pinned memory."""
    device = project.figures("train")["device"]
    if device == "cpu":
        raise NotApplicableError("trained on a CPU, which copies nothing")
    pinned = read_batches(project)["pin_memory"]
    return Finding(pinned, f"{device}, pin_memory={str(pinned).lower()}")


def read_batches(project: Evidence) -> dict[str, Any]:
    """What `sanity` saw reach the network."""
    found: dict[str, Any] = project.figures("sanity")["batches"]
    return found
