"""Splits are seeded, complete and stratified; what cannot be split is refused with a sentence."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from {{ cookiecutter.package_name }}.data.split import (
    assign,
    check_shares,
    find_tiny,
    round_counts,
)
from {{ cookiecutter.package_name }}.data.store import load_store
from {{ cookiecutter.package_name }}.errors import UserError

pytestmark = pytest.mark.unit
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def split_sizes(sizes, seed=0, shares=SHARES):
    """Splits classes of the given sizes; rows are (stratum, split)."""
    strata = pd.Series([name for name, size in enumerate(sizes) for _ in range(size)], dtype=object)
    ids = pd.Series([f"item-{number}" for number in range(len(strata))])
    return pd.DataFrame({"stratum": strata, "split": assign(ids, strata, shares, seed)})


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(0, 99))
def test_every_item_has_one_split_and_every_class_of_three_is_in_all(sizes, seed):
    table = split_sizes(sizes, seed)
    assert set(table["split"]) <= set(SHARES)
    counts = pd.crosstab(table["stratum"], table["split"])
    for stratum, size in enumerate(sizes):
        assert counts.loc[stratum].sum() == size
        assert (counts.loc[stratum] > 0).sum() == min(3, size)
        assert counts.loc[stratum].get("train", 0) >= 1


@given(st.lists(st.integers(10, 60), min_size=1, max_size=12))
def test_shares_hold_for_every_class_and_over_all(sizes):
    table = split_sizes(sizes)
    for split, share in SHARES.items():
        inside = table["split"] == split
        assert abs(inside.sum() - share * len(table)) <= 2
        for stratum, size in enumerate(sizes):
            assert abs((inside & (table["stratum"] == stratum)).sum() - share * size) <= 2


@given(
    st.fixed_dictionaries({name: st.floats(-2, 50) for name in SHARES}),
    st.integers(0, 100),
)
def test_counts_always_sum_to_the_total(wanted, total):
    counts = round_counts(wanted, total)
    assert sum(counts.values()) == total
    assert min(counts.values()) >= 0


def test_the_split_follows_ids_and_seed_and_not_the_order_of_rows():
    ids = pd.Series([f"item-{number}" for number in range(100)])
    strata = pd.Series(["a", "b"] * 50)
    first = dict(zip(ids, assign(ids, strata, SHARES, 1), strict=True))
    turned = dict(zip(ids[::-1], assign(ids[::-1], strata[::-1], SHARES, 1), strict=True))
    other = dict(zip(ids, assign(ids, strata, SHARES, 2), strict=True))
    assert first == turned != other


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [((0.8, 0.1, 0.2), "must sum to 1"), ((0.9, 0.1, 0.0), r"split\.test=0")],
)
def test_wrong_shares_are_refused(shares, sentence):
    with pytest.raises(UserError, match=sentence):
        check_shares(dict(zip(SHARES, shares, strict=True)))


def test_a_class_of_one_is_kept_in_train_and_said():
    table = split_sizes([30, 1])
    assert table.loc[table["stratum"] == 1, "split"].tolist() == ["train"]
    (sentence,) = find_tiny(table["split"], table["stratum"].map({0: "many", 1: "rare"}))
    assert "'rare' has 1 item, none in validation and test" in sentence


@pytest.mark.pipeline
def test_the_same_seed_writes_the_same_file(project, run):
    run("ingest")
    run("clean")
    first = run("split")
    assert run("split").figures["version"] == first.figures["version"]
    assert run("split", "seed=7").figures["version"] != first.figures["version"]
    assert abs(first.figures["shares"]["train"] - 0.8) < 0.02


@pytest.mark.pipeline
def test_the_test_split_does_not_open_as_a_split_like_others(processed):
    store = load_store("data")
    with pytest.raises(PermissionError):
        store.rows("test")
    rows = [*store.rows("train"), *store.rows("validation"), *store.open_test()]
    assert sorted(rows) == list(range(len(store.items)))
