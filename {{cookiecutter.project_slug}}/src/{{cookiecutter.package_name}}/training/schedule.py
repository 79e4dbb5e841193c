"""Learning-rate schedules in closed form: the share of the peak rate at each step.

Each option of `configs/schedule/` names one function; warm-up is a straight line from near zero
over a share of all steps. Sources: cosine, Loshchilov & Hutter 2017 (arXiv:1608.03983); one-cycle,
Smith & Topin 2018 (arXiv:1708.07120).
"""

import math
from collections.abc import Sequence


def warm_up(step: int, total: int, warmup: float) -> tuple[float, float]:
    """The warm-up's factor, and the share (0 to 1) of the steps after it that are done."""
    rising = round(warmup * total)
    if step < rising:
        return (step + 1) / rising, 0.0
    return 1.0, min(1.0, (step - rising) / max(1, total - rising))


def cosine(step: int, total: int, *, warmup: float) -> float:
    """Half a cosine from 1 to 0."""
    factor, done = warm_up(step, total, warmup)
    return factor * 0.5 * (1 + math.cos(math.pi * done))


def linear(step: int, total: int, *, warmup: float) -> float:
    """A straight line from 1 to 0."""
    factor, done = warm_up(step, total, warmup)
    return factor * (1 - done)


def step(
    step: int, total: int, *, warmup: float, milestones: Sequence[float], factor: float
) -> float:
    """1, times `factor` after each milestone (shares of all steps)."""
    rising, _ = warm_up(step, total, warmup)
    return rising * factor ** sum(step >= milestone * total for milestone in milestones)


def onecycle(step: int, total: int, *, warmup: float, start: float, end: float) -> float:
    """A cosine up from `start` to 1 over the warm-up, then a cosine down to `end`."""
    rising = round(warmup * total)
    if step < rising:
        return 1 - (1 - start) * 0.5 * (1 + math.cos(math.pi * step / rising))
    done = min(1.0, (step - rising) / max(1, total - rising))
    return end + (1 - end) * 0.5 * (1 + math.cos(math.pi * done))
