"""Keys of groups are compared as what they are; look-alikes are told, and one on request."""

import pandas as pd
import pytest
from dlproof.data.keys import fold_key, read_key, tell_keys, unify_keys
from hypothesis import given
from hypothesis import strategies as st

COMPOSED, DECOMPOSED = "J\u00f6", "Jo\u0308"


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (("17", "17.0", "017", " 17 ", "+17", "17."), "17"),
        (("0", "00", "0.0"), "0"),
        (("-1", "-01", "-1.00"), "-1"),
        (("1.5", "01.50"), "1.5"),
        (("9007199254740993",), "9007199254740993"),  # beyond what a float tells apart
        (("2E5",), "2E5"),
        (("NA",), "NA"),
        ((COMPOSED, DECOMPOSED), COMPOSED),
    ],
)
def test_numbers_are_compared_as_numbers_and_texts_as_texts(spellings, key):
    assert {read_key(spelling) for spelling in spellings} == {key}


@given(st.lists(st.integers(0, 10**20), min_size=1, unique=True))
def test_different_numbers_stay_different(numbers):
    assert unify_keys(pd.Series(map(str, numbers)), fold=True).nunique() == len(numbers)


def test_no_key_stays_none_and_a_key_keeps_its_first_spelling():
    keys = pd.Series(["", "017", "17", "P1", ""])
    assert unify_keys(keys).tolist() == ["", "017", "017", "P1", ""]


def test_look_alikes_stay_apart_until_they_are_folded():
    keys = pd.Series(["P1", "p1", "P-01", "P 1", "Q1", "1.5", "15"])
    assert unify_keys(keys).nunique() == 7
    assert unify_keys(keys, fold=True).tolist() == ["P1"] * 4 + ["Q1", "1.5", "15"]
    assert fold_key("---") == "---"


def test_what_was_joined_and_what_looks_alike_is_told_with_the_setting():
    keys = pd.Series(["17", "17.0", "P1", "p1"])
    joined, alike = tell_keys(keys, unify_keys(keys))
    assert joined == "1 groups are spelt in several ways and are one group each: '17' = '17.0'."
    assert "'P1' = 'p1'. If they are the same, set clean.group_keys=fold." in alike
    assert tell_keys(pd.Series(["a", "b", ""]), pd.Series(["a", "b", ""])) == []
