"""Schedules follow the same closed form as torch's schedulers."""

from pathlib import Path

import pytest
import torch
from dlproof import build
from torch.optim import lr_scheduler as theirs

from {{ cookiecutter.package_name }}.training.schedule import cosine, linear, onecycle, step

pytestmark = pytest.mark.unit
TOTAL, RISING = 400, 40
WARMUP = RISING / TOTAL
OPTIONS = sorted(path.stem for path in Path(__file__).parents[2].glob("configs/schedule/*.yaml"))
FALLING = {
    "cosine": (cosine, lambda optimizer: theirs.CosineAnnealingLR(optimizer, TOTAL - RISING)),
    "linear": (linear, lambda optimizer: theirs.LinearLR(optimizer, 1, 0, TOTAL - RISING)),
    "step": (
        lambda i, total, warmup: step(i, total, warmup=warmup, milestones=[0.5, 0.75], factor=0.1),
        lambda optimizer: theirs.MultiStepLR(optimizer, [200 - RISING, 300 - RISING]),
    ),
}


def rates_of(make_scheduler):
    """The rates of one of torch's schedulers at every step, with a peak of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make_scheduler(optimizer)
    rates = []
    for _ in range(TOTAL):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("name", FALLING)
def test_rates_rise_linearly_and_fall_like_torchs(name):
    schedule, fall = FALLING[name]

    def make(optimizer):
        first = theirs.LinearLR(optimizer, 1 / RISING, 1.0, RISING - 1)
        return theirs.SequentialLR(optimizer, [first, fall(optimizer)], [RISING])

    ours = [schedule(i, TOTAL, warmup=WARMUP) for i in range(TOTAL)]
    assert ours == pytest.approx(rates_of(make), abs=1e-9)


def test_onecycle_equals_torchs_with_one_more_step():
    share = (RISING + 1) / (TOTAL + 1)  # torch counts the peak as part of the rise
    ends = {"div_factor": 25, "final_div_factor": 400, "cycle_momentum": False}
    rates = rates_of(
        lambda optimizer: theirs.OneCycleLR(
            optimizer, 1.0, total_steps=TOTAL + 1, pct_start=share, **ends
        )
    )
    ours = [onecycle(i, TOTAL, warmup=WARMUP, start=0.04, end=1e-4) for i in range(TOTAL)]
    assert ours == pytest.approx(rates, abs=1e-9)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_gives_a_share_of_the_peak_rate_at_every_step(project, compose, option):
    share = build(compose(f"schedule={option}").schedule)
    shares = [share(number, 100) for number in range(100)]
    assert all(0 <= value <= 1 for value in shares)
    assert max(shares) == pytest.approx(1.0)
    assert len(set(shares)) > 1
    assert share(0, 1) > 0
