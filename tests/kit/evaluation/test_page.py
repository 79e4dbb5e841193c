"""The page of an evaluation says what its figures mean, and needs no other file."""

import re
from pathlib import Path

import pytest
from dlproof.config import build, compose
from dlproof.data.store import load_store
from dlproof.evaluation import page
from dlproof.evaluation.robustness import draw_disturbed
from PIL import Image

from ..projects import IMAGE, REGRESSION
from .test_evaluate import EVALUATE, trained

__all__ = ["trained"]


def row(told, drop, interval):
    """A disturbance, as `evaluate` reports it."""
    found = {"told": told, "drop": drop, "interval": interval}
    return found | {"hides": False, "score": 0.5, "overconfident": 0.0}


FIGURES = {
    "items": 40,
    "metric": "accuracy",
    "metrics": {"accuracy": 0.9, "calibration_error": 0.2, "auroc": None},
    "intervals": {"accuracy": [0.8, 0.95], "calibration_error": [0.1, 0.3], "auroc": [None, None]},
    "interval": [0.8, 0.95],
    "undefined": ["auroc"],
    "baselines": {"random_forest": {"accuracy": 0.8, "calibration_error": 0.1, "auroc": None}},
    "best_baseline": "random_forest",
    "gain_interval": [0.02, 0.18],
    "calibration": {"temperature": 1.3, "thresholds": [0.4, 0.6]},
    "answers": {
        "cost": {"value": 0.2, "interval": [0.1, 0.3]},
        "cost_of_likeliest": {"value": 0.5, "interval": [0.3, 0.7]},
    },
    "confusion": [[17, 3], [1, 19]],
    "most_confused": [{"true": "<8>", "predicted": "1", "items": 3}],
    "per_class": {"<8>": {"precision": 0.94, "recall": 0.85, "f1": 0.9, "support": 20.0}},
    "groups": {
        "label=<8>": {
            "items": 20,
            "score": 0.6,
            "interval": [0.4, 0.8],
            "rest": 0.97,
            "p_value": 0.004,
            "gap": "worse",
        },
        "label=1": {
            "items": 20,
            "score": 0.97,
            "interval": [0.92, 0.99],
            "rest": 0.9,
            "p_value": 0.2,
            "gap": "",
        },
        "site=a": {
            "items": 1,
            "score": None,
            "interval": [None, None],
            "rest": 0.9,
            "p_value": None,
            "gap": "",
        },
    },
    "robustness": {
        "items": 40,
        "sure": 0.9,
        "undisturbed": 0.9,
        "scores": {
            "noise=0.1": row("noise of 0.1", 0.04, [0.01, 0.07]),
            "blur=1": row("a blur of <1>", 0.5, [0.4, 0.6]) | {"overconfident": 0.3},
            "shift=1": row("a shift by 1", 0.01, [-0.01, 0.03]),
            "blank=0": row("a blank image", 0.8, [0.7, 0.9])
            | {"hides": True, "answer": "<8>", "probability": 0.93, "overconfident": 0.9},
            "nothing=1": row("nothing at all", None, [None, None]),
        },
        "unchanged": ["unknown=1"],
        "flagged": ["blur=1", "blank=0"],
    },
    "clusters": [
        {"items": 5, "errors": 9, "told": "<8> is taken for 1 in 4", "examples": ["<b>", "c"]},
        {"items": 4, "errors": 9, "told": "1 is taken for <8> in 4", "examples": ["d"]},
    ],
    "reliability": [
        {"items": 5, "confidence": 0.6, "accuracy": 0.4, "p_value": 0.03},
        {"items": 20, "confidence": 0.97, "accuracy": 0.5, "p_value": 0.001},
    ],
    "worst": [{"id": "<b>", "true": "<8>", "predicted": "1", "loss": 4.2}],
}


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "evaluate.png"
    Image.new("L", (4, 4)).save(path)
    return path


def read(figures, picture, processed):
    Path("reports").mkdir(exist_ok=True)
    pictures = {"picture": picture, "trust": picture}
    path = page.write_page(compose(), build(compose().task), figures, pictures)
    return path.read_text(encoding="utf-8")


def test_it_says_in_sentences_what_stands_out(processed, picture):
    text = read(FIGURES, picture, processed)
    for sentence in (
        "The model is better than the best baseline, random_forest: accuracy +0.02 to +0.18.",
        "An answer costs 0.2 on average; it would be 0.5 if the likeliest class were answered.",
        "&lt;8&gt; is taken for 1 in 3 of 20 cases.",
        "label=&lt;8&gt; is worse than the rest: accuracy 0.6 against 0.97 (p 0.004 for 2 groups).",
        "Its confidence is 20% away from how often it is right",
        "5 of 9 errors are alike to the model: &lt;8&gt; is taken for 1 in 4.",
        "Where it is 97% sure, it is right in 50% of 20 cases.",
        "Not defined on these items, whose labels are all alike: auroc.",
        "Noise of 0.1 costs 0.04 of accuracy.",
        "A blur of &lt;1&gt; costs 0.5 of accuracy.",
        "A blur of &lt;1&gt;: 30% of the answers are wrong with 90% confidence or more.",
        "A blank image is taken for &lt;8&gt; with 93% confidence.",
        "Without an effect here: unknown=1.",
    ):
        assert sentence in text
    for sentence in (
        "label=1 is better",
        "Where it is 60% sure",
        "site=a is",
        "A shift by 1 costs",
        "A blank image costs",
        "at all costs",
    ):
        assert sentence not in text
    assert "<8>" not in text
    assert "None" not in text


def test_a_difference_that_may_be_chance_is_told_so(processed, picture):
    text = read(FIGURES | {"gain_interval": [-0.02, 0.18]}, picture, processed)
    assert "random_forest, may be chance: accuracy -0.02 to +0.18." in text


def test_lower_is_better_where_the_metric_is_an_error(picture):
    figures = FIGURES | {"metric": "mae"}
    assert "Noise of 0.1 adds 0.04 to mae." in page.tell_robustness(figures, "min")
    (worse,) = page.tell_gain(figures, "min")
    assert worse == "The model is worse than the best baseline, random_forest: mae +0.02 to +0.18."


@pytest.mark.parametrize("sort", [IMAGE, REGRESSION], indirect=True)
def test_it_is_one_file_for_every_task(trained, run, sort, picture):
    figures, cfg, store = run("evaluate", *EVALUATE).figures, compose(EVALUATE), load_store("data")
    store.open_test()
    worst = page.draw_worst(cfg, store, figures["worst"])
    assert (worst is not None) == (sort != REGRESSION)
    figures["groups"] = {}
    disturbed = draw_disturbed(cfg, store, 0)
    assert (disturbed is not None) == (sort != REGRESSION)
    pictures = {"picture": picture, "trust": picture, "worst": worst, "disturbed": disturbed}
    text = page.write_page(cfg, build(cfg.task), figures, pictures).read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#|index\.html)', text)
    assert text.count("data:image/png;base64,") == 2 + bool(worst) + bool(disturbed)
    assert all(f">{name.replace('_', ' ')}</th>" in text for name in figures["metrics"])


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ([0.85, 0.95], "Intervals of ±12.5 hold 90.0% of the true values."),
        ([0.86, 0.89], "hold 90.0% of the true values, which is not the 95% that was asked for."),
    ],
)
def test_it_says_whether_intervals_of_numbers_hold(interval, told):
    figures = {
        "calibration": {"half_width": 12.5, "confidence": 0.95 if "not" in told else 0.9},
        "answers": {"coverage": {"value": 0.9, "interval": interval}},
    }
    assert told in " ".join(page.tell_answers(figures))


def test_it_says_where_values_are_too_high_or_too_low_by_more_than_chance():
    rows = [
        {"from": 50.0, "to": 99.0, "residual": 4.0, "error": 1.0},
        {"from": 100.0, "to": 149.0, "residual": -4.0, "error": 1.0},
        {"from": 150.0, "to": 199.0, "residual": 2.4, "error": 1.0},
        {"from": 200.0, "to": 249.0, "residual": 9.0, "error": None},
    ]
    assert list(page.tell_residuals({"residuals": rows})) == [
        "Where it predicts 50 to 99, true values are 4 lower on average.",
        "Where it predicts 100 to 149, true values are 4 higher on average.",
    ]
    assert list(page.tell_residuals({})) == []
