"""Regression works in deviations inside and in the target's unit outside."""

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof.errors import UserError
from hypothesis import assume, given
from hypothesis import strategies as st
from own.problem.regression import Regression

TASK = Regression("mae", "min")
LABELS = pd.Series(["100", "110.5", "90", "140"])
STATE = TASK.fit(LABELS)
VALUES = st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=30)


@given(VALUES, st.integers(0, 9))
def test_torch_and_scikit_learn_agree(values, seed):
    targets = np.array(values) + np.arange(len(values))
    assume(len(targets) * targets.var() > 1e-3)  # torchmetrics takes less for a constant
    predictions = targets + np.random.default_rng(seed).normal(size=len(targets))
    expected = TASK.metrics(targets, predictions)
    metrics = TASK.torch_metrics(STATE)
    metrics.update(torch.tensor(predictions), torch.tensor(targets))
    assert set(expected) == set(Regression.METRICS)
    for name, value in metrics.compute().items():
        assert float(value) == pytest.approx(expected[name], rel=1e-3, abs=1e-3), name


def test_saying_the_mean_has_the_expected_loss_and_decodes_to_the_mean():
    targets = torch.tensor(TASK.encode(LABELS, STATE))
    outputs = torch.zeros(4, TASK.num_outputs(STATE))
    assert float(TASK.loss(STATE)(outputs, targets)) == pytest.approx(1, rel=1e-5)
    decoded = TASK.decoder(STATE)(outputs)
    assert decoded.shape == (4,)
    assert decoded.tolist() == pytest.approx([targets.mean().item()] * 4)


def test_a_perfect_output_has_no_loss():
    targets = torch.tensor(TASK.encode(LABELS, STATE))
    outputs = ((targets - STATE["mean"]) / STATE["std"])[:, None]
    assert float(TASK.loss(STATE)(outputs, targets)) == pytest.approx(0, abs=1e-10)
    assert TASK.decoder(STATE)(outputs).tolist() == pytest.approx(targets.tolist())


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_strata_are_quantiles_of_ten_items_or_more(values):
    strata = TASK.strata(pd.Series([str(value) for value in values]))
    assert strata.nunique() <= 10
    assert strata.value_counts().min() >= min(len(values), 10)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["1", "tall"], "'tall'"),
        (["1", "inf"], "'inf'"),
        (["2", "2.0"], "nothing to predict"),
        (["1700000000", "1700000030"], "deviate by 15 cannot be distinguished"),
        (["1e39", "2e39"], "another unit"),
    ],
)
def test_unsuitable_labels_are_refused(labels, sentence):
    with pytest.raises(UserError, match=sentence):
        TASK.fit(pd.Series(labels))


def test_a_prediction_beyond_training_says_so():
    assert TASK.describe(np.float32(500), STATE) == {"value": 500.0, "outside_training": True}


def test_an_unknown_metric_names_the_known_and_class_weights_are_refused():
    with pytest.raises(UserError, match="rmse"):
        Regression("accuracy", "max")
    with pytest.raises(UserError, match=r"set task\.mode=max"):
        Regression("r2", "min")
    with pytest.raises(UserError, match="needs classes"):
        TASK.loss(STATE, torch.ones(2))
