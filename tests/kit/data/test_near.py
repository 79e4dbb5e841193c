"""The search for near duplicates: what it joins, and what it costs at most."""

import numpy as np
import pandas as pd
import pytest
from dlproof.data.near import BANDS, WINDOW, find_clusters, name_near, refuse_crowd
from dlproof.errors import UserError


class Counting:
    """Numbers are alike when they differ by at most 1; counts the pairs it is asked about."""

    def __init__(self, values):
        self.values, self.pairs = np.asarray(values), 0

    def __call__(self, left, right):
        self.pairs += len(left)
        return np.abs(self.values[left] - self.values[right]) <= 1


class Letters:
    """A data type whose items are near when their contents begin alike."""

    def find_near(self, items, min_similarity):
        return pd.factorize(items["hash"].str[0])[0]


def test_a_chain_of_near_items_is_one_cluster_named_by_its_first():
    values = [7, 30, 8, 9, 31, 50]
    clusters = find_clusters(6, [np.array(values, np.uint64)], Counting(values))
    assert clusters.tolist() == [0, 1, 0, 0, 1, 5]


def test_near_items_meet_across_three_others_of_their_order():
    values = [1, 10, 20, 30, 2, 40, 50, 60, 70, 3]
    clusters = find_clusters(10, [np.arange(10)], Counting(values))
    assert clusters.tolist() == [0, 1, 2, 3, 0, 5, 6, 7, 8, 9]


def test_what_one_order_parts_another_joins():
    values = [1, *range(10, 100, 10), 2]
    apart, together = np.arange(11), np.array([0, *range(2, 11), 1])
    assert len(set(find_clusters(11, [apart], Counting(values)))) == 11
    assert find_clusters(11, [apart, together], Counting(values))[-1] == 0


def test_the_pairs_that_are_compared_grow_with_the_items_even_in_one_bucket():
    for count in (1_000, 4_000):
        alike = Counting(np.arange(count) * 10)
        clusters = find_clusters(count, [np.zeros(count, np.uint64)] * BANDS, alike)
        assert len(set(clusters)) == count
        assert alike.pairs <= BANDS * WINDOW * count


def test_items_that_are_all_near_are_one_cluster_and_are_compared_once():
    alike = Counting(np.zeros(2_000))
    clusters = find_clusters(2_000, [np.zeros(2_000, np.uint64)] * BANDS, alike)
    assert set(clusters) == {0}
    assert alike.pairs <= WINDOW * 2_000


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_items_are_no_special_case(count):
    keys = np.zeros(count, np.uint64)
    assert find_clusters(count, [keys], Counting(range(count))).tolist() == [0] * count


def test_copies_are_near_and_only_one_of_each_is_compared():
    items = pd.DataFrame({"id": list("abcdef"), "hash": ["x1", "y1", "x1", "x2", "z1", "z1"]})
    named = name_near(items, Letters(), 0.9)
    assert named.tolist() == ["a", "", "a", "a", "e", "e"]


def test_items_that_nearly_all_look_alike_stop_clean_with_the_setting():
    ids = [f"item-{number}" for number in range(40)]
    items = pd.DataFrame({"id": ids, "hash": ids, "near": "item-0"})
    with pytest.raises(UserError, match=r"40 of 40 .*set clean\.min_similarity above 0\.98"):
        refuse_crowd(items, 0.98)
    refuse_crowd(items.assign(near=["item-0"] * 30 + [""] * 10), 0.98)
    refuse_crowd(items.assign(hash="x"), 0.98)
    refuse_crowd(items.head(3), 0.98)
