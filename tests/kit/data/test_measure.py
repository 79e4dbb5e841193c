"""Two sets of items are told apart when they differ, not because each has its own groups."""

from types import SimpleNamespace

import numpy as np
from dlproof.checklist.data_split import DRIFTED, SEPARABLE, find_apart
from dlproof.data.measure import tell_apart


def score(values, units, first):
    """`tell_apart` over a table of features (N, D)."""
    store = SimpleNamespace(take=lambda rows: values[rows], state={"data": {}})
    data_type = SimpleNamespace(features=lambda arrays, _: (arrays, []))
    return tell_apart(store, data_type, units, first, ~first)


def test_a_shifted_side_is_told_apart_and_an_equal_one_is_not():
    draw = np.random.default_rng(0)
    values, first = draw.normal(size=(600, 4)), np.arange(600) < 200
    alike = score(values, np.arange(600), first)
    assert alike["units"] == [200, 400]
    assert find_apart({"a against b": alike}, SEPARABLE)[0] == []
    shifted = score(values + first[:, None] * 1.5, np.arange(600), first)
    apart, told = find_apart({"a against b": shifted}, DRIFTED)
    assert apart == ["a against b"]
    assert "> 0.80" in told


def test_items_of_one_person_that_look_alike_are_no_drift():
    draw = np.random.default_rng(0)
    people = np.repeat(np.arange(40), 15)
    values = draw.normal(size=(40, 4))[people] + 0.1 * draw.normal(size=(600, 4))
    first = people % 2 == 0
    assert score(values, np.arange(600), first)["auc"] > 0.95  # every item taken for a person
    assert find_apart({"": score(values, people, first)}, SEPARABLE)[0] == []


def test_too_few_people_tell_nothing():
    people = np.repeat(np.arange(4), 50)
    found = score(np.zeros((200, 1)), people, people < 2)
    assert found == {"auc": None, "units": [2, 2]}
    assert find_apart({"sites": found}, SEPARABLE)[1].endswith("sites: too few to tell")
