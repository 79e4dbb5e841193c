"""Slices of the test split: which there are, and which differ from the rest by more than chance."""

import numpy as np
import pandas as pd
import pytest
from dlproof.config import build, compose
from dlproof.data import preprocess
from dlproof.data.store import TEST, VALIDATION, load_store
from dlproof.evaluation import slices
from dlproof.intervals import bootstrap
from dlproof.tasks import accuracy, auroc, mae
from omegaconf import OmegaConf
from scipy.stats import permutation_test

from ..projects import IMAGE, REGRESSION, TABLE

CFG = OmegaConf.create({"evaluate": {"resamples": 500, "confidence": 0.95}, "seed": 0})
FIVE = {f"origin={name}": np.arange(200) % 5 == name for name in range(5)}


class Accuracy:
    """A task whose metric is a share of items."""

    mode, score = "max", staticmethod(accuracy)


class Error:
    """A task whose metric is an error in the target's unit."""

    mode, score = "min", staticmethod(mae)


def answer(wrong):
    """Classes of as many items and probabilities for them, wrong where it says so."""
    targets = np.arange(len(wrong)) % 2
    return targets, np.eye(2)[np.where(wrong, 1 - targets, targets)]


def test_a_slice_for_each_value_and_none_for_what_is_not_known():
    items = pd.DataFrame({"origin": ["b", "a", "", "b"]}, index=[7, 3, 5, 1])
    found = slices.slice_values(items, "origin")
    assert {name: within.tolist() for name, within in found.items()} == {
        "origin=a": [False, True, False, False],
        "origin=b": [True, False, False, True],
    }
    assert slices.slice_values(items, "group") == {}


@pytest.mark.parametrize("write", [str, "2024-01-{:02d}".format])
def test_spans_of_time_have_equal_sizes_and_keep_equal_times_together(write):
    days = np.random.default_rng(0).permutation(np.repeat(np.arange(1, 13), 5))
    items = pd.DataFrame({"time": [write(day) for day in days], "source": "x"})
    found = slices.slice_times(items, 4)
    assert list(found) == [f"time={write(a)} to {write(a + 2)}" for a in (1, 4, 7, 10)]
    for within, first in zip(found.values(), (1, 4, 7, 10), strict=True):
        assert set(days[within]) == {first, first + 1, first + 2}
        assert within.sum() == 15


def test_items_without_a_time_are_in_no_span():
    items = pd.DataFrame({"time": ["", "2", "1", "", "4", "3"], "source": "x"}, index=range(6, 12))
    found = slices.slice_times(items, 2)
    assert {name: np.flatnonzero(within).tolist() for name, within in found.items()} == {
        "time=1 to 2": [1, 2],
        "time=3 to 4": [4, 5],
    }
    assert slices.slice_times(items[["source"]], 2) == {}


@pytest.mark.parametrize("sort", [TABLE], indirect=True)
def test_a_declared_group_is_found_in_the_inputs_and_the_columns_beside_them(
    processed, monkeypatch
):
    cfg, store = compose(), load_store("data")
    rows = store.rows(VALIDATION)
    store.items["origin"] = np.where(np.arange(len(store.items)) % 3, "a", "b")
    widths = store.arrays["numeric"][rows, list(store.state["data"]["numeric"]).index("width")]
    width = float(np.nanmax(widths))
    declared = ["colour=red", "origin=b", f"width={width!r}", "colour=blue", "nothing"]
    monkeypatch.setattr(slices, "read_declared_groups", lambda: dict.fromkeys(declared, 0.1))
    found = slices.slice_declared(cfg, store, rows)
    assert list(found) == ["colour=red", "origin=b", f"width={width!r}"]
    codes = store.arrays["categorical"][rows, 0]
    names = store.state["data"]["categories"]["colour"]
    np.testing.assert_array_equal(found["colour=red"], codes == names.index("red") + 1)
    np.testing.assert_array_equal(found["origin=b"], rows % 3 == 0)
    np.testing.assert_array_equal(found[f"width={width!r}"], widths == np.float32(width))


@pytest.mark.parametrize("sort", [IMAGE, TABLE, REGRESSION], indirect=True)
def test_no_group_is_looked_for_that_is_not_declared(processed):
    store = load_store("data")
    assert slices.slice_declared(compose(), store, store.rows(VALIDATION)) == {}


def test_a_project_without_a_charter_declares_no_groups(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert slices.read_declared_groups() == {}


def test_each_slice_has_its_score_interval_and_the_rest():
    draws = np.random.default_rng(0)
    targets, predictions = answer(draws.random(200) < 0.2)
    found = slices.score_slices(CFG, Accuracy, targets, predictions, FIVE)
    for name, within in FIVE.items():
        row = found[name]
        assert row["items"] == 40
        assert row["score"] == accuracy(targets[within], predictions[within])
        assert row["rest"] == accuracy(targets[~within], predictions[~within])
        how = {"resamples": 100, "confidence": 0.95, "seed": 0}
        expected = bootstrap(accuracy, targets[within], predictions[within], **how)
        assert row["interval"] == expected


def test_a_planted_gap_is_found_and_called_by_its_side():
    draws = np.random.default_rng(0)
    wrong = draws.random(200) < np.where(FIVE["origin=3"], 0.5, 0.05)
    found = slices.score_slices(CFG, Accuracy, *answer(wrong), FIVE)
    assert [name for name, row in found.items() if row["gap"] == "worse"] == ["origin=3"]
    targets = draws.normal(size=200)
    errors = draws.normal(size=200) * np.where(FIVE["origin=1"], 0.2, 2)
    found = slices.score_slices(CFG, Error, targets, targets + errors, FIVE)
    assert found["origin=1"]["gap"] == "better"


@pytest.mark.parametrize("task", [Accuracy, Error])
def test_without_a_gap_at_most_one_family_in_twenty_has_a_flag(task):
    flagged, cfg = 0, OmegaConf.merge(CFG, {"evaluate": {"resamples": 200}})
    for seed in range(100):
        draws = np.random.default_rng(seed)
        targets, predictions = answer(draws.random(200) < 0.3)
        if task is Error:
            targets = np.zeros(200)
            predictions = np.exp(draws.normal(size=200))
        p_values = dict(slices.find_p_values(cfg, task.score, targets, predictions, FIVE))
        flagged += min(slices.correct(p_values).values()) < 0.05
    assert flagged <= 10  # of 5 expected at most: 1 % of correct tests exceed it


def test_the_permutation_test_is_scipys():
    draws = np.random.default_rng(3)
    targets, predictions = np.zeros(60), draws.normal(size=60) ** 2
    within = np.arange(60) < 20
    predictions[within] += 0.4
    ((_, p_value),) = slices.permute(mae, targets, predictions, {"a": within}, 5000, 0)
    sides = predictions[within], predictions[~within]
    expected = permutation_test(
        sides, lambda a, b: a.mean() - b.mean(), n_resamples=5000, rng=np.random.default_rng(0)
    )
    assert p_value == pytest.approx(expected.pvalue, abs=0.02)


def test_p_values_grow_with_the_number_of_groups_looked_at():
    wrong = np.arange(200) % 40 == 3
    alone = {"origin=3": FIVE["origin=3"]}
    found = [slices.score_slices(CFG, Accuracy, *answer(wrong), given) for given in (alone, FIVE)]
    few, many = (rows["origin=3"]["p_value"] for rows in found)
    assert many == pytest.approx(5 * few)


def test_where_the_metric_is_not_defined_nothing_is_flagged():
    class Ranking:
        mode, score = "max", staticmethod(auroc)

    targets, predictions = answer(np.arange(200) % 7 == 0)
    given = {"label=0": targets == 0, "origin=0": FIVE["origin=0"], "all": targets >= 0}
    found = slices.score_slices(CFG, Ranking, targets, predictions, given | {"none": targets > 1})
    assert list(found) == list(given)
    for name in ("label=0", "all"):
        assert (found[name]["p_value"], found[name]["gap"]) == (None, "")
    assert 0 < found["origin=0"]["p_value"] <= 1


def test_keys_that_are_declared_are_kept_beside_the_arrays_and_others_not(project, run):
    for stage in ("ingest", "clean", "split"):
        run(stage)
    path = project / "data" / "clean.csv"
    clean = pd.read_csv(path, dtype=str, keep_default_na=False)
    clean["origin"] = np.where(np.arange(len(clean)) % 2, "a", "b")
    clean.to_csv(path, index=False)
    cfg = compose()
    data_type, task = build(cfg.data), build(cfg.task)
    items = clean.merge(pd.read_csv(project / "data" / "splits.csv", dtype=str), on="id")
    state = {"data": data_type.fit(data_type.read(items), cfg.preprocess)}
    state["task"] = task.fit(items["label"])
    targets = task.encode(items["label"], state["task"])
    preprocess.write(cfg, data_type, items, targets, state)
    store = load_store("data")
    rows = store.open_test()
    assert set(store.items["split"].iloc[rows]) == {TEST}
    expected = dict(zip(clean["id"], clean["origin"], strict=True))
    assert store.items["origin"].tolist() == [expected[item] for item in store.items["id"]]
    assert "time" not in store.items
