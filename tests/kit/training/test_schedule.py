"""Schedules follow their closed form."""

import math
from itertools import pairwise

import pytest
import torch
from own.training.schedule import cosine, linear, onecycle, step
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    SequentialLR,
)

TOTAL = 1000


def rates_of(make_scheduler):
    """The rates of one of torch's schedulers at every step, its peak being 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make_scheduler(optimizer)
    rates = []
    for _ in range(TOTAL):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.2])
@pytest.mark.parametrize(
    ("schedule", "options", "rest"),
    [
        (cosine, {}, lambda optimizer, rising: CosineAnnealingLR(optimizer, TOTAL - rising)),
        (linear, {}, lambda optimizer, rising: LinearLR(optimizer, 1.0, 0.0, TOTAL - rising)),
        (
            step,
            {"milestones": [0.5, 0.75], "factor": 0.1},
            lambda optimizer, rising: MultiStepLR(optimizer, [500 - rising, 750 - rising]),
        ),
    ],
    ids=["cosine", "linear", "step"],
)
def test_rates_are_those_of_torchs_schedulers_after_a_linear_warm_up(
    schedule, options, rest, warmup
):
    rising = round(warmup * TOTAL)

    def make(optimizer):
        if not rising:
            return rest(optimizer, rising)
        first = LinearLR(optimizer, 1 / rising, 1.0, rising - 1)
        return SequentialLR(optimizer, [first, rest(optimizer, rising)], [rising])

    ours = [schedule(number, TOTAL, warmup=warmup, **options) for number in range(TOTAL)]
    assert ours == pytest.approx(rates_of(make), abs=1e-9)


@pytest.mark.parametrize("warmup", [0.05, 0.3])
def test_onecycle_is_torchs_whose_last_step_is_one_later(warmup):
    share = (warmup * TOTAL + 1) / (TOTAL + 1)  # torch counts the step at the peak to the rise

    def make(optimizer):
        return OneCycleLR(
            optimizer,
            max_lr=1.0,
            total_steps=TOTAL + 1,
            pct_start=share,
            div_factor=25,
            final_div_factor=400,
            cycle_momentum=False,
        )

    ours = [onecycle(i, TOTAL, warmup=warmup, start=0.04, end=1e-4) for i in range(TOTAL)]
    assert ours == pytest.approx(rates_of(make), abs=1e-9)


def test_warm_up_rises_over_exactly_its_share_of_the_steps():
    rates = [cosine(i, TOTAL, warmup=0.1) for i in range(TOTAL)]
    assert rates[:100] == pytest.approx([(i + 1) / 100 for i in range(100)])
    assert max(rates) == rates[99] == rates[100] == 1.0


def test_cosine_is_half_at_the_middle_and_ends_at_zero():
    assert cosine(500, TOTAL, warmup=0.0) == pytest.approx(0.5)
    assert cosine(250, TOTAL, warmup=0.0) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert cosine(TOTAL, TOTAL, warmup=0.0) == pytest.approx(0.0)


def test_linear_falls_by_the_same_amount_each_step():
    rates = [linear(i, TOTAL, warmup=0.0) for i in range(TOTAL + 1)]
    falls = [a - b for a, b in pairwise(rates)]
    assert falls == pytest.approx([1 / TOTAL] * TOTAL)


def test_step_falls_to_the_factor_at_each_milestone():
    options = {"warmup": 0.0, "milestones": [0.5, 0.75], "factor": 0.1}
    assert [step(i, TOTAL, **options) for i in (0, 499, 500, 750)] == pytest.approx(
        [1, 1, 0.1, 0.01]
    )


def test_onecycle_starts_low_peaks_after_its_warm_up_and_ends_lower():
    options = {"warmup": 0.2, "start": 0.04, "end": 1e-4}
    rates = [onecycle(i, TOTAL, **options) for i in range(TOTAL + 1)]
    assert rates[0] == pytest.approx(0.04)
    assert max(rates) == rates[200] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(1e-4)


@pytest.mark.parametrize("schedule", [cosine, linear])
def test_a_run_of_one_step_has_a_rate(schedule):
    assert 0 < schedule(0, 1, warmup=0.05) <= 1
