"""Schedules follow their closed form."""

import math
from itertools import pairwise

import pytest

from {{ cookiecutter.package_name }}.training.schedule import cosine, linear, onecycle, step

pytestmark = pytest.mark.unit
TOTAL = 1000


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
