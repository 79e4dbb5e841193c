"""The monitor judges the newest logged predictions, or says why it cannot."""

from pathlib import Path

import numpy as np
import pytest
from dlproof.monitoring import describe_distribution

from {{ cookiecutter.package_name }}.monitoring.monitor import judge, summarise_drift

pytestmark = pytest.mark.unit


@pytest.fixture
def watched():
    """What 2,000 items looked like before release."""
    generator = np.random.default_rng(0)
    return {
        "input/size": describe_distribution(generator.normal(size=2000)),
        "input/age": describe_distribution(generator.uniform(20, 60, 2000)),
        "prediction": describe_distribution(generator.choice(["a", "b"], 2000)),
    }


def draw_window(count, shift=0.0, shares=(0.5, 0.5), seed=1):
    generator = np.random.default_rng(seed)
    return {
        "input/size": generator.normal(size=count) + shift,
        "input/age": generator.uniform(20, 60, count),
        "prediction": generator.choice(["a", "b"], count, p=shares),
    }


@pytest.mark.parametrize("count", [30, 100, 1000])
def test_a_window_like_training_shows_no_drift_however_small(watched, count):
    found = [judge(draw_window(count, seed=seed), watched, 0.2)["drift"] for seed in range(20)]
    assert sum(found) <= 1


def test_what_has_moved_is_named_the_furthest_first(watched):
    verdict = judge(draw_window(500, shift=2.0, shares=(0.9, 0.1)), watched, 0.2)
    assert verdict["drift"]
    assert verdict["drifted"] == ["input/size", "prediction"]
    assert set(verdict["watched"]) == set(watched)


def test_the_bound_is_the_configs_where_chance_seldom_reaches_it(watched):
    window = draw_window(2000, shift=0.3)
    index = judge(window, watched, 0.2)["watched"]["input/size"]["psi"]
    assert judge(window, watched, index * 0.9)["drifted"] == ["input/size"]
    assert judge(window, watched, index * 1.1)["drifted"] == []


def test_the_summary_names_three_and_counts_the_others():
    assert summarise_drift([]) == "no drift"
    assert summarise_drift(list("ab")) == "DRIFT in a, b"
    assert summarise_drift(list("abcde")) == "DRIFT in a, b, c and 2 more"


@pytest.mark.pipeline
def test_logged_predictions_like_training_get_a_verdict_and_a_picture(finished, run):
    report = run("monitor")
    assert (report.figures["enough"], report.figures["drift"]) == (True, False)
    assert report.summary.endswith("no drift")
    assert Path("reports/monitor.png").stat().st_size > 1000


@pytest.mark.pipeline
def test_too_few_predictions_give_no_verdict_and_say_so(finished, run):
    report = run("monitor", "monitor.min_items=50")
    assert (report.figures["enough"], report.figures["drift"]) == (False, None)
    assert "50 are needed" in report.summary
