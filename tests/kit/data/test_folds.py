"""Folds that keep units whole: the same as scikit-learn's own."""

import numpy as np
import pytest
from dlproof.data.folds import UnitFolds
from sklearn.model_selection import StratifiedGroupKFold


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_are_those_of_the_class_that_they_are_derived_from(seed):
    generator = np.random.default_rng(seed)
    count, classes, folds = generator.integers([60, 2, 2], [400, 9, 7])
    targets = (generator.random(count) ** (1 + seed % 3) * classes).astype(int)
    units = np.arange(count) if seed % 2 else generator.integers(0, count // 2, count)
    ours, theirs = (
        [
            rows.tolist()
            for _, rows in kind(folds, shuffle=True, random_state=0).split(targets, targets, units)
        ]
        for kind in (UnitFolds, StratifiedGroupKFold)
    )
    assert ours == theirs
