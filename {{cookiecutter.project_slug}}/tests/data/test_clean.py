"""Clean removes what nobody can use, and says why."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from {{ cookiecutter.package_name }}.data.clean import decide_duplicates, find_kinds

SETTINGS = {"missing": "keep", "duplicates": "drop", "near_duplicates": "group"}
pytestmark = pytest.mark.unit


class Healthy:
    """A data type whose items lack nothing, except the one that is named."""

    def __init__(self, incomplete=""):
        self.incomplete = incomplete

    def find_missing(self, items):
        return {item: "has no width" for item in items["id"] if item == self.incomplete}


def make_items(contents, labels, near=None):
    """Items `item-0` … with one letter of content, label and cluster each."""
    ids = [f"item-{number}" for number in range(len(contents))]
    columns = {"id": ids, "label": list(labels), "hash": list(contents), "source": ids}
    return pd.DataFrame(columns | {"unexpected": "", "near": list(near or [""] * len(ids))})


def find(items, data_type=None, **settings):
    return find_kinds(items, data_type or Healthy(), OmegaConf.create(SETTINGS | settings))


def test_the_first_of_identical_items_stays():
    found = find(make_items("aab", "xxy"))
    assert found["duplicate"] == {"item-1": "same content as item-0"}


def test_identical_items_with_two_labels_all_go():
    found = find(make_items("aab", "xyy"))["conflicting"]
    assert found == dict.fromkeys(("item-0", "item-1"), "identical content is labelled x, y")


def test_where_rows_may_repeat_copies_stay_whatever_their_label():
    assert not any(find(make_items("aab", "xyy"), duplicates="keep").values())


def test_equal_items_with_numeric_labels_are_replicates():
    items = make_items("aab", ["4.92", "4.94", "5"])
    found = find_kinds(items, Healthy(), OmegaConf.create(SETTINGS), are_classes=False)
    assert not any(found.values())


@pytest.mark.parametrize(
    ("data", "decided"),
    [({"path": "own.csv"}, "keep"), ({"path": "own.csv", "id": "key"}, "drop")],
)
def test_equal_rows_stay_together_by_default_unless_each_has_an_id(data, decided):
    cfg = OmegaConf.create({"data": data, "clean": {"duplicates": "auto"}})
    assert decide_duplicates(cfg).clean.duplicates == decided


def test_near_copies_stay_when_grouped_and_all_but_the_first_go_when_dropped():
    items = make_items("abcde", "xxxxy", ["item-0", "item-0", "item-0", "", "item-0"])
    assert not any(find(items).values())
    found = find(items, near_duplicates="drop")["nearly duplicate"]  # none of another label
    assert found == dict.fromkeys(("item-1", "item-2"), "nearly the same as item-0")


def test_a_near_copy_goes_when_the_first_of_its_cluster_went_before():
    items = make_items("abc", ["", "x", "x"], ["item-0"] * 3)
    found = find(items, near_duplicates="drop")
    assert found["nearly duplicate"] == {"item-2": "nearly the same as item-1"}


def test_an_item_that_lacks_a_value_goes_only_when_the_config_says_so():
    items = make_items("ab", "xx")
    assert not any(find(items, Healthy("item-1")).values())
    found = find(items, Healthy("item-1"), missing="drop")
    assert found["incomplete"] == {"item-1": "has no width"}


def test_what_ingest_found_unexpected_goes_first_and_with_its_reason():
    items = make_items("aa", "xy").assign(unexpected=["", "has mode P, not L"])
    assert find(items)["unexpected"] == {"item-1": "has mode P, not L"}
    assert not find(items)["conflicting"]


def test_an_item_without_a_label_does_not_make_its_twin_a_conflict():
    found = find(make_items("aa", ["", "x"]))
    assert found["unlabelled"] == {"item-0": "has no label"}
    assert not found["conflicting"]
    assert not found["duplicate"]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])), min_size=1),
    st.sampled_from(["keep", "drop"]),
    st.sampled_from(["group", "drop"]),
)
def test_what_stays_is_unique_and_labelled_and_no_item_is_lost(pairs, duplicates, near_duplicates):
    items = make_items(*zip(*pairs, strict=True))
    kinds = find(items, duplicates=duplicates, near_duplicates=near_duplicates)
    gone = [item for found in kinds.values() for item in found]
    assert len(gone) == len(set(gone))
    stays = items[~items["id"].isin(gone)]
    assert (stays["label"] != "").all()
    if duplicates == "keep":
        assert len(stays) == (items["label"] != "").sum()
        return
    assert stays["hash"].is_unique
    for content, group in items[items["label"] != ""].groupby("hash"):
        assert (content in set(stays["hash"])) == (group["label"].nunique() == 1)
