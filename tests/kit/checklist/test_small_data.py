"""Few items, perfect models, splits by time: what checks can tell of them, by reports made up."""

from types import SimpleNamespace

import numpy as np
import pytest
from dlproof.checklist import data_split, evaluation_baselines, model, monitoring, problem_baselines
from dlproof.checklist.evidence import NotApplicableError, NotYetError
from dlproof.intervals import bootstrap
from dlproof.tasks import RandomRegressor, accuracy, r2
from omegaconf import OmegaConf

BOOTSTRAP = {"resamples": 300, "confidence": 0.95, "seed": 0}


def compare(mine, theirs, interval, items=180, mode="max", task="classification"):
    """A project whose model and best baseline scored so."""
    metric = "accuracy" if mode == "max" else "mae"
    figures = {
        "items": items,
        "metrics": {metric: mine},
        "baselines": {"forest": {metric: theirs}},
        "best_baseline": "forest",
        "gain_interval": interval,
    }
    cfg = {
        "task": {"name": task, "metric": metric, "mode": mode},
        "evaluate": {"confidence": 0.95},
    }
    return SimpleNamespace(cfg=OmegaConf.create(cfg), figures={"evaluate": figures}.get)


@pytest.mark.parametrize(
    ("interval", "holds", "near"),
    [
        ([0.0111, 0.0667], True, False),
        ([0.0056, 0.0667], True, True),
        ([0.0, 0.0667], True, True),
        ([-0.0056, 0.0667], True, True),
        ([-0.0111, 0.0667], False, False),
        ([-0.0056, 0.05], False, False),  # where an item is more than a twelfth of it
        ([-0.1, 0.01], False, False),
    ],
)
def test_a_gain_within_an_item_of_chance_is_near_the_bound(interval, holds, near):
    found = evaluation_baselines.gain_is_beyond_chance(compare(0.98, 0.95, interval))
    assert (found.holds, found.figure.endswith("near the bound")) == (holds, near)


def test_numbers_have_no_item_to_hang_on():
    for low, holds in ((-2.0, True), (-0.01, False)):
        interval = [low - 3.0, 0.005 if not holds else -0.1]
        project = compare(40.0, 44.0, interval, mode="min", task="regression")
        assert evaluation_baselines.gain_is_beyond_chance(project).holds == holds


@pytest.mark.parametrize(("items", "apart"), [(20, 0.3), (60, 0.15), (180, 0.06)])
def test_models_that_are_alike_seldom_pass(items, apart):
    """Whatever the band: each is right where the other is wrong equally often."""
    generator, passed, splits = np.random.default_rng(0), 0, 300
    targets = np.zeros(items, int)
    for _ in range(splits):
        draw = generator.random(items)
        mine, theirs = draw < apart / 2, (draw >= apart / 2) & (draw < apart)
        models = [np.stack([1.0 - wrong, wrong], axis=1) for wrong in (mine, theirs)]
        scores = [accuracy(targets, predicted) for predicted in models]
        interval = bootstrap(accuracy, targets, *models, **BOOTSTRAP)
        if min(scores) < 1:
            project = compare(*scores, interval, items)
            passed += evaluation_baselines.gain_is_beyond_chance(project).holds
    assert passed <= 0.08 * splits


@pytest.mark.parametrize(("score", "mode"), [(1.0, "max"), (0.0, "min")])
def test_where_both_are_perfect_more_items_would_decide(score, mode):
    project = compare(score, score, [-0.17, 0.17], items=20, mode=mode)
    for check in ("model_beats_the_best_baseline", "gain_is_beyond_chance"):
        with pytest.raises(NotApplicableError, match="on 20 test items: more or harder ones"):
            getattr(evaluation_baselines, check)(project)


@pytest.mark.parametrize(("mine", "theirs"), [(0.95, 1.0), (0.95, 0.95)])
def test_a_tie_below_the_ceiling_and_a_loss_fail(mine, theirs):
    project = compare(mine, theirs, [-0.1, 0.1], items=20)
    assert not evaluation_baselines.model_beats_the_best_baseline(project).holds
    assert not evaluation_baselines.gain_is_beyond_chance(project).holds


def see_baselines(monkeypatch, train, validation, scores, fitted=None):
    """A project whose baselines scored so on these labels."""
    labels = {"train": train, "validation": validation}
    rows = [{"split": s, "label": str(label)} for s, found in labels.items() for label in found]
    monkeypatch.setattr(problem_baselines, "read_split", lambda project: rows)
    name = "classification" if isinstance(train[0], str) else "regression"
    classes = sorted(set(train)) if name == "classification" else []
    counts = [list(train).count(label) for label in classes]
    state = {"task": {"classes": classes, "counts": counts}}
    monkeypatch.setattr(problem_baselines, "load_state", lambda project: state)
    figures = {
        "scores": scores,
        "metric": "accuracy" if classes else "r2",
        "fitted_items": fitted or len(train),
        "validation_items": len(validation),
    }
    return SimpleNamespace(
        cfg=OmegaConf.create({"task": {"name": name}}), figures=lambda _: figures
    )


def grow(items=200, slope=10.0):
    """A number that grows with time, split by it: validation lies above all that train has seen."""
    values = slope * np.arange(items) / items + np.random.default_rng(0).normal(size=items)
    return values[: int(0.8 * items)], values[int(0.8 * items) :]


@pytest.mark.parametrize("centre", [np.mean, np.median])
def test_a_constant_scores_far_below_zero_in_a_split_by_time(monkeypatch, centre):
    train, validation = grow()
    score = r2(validation, np.full(len(validation), centre(train)))
    assert score < -3
    project = see_baselines(monkeypatch, train, validation, {"constant": {"r2": score}})
    found = problem_baselines.constant_baseline_is_scored(project)
    assert found.holds
    assert centre.__name__ in found.figure


@pytest.mark.parametrize("share", [0.0, 0.5, 2.0])
def test_a_constant_that_scores_otherwise_than_its_labels_say_fails(monkeypatch, share):
    train, validation = grow()
    score = share * r2(validation, np.full(len(validation), train.mean()))
    project = see_baselines(monkeypatch, train, validation, {"constant": {"r2": score}})
    assert not problem_baselines.constant_baseline_is_scored(project).holds


def test_a_constant_of_some_of_the_items_may_miss_the_mean_of_all(monkeypatch):
    train, validation = grow(2000)
    constant = np.random.default_rng(1).choice(train, 100, replace=False).mean()
    scores = {"constant": {"r2": r2(validation, np.full(len(validation), constant))}}
    project = see_baselines(monkeypatch, train, validation, scores, fitted=100)
    assert problem_baselines.constant_baseline_is_scored(project).holds
    project = see_baselines(monkeypatch, train, validation, scores)
    assert not problem_baselines.constant_baseline_is_scored(project).holds


@pytest.mark.parametrize("slope", [0.0, 10.0])
def test_guessed_numbers_score_what_their_labels_say(monkeypatch, slope):
    train, validation = grow(slope=slope)
    held = []
    for seed in range(20):
        guesses = RandomRegressor(seed).fit(train, train).predict(validation)
        scores = {"random": {"r2": r2(validation, guesses)}}
        project = see_baselines(monkeypatch, train, validation, scores)
        held.append(problem_baselines.random_baseline_is_near_chance(project).holds)
    assert all(held)
    for score in (0.5, -100.0):
        project = see_baselines(monkeypatch, train, validation, {"random": {"r2": score}})
        assert not problem_baselines.random_baseline_is_near_chance(project).holds


def test_guessed_classes_score_what_their_shares_in_both_splits_say(monkeypatch):
    train, validation = ["old"] * 90 + ["new"] * 10, ["old"] * 10 + ["new"] * 90
    for score, holds in ((0.18, True), (0.82, False)):  # where shares stay, 0.82 is chance
        project = see_baselines(monkeypatch, train, validation, {"random": {"accuracy": score}})
        assert problem_baselines.random_baseline_is_near_chance(project).holds == holds


def count_items(monkeypatch, items, parameters, shapes, classes):
    """A project with a network of so many parameters."""
    state = {"data": {"shapes": shapes}, "task": {"classes": classes} if classes else {}}
    monkeypatch.setattr(model, "load_state", lambda project: state)
    figures = {"sanity": {"trainable": parameters}, "split": {"items": {"train": items}}}
    return SimpleNamespace(figures=figures.get)


@pytest.mark.parametrize(
    ("items", "shapes", "classes"),
    [
        (119, {"numeric": [4]}, ["a", "b", "c"]),  # iris
        (142, {"numeric": [13]}, ["a", "b", "c"]),  # wine
        (48, {"numeric": [2], "categories": [1]}, ["a", "b"]),
        (30, {"image": [3, 32, 32]}, ["a", "b"]),
    ],
)
def test_no_rule_of_ten_holds_for_items_too_few_for_a_line(monkeypatch, items, shapes, classes):
    project = count_items(monkeypatch, items, 18_000, shapes, classes)
    with pytest.raises(NotApplicableError, match=rf"linear model .* for {items} items: .*DL-16\.3"):
        model.samples_outnumber_parameters(project)


@pytest.mark.parametrize(("parameters", "holds"), [(35, True), (36, False)])
def test_where_a_line_would_do_a_larger_model_says_what_would_too(monkeypatch, parameters, holds):
    project = count_items(monkeypatch, 353, parameters, {"numeric": [10]}, [])
    found = model.samples_outnumber_parameters(project)
    assert found.holds == holds
    assert ("35 parameters, 360 items or a waiver" in found.figure) != holds


def see_window(monkeypatch, logged, source, validation, num_items=100):
    """A project whose monitor saw so many predictions."""
    figures = {"items": logged, "source": source, "enough": logged >= 30}
    cfg = {"monitor": {"min_items": 30}, "probe": {"num_items": num_items}}
    rows = [{"split": "validation"}] * validation
    monkeypatch.setattr(monitoring, "read_split", lambda project: rows)
    return SimpleNamespace(cfg=OmegaConf.create(cfg), figures=lambda _: figures)


def test_a_validation_split_that_no_probe_could_fill_a_window_from_is_no_fault(monkeypatch):
    project = see_window(monkeypatch, 15, "probe", validation=15)
    with pytest.raises(NotApplicableError, match=r"has 15 items .* needs 30 .* live ones will"):
        monitoring.window_of(project)


@pytest.mark.parametrize(
    ("logged", "source", "validation", "num_items"),
    [(15, "live", 15, 100), (20, "probe", 180, 100), (15, "probe", 180, 15), (8, "probe", 15, 8)],
)
def test_what_use_or_a_longer_probe_would_fill_is_to_do(
    monkeypatch, logged, source, validation, num_items
):
    project = see_window(monkeypatch, logged, source, validation, num_items)
    with pytest.raises(NotYetError, match="30 are needed"):
        monitoring.window_of(project)


@pytest.mark.parametrize(
    ("task", "interval", "gain", "holds", "smallest"),
    [
        ("classification", [-0.02, 0.06], 0.05, True, "0.0404"),  # twice the test items
        ("classification", [-0.02, 0.06], 0.04, False, "0.0404"),
        ("classification", [0.0, 0.0], 0.02, False, "0.0378"),  # they agree on all of the items
        ("regression", [-3.0, 1.0], 2.1, True, "2.02"),
    ],
)
def test_validation_shows_a_gain_as_large_as_the_two_models_let_it(
    monkeypatch, task, interval, gain, holds, smallest
):
    project = compare(0.97, 0.96, interval, items=100, task=task)
    project.answer = {"need.expected_gain": gain}.get
    monkeypatch.setattr(data_split, "read_split", lambda _: [{"split": "validation"}] * 200)
    found = data_split.dev_set_shows_the_expected_gain(project)
    assert found.holds == holds
    assert f"200 items show a difference of {smallest};" in found.figure
