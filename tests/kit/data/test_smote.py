"""Synthetic rows come from training rows alone and make the classes equal."""

import numpy as np
import pandas as pd
import pytest
from dlproof.data.smote import Smote
from dlproof.data.store import TRAIN, Store
from dlproof.errors import UserError
from dlproof.training.batches import lies_between


def make_store(folder, categories, rare=8):
    """Forty common and a few rare training rows near 0, validation rows near 100."""
    generator = np.random.default_rng(0)
    train, size = 40 + rare, 40 + rare + 20
    numeric = generator.normal(size=(size, 3)).astype(np.float32)
    numeric[train:] += 100
    numeric[::7, 1] = np.nan
    column = {"fill": 0.0, "mean": 0.0, "std": 1.0}
    return Store(
        folder,
        pd.DataFrame({"id": map(str, range(size)), "split": [TRAIN] * train + ["validation"] * 20}),
        {
            "numeric": numeric,
            "categorical": generator.integers(1, 4, (size, categories)),
        },
        np.r_[np.repeat([0, 1], [40, rare]), np.tile([0, 1], 10)],
        {"data": {"numeric": dict.fromkeys("abc", column), "categories": {}}},
    )


@pytest.mark.parametrize("categories", [0, 2])
def test_classes_become_equal_and_rows_lie_between_training_rows(tmp_path, categories):
    store = make_store(tmp_path, categories)
    extended = Smote(neighbours=5).extend(store, seed=0)
    rows = extended.rows(TRAIN)
    assert np.bincount(extended.targets[rows]).tolist() == [40, 40]
    made, parents = rows[rows >= len(store.targets)], np.arange(40, 48)
    assert len(made) == 32
    assert all(lies_between(row, parents, extended) for row in made)
    assert np.abs(extended.arrays["numeric"][made]).max() < 10
    assert set(extended.arrays["categorical"][made].flat) <= {1, 2, 3}
    np.testing.assert_array_equal(extended.rows("validation"), store.rows("validation"))


def test_a_row_towards_the_validation_split_lies_between_no_training_rows(tmp_path):
    store = make_store(tmp_path, 0)
    store.arrays["numeric"][60] = (store.arrays["numeric"][41] + store.arrays["numeric"][61]) / 2
    assert not lies_between(60, np.arange(40, 48), store)


def test_the_same_seed_makes_the_same_rows_in_every_process(tmp_path):
    store = make_store(tmp_path, 2)
    first, again, other = (
        Smote(5).extend(store, seed).arrays["numeric"][-32:] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_class_with_one_row_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(UserError, match=r"one training row.*class_weights"):
        Smote(neighbours=5).extend(make_store(tmp_path, 0, rare=1), seed=0)
