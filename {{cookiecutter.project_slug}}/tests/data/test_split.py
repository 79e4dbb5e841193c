"""Splits are seeded and stable, keep shares and groups, and refuse what would make them wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof import UserError, build, read_table, write_table
from dlproof.data import SPLITS
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from {{ cookiecutter.package_name }}.data.split import assign, choose_bins, gather

pytestmark = pytest.mark.unit
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def make_items(strata, units=None, **columns):
    """Items as `gather` returns them: one unit per item, unless given."""
    ids = [f"item-{number:03d}" for number in range(len(strata))]
    items = pd.DataFrame({"id": ids, "hash": ids, "source": ids, "stratum": list(map(str, strata))})
    return items.assign(unit=ids if units is None else list(map(str, units)), **columns)


def split_items(items, seed=0, name="stratified", previous=None):
    """The items' splits, by one of the methods with shares."""
    settings = {"name": name, **SHARES, "moved": "refuse", "per_class": 1}
    cfg = OmegaConf.create({"split": settings, "seed": seed})
    was = items["id"].map(lambda item: (previous or {}).get(item, ""))
    found, _ = assign(items, cfg, choose_bins(cfg.split), was)
    return found


def write_clean(count=40, **columns):
    """The file that `clean` writes; its labels can be classes or numbers."""
    ids = [f"item-{number:03d}" for number in range(count)]
    known = {"id": ids, "label": [str(number % 2 + 1) for number in range(count)]}
    table = pd.DataFrame(known | {"hash": ids, "source": ids})
    empty = dict.fromkeys(("near", "group", "time", "origin"), "")
    write_table(table.assign(**(empty | columns)), Path("data/clean.csv"))


@given(st.lists(st.integers(10, 60), min_size=1, max_size=8), st.integers(0, 99))
def test_every_stratum_keeps_its_shares_within_one_item(sizes, seed):
    items = make_items(np.repeat(range(len(sizes)), sizes))
    counts = pd.crosstab(items["stratum"], split_items(items, seed))
    assert set(counts.columns) == set(SPLITS)
    for stratum, size in enumerate(sizes):
        for split, share in SHARES.items():
            assert abs(counts.loc[str(stratum), split] - share * size) < 1


@given(st.integers(0, 60), st.integers(3, 30), st.integers(0, 9))
def test_units_are_never_divided(count, units, seed):
    draw = np.random.default_rng(seed)
    names = np.concatenate([np.arange(units), draw.integers(0, units, count)])
    found = split_items(make_items(draw.choice(["a", "b"], len(names)), names), seed)
    assert found.groupby(names).nunique().max() == 1


def test_a_random_split_ignores_strata():
    ones, others = make_items([0] * 60), make_items(range(60))
    assert split_items(ones, name="random").equals(split_items(others, name="random"))
    assert not split_items(make_items([0, 1] * 30)).equals(split_items(ones))


def test_an_item_that_had_a_split_keeps_it_when_others_come():
    items = make_items([0, 1] * 50)
    before = dict(zip(items["id"][:60], split_items(items[:60]), strict=True))
    found = split_items(items, previous=before)
    assert found[:60].tolist() == list(before.values())
    assert abs((found == "test").sum() - 10) <= 2


def test_an_item_that_was_tested_is_not_trained_on_because_of_its_group():
    items = make_items([0, 1] * 50)
    before = dict(zip(items["id"], split_items(items), strict=True))
    tested = next(item for item, split in before.items() if split == "test")
    trained = next(item for item, split in before.items() if split == "train")
    joined = items.assign(unit=items["unit"].replace({trained: tested}))
    with pytest.raises(UserError, match=r"1 items that were tested would be trained on"):
        split_items(joined, previous=before)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"name": "random", "train": 0.8, "validation": 0.1, "test": 0.2}, "must sum to 1"),
        ({"name": "random", "train": 0.9, "validation": 0.1, "test": 0.0}, r"split\.test=0"),
        ({"name": "kfold", "test": 0.1, "folds": 5, "fold": 5}, "5 folds count from 0"),
    ],
)
def test_impossible_shares_and_folds_are_refused(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        choose_bins(OmegaConf.create(settings))


def test_folds_share_what_is_not_tested_and_all_see_the_same_bins():
    settings = {"name": "kfold", "test": 0.1, "folds": 3}
    bins = [choose_bins(OmegaConf.create(settings | {"fold": fold})) for fold in range(3)]
    assert bins[0] == pytest.approx({"test": 0.1, "0": 0.3, "1": 0.3, "2": 0.3})
    assert bins[0] == bins[1] == bins[2]


def test_items_that_groups_and_near_duplicates_link_are_one_unit(project, compose):
    near, group = ["", "x", "x"] + [""] * 37, ["p", "p"] + [""] * 38
    write_clean(near=near, group=group)
    items = gather(compose())
    assert items["unit"].tolist() == ["item-000"] * 3 + items["id"].tolist()[3:]
    strata = build(compose().task).strata(items["label"])
    assert items["stratum"].tolist() == strata.tolist()


def test_labels_and_times_that_do_not_suit_are_refused_before_anything_is_built_on_them(
    project, compose
):
    write_clean(label="1")
    with pytest.raises(UserError, match=r"only '1'|every label is 1"):
        gather(compose())
    write_clean(time=["yesterday"] + ["2024-01-31"] * 39)
    with pytest.raises(UserError, match=r"the time 'yesterday' .* does not parse"):
        gather(compose("data.time=time"))
    with pytest.raises(UserError, match=r"set data\.time"):
        gather(compose("split=temporal"))


def test_a_split_by_time_trains_on_the_past_and_leaves_out_what_would_straddle(project, compose):
    times = [f"2024-01-{day:02d}" for day in range(1, 21)]
    write_clean(count=20, time=times, group=["p", *[""] * 18, "p"])
    cfg = compose("split=temporal", "data.time=time")
    items = gather(cfg)
    found, _ = assign(items, cfg, choose_bins(cfg.split), items["id"].map(lambda _: ""))
    assert found.tolist() == [*["train"] * 16, "validation", "validation", "test", ""]


def test_a_predefined_split_is_taken_as_it_is_and_must_name_every_item(project, compose):
    write_clean()
    items = read_table(Path("data/clean.csv"), "clean")
    write_table(items, Path("data/items.csv"))
    given = items[["id"]].assign(split=["train"] * 20 + ["validation"] * 10 + ["test"] * 10)
    given.to_csv("given.csv", index=False)
    cfg = compose("split=predefined", "split.path=given.csv")
    new = items["id"].map(lambda _: "")
    found, _ = assign(gather(cfg), cfg, choose_bins(cfg.split), new)
    assert found.tolist() == given["split"].tolist()
    given[:-1].to_csv("given.csv", index=False)
    with pytest.raises(UserError, match=r"given\.csv has no row for 'item-039': add one"):
        assign(gather(cfg), cfg, choose_bins(cfg.split), new)
