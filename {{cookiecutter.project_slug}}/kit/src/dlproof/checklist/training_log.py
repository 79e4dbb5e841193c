"""Phase 4: does the run's log show what a healthy run shows?"""

import csv
from collections.abc import Iterator
from itertools import pairwise
from math import ceil, isclose, isfinite
from statistics import fmean, median
from typing import Any

import numpy as np

from ..cheatsheet import find_reason
from ..config import build
from .evidence import Evidence, NotApplicableError, NotYetError
from .verdict import Finding

TRANSFORMER_WARMUP = (0.05, 0.1)
EXPLODING = 100.0  # times the median epoch's mean norm
VANISHING = 1e-4  # of the median epoch's mean norm
RATE_TOLERANCE = 1e-6
FEW_STEPS = 10  # of an epoch: of fewer, noise may hide that the loss falls
FEWEST_RISING = 2  # steps of a warm-up: the first of one has the peak already


def read_rates(project: Evidence) -> Iterator[tuple[int, float]]:
    """Step and learning rate, as logged for every parameter group.

    Raises:
        NotYetError: There is no log.
        StaleError: It is not as the run left it.
    """
    with project.log_path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for name, value in row.items():
                if name.startswith("lr-") and value:
                    yield int(row["step"]), float(value)


def rates_follow_the_schedule(project: Evidence) -> Finding:
    """Every logged rate is what the schedule's closed form gives at its step, and that falls."""
    share, peak = build(project.cfg.schedule), project.run["optimizer"]["lr"]
    total = project.figures("train")["total_steps"]
    rates = list(read_rates(project))
    worst = max((abs(rate - peak * share(step, total)) / peak for step, rate in rates), default=1.0)
    shape = {round(rate, 12) for _, rate in rates}
    figure = f"{project.cfg.schedule.name}: {len(rates)} logged rates, off by {worst:.1g} at most"
    highest = max(share(step, total) for step in range(0, total, 1 + total // 100))
    if share(total - 1, total) >= highest:  # of the whole run, which early stopping may cut short
        return Finding(False, f"{figure}; the schedule never falls")
    return Finding(bool(rates) and worst <= RATE_TOLERANCE and len(shape) > 1, figure)


def rates_rise_over_the_warmup(project: Evidence) -> Finding:
    """Logged rates rise over the warm-up to the peak; transformers need 5 to 10 %."""
    family, warmup = project.figures("sanity")["family"], project.cfg.schedule.warmup
    low, high = TRANSFORMER_WARMUP
    if family == "transformer" and not low <= warmup <= high:
        told = f"warm-up of {warmup:.0%} for a transformer; usual is 5 to 10 %"
        return Finding(False, told, choices=("schedule.warmup",))
    total = project.figures("train")["total_steps"]
    rising = round(warmup * total)
    if warmup == 0 and find_reason(project.cfg, "schedule.warmup"):
        return Finding(False, "no warm-up", choices=("schedule.warmup",))
    if warmup == 0:
        raise NotApplicableError(f"no warm-up, and a {family} can do without")
    if rising < FEWEST_RISING:
        told = f"{warmup:.0%} of {total} steps are {rising}, too few for a rate to rise"
        raise NotApplicableError(
            f"{told}: {ceil(FEWEST_RISING / warmup)} steps are needed to show it"
        )
    rates, peak = dict(read_rates(project)), project.run["optimizer"]["lr"]
    inside = [rate for step, rate in sorted(rates.items()) if step < rising]
    after = [rate for step, rate in sorted(rates.items()) if step >= rising]
    climbs = all(a < b for a, b in pairwise(inside)) and bool(inside) and inside[0] < peak
    figure = f"{rising} steps ({warmup:.0%}): {', '.join(f'{rate:.2g}' for rate in inside)}"
    # Its last step has the peak, which may be the one that was logged.
    peaks = not after or max(after) > inside[-1] or isclose(inside[-1], peak)
    return Finding(climbs and peaks, f"{figure}; then {after[0]:.2g}" if after else figure)


def loss_falls_from_the_first_epoch(project: Evidence) -> Finding:
    """The training loss is lower in the second epoch than in the first.

    Where an epoch has few steps, and those are still warming up, so many epochs are taken together
    that they train: the mean of the second lot must be lower than that of the first.
    """
    losses = project.log.get("train/loss", [])
    if len(losses) < 2:
        raise NotYetError("run `train` for two epochs or more")
    figures = project.figures("train")
    steps, lot = figures["steps"] / figures["epochs"], 1
    if losses[1] >= losses[0] and steps < FEW_STEPS:
        rising = project.cfg.schedule.get("warmup", 0.0) * figures["total_steps"]
        lot = ceil(max(FEW_STEPS, rising) / steps)
    if len(losses) < 2 * lot:
        told = f"train/loss {losses[0]:.4g} -> {losses[1]:.4g}, by chance in epochs of so few steps"
        raise NotYetError(f"{told}: run `train` for {2 * lot} epochs or more")
    first, second = fmean(losses[:lot]), fmean(losses[lot : 2 * lot])
    told = f"train/loss {first:.4g} -> {second:.4g}"
    told += f", means of {lot} epochs each" if lot > 1 else ""
    return Finding(second < first, told)


def find_gaps(project: Evidence, names: list[str]) -> Finding:
    """Whether the log has a finite value of each name for each epoch."""
    epochs = project.figures("train")["epochs"]
    every = project.cfg.trainer.check_val_every_n_epoch
    for name in names:
        values, is_validation = project.log.get(name, []), name.startswith("val/")
        wanted = epochs // every if is_validation else epochs
        found = len(set(project.epochs(name))) if is_validation else len(values)
        if found != wanted or not all(map(isfinite, values)):
            return Finding(False, f"{name} for {found} of {wanted} epochs")
    return Finding(True, f"{', '.join(names)} for each of {epochs} epochs")


def both_losses_are_logged_each_epoch(project: Evidence) -> Finding:
    """The log has training and validation loss of every epoch."""
    return find_gaps(project, ["train/loss", "val/loss"])


def learning_rate_is_logged_each_epoch(project: Evidence) -> Finding:
    """The log has the learning rate of every epoch."""
    names = [name for name in project.log if name.startswith("lr-")]
    return find_gaps(project, names) if names else Finding(False, "no learning rate in the log")


def gradient_norms_neither_vanish_nor_explode(project: Evidence) -> Finding:
    """The log has the gradient norms of every epoch, none far above or below the usual."""
    found = find_gaps(project, ["train/gradient_norm", "train/gradient_norm_max"])
    if not found.holds:
        return found
    means, largest = project.log["train/gradient_norm"], project.log["train/gradient_norm_max"]
    usual = median(means)
    figure = f"usually {usual:.3g}, {min(means):.3g} to {max(largest):.3g}"
    if max(largest) > EXPLODING * usual:
        epoch = largest.index(max(largest))
        return Finding(False, f"{figure}: exploding in epoch {epoch}")
    if min(means) <= VANISHING * usual:
        return Finding(False, f"{figure}: vanishing in epoch {means.index(min(means))}")
    return Finding(True, figure)


def metrics_are_logged_each_epoch(project: Evidence) -> Finding:
    """The log has the ranking metric of every epoch, on training and on validation."""
    metric = project.cfg.task.metric
    return find_gaps(project, [f"train/{metric}", f"val/{metric}"])


def held_epochs(figures: dict[str, Any]) -> int:
    """The epoch at whose end early stopping may first stop a run; 0 where any may be."""
    if not figures.get("min_steps"):
        return 0
    return ceil(figures["min_steps"] / (figures["steps"] / figures["epochs"]))


def patience_ends_a_flat_run(project: Evidence) -> Finding:
    """The run ended exactly `patience` validations after its best, or before that at its limit.

    As the callback counts, the best is the last that came `min_delta` above the best before it.
    """
    stopping = project.cfg.callbacks.get("early_stopping")
    if stopping is None:
        choices = ("callbacks.early_stopping",)
        return Finding(False, "callbacks.early_stopping is off", choices=choices)
    task, figures = project.cfg.task, project.figures("train")
    epochs = figures["epochs"]
    values = project.log.get(f"val/{task.metric}", [])
    if not values:
        return Finding(False, f"no val/{task.metric} in the log")
    # In single precision, as the callback compares.
    scores = np.array(values, np.float32) * (1 if task.mode == "max" else -1)
    best, least = 0, np.float32(abs(stopping.get("min_delta", 0.0)))
    for index, score in enumerate(scores):
        best = index if score - least > scores[best] else best
    waited = len(values) - 1 - best
    seen = project.epochs(f"val/{task.metric}")
    unit = "epochs" if len(values) == epochs else "validations"
    figure = f"best in epoch {seen[best]}, {waited} {unit} waited of {stopping.patience}"
    if epochs == held_epochs(figures) and waited > stopping.patience:
        return Finding(True, f"{figure}; no stop before {figures['min_steps']:,} steps")
    if limit := find_limit(project):
        return Finding(waited <= stopping.patience, f"{figure}, ended at {limit}")
    return Finding(waited == stopping.patience, f"{figure}, then stopped")


def find_limit(project: Evidence) -> str:
    """The limit at which the run ended, or may have ended; empty where it stopped before."""
    trainer, figures = project.cfg.trainer, project.figures("train")
    most = figures.get("max_epochs", trainer.max_epochs)
    if figures["epochs"] >= most:
        return f"{most} epochs"
    if 0 < trainer.get("max_steps", -1) <= figures["steps"]:
        return f"{trainer.max_steps} steps"
    return f"trainer.max_time={trainer.max_time}" if trainer.get("max_time") else ""
