"""Regression standardises targets for the network and answers in the target's unit."""

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof import UserError
from hypothesis import assume, given
from hypothesis import strategies as st

from {{ cookiecutter.package_name }}.problem.regression import MAX_STRATA, Regression

pytestmark = pytest.mark.unit
TASK = Regression("mae", "min")
LABELS = pd.Series(["100", "110.5", "90", "140"])
STATE = TASK.fit(LABELS)


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=30), st.integers(0, 9))
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


@pytest.mark.parametrize(("metric", "mode"), [(n, m.mode) for n, m in Regression.METRICS.items()])
def test_every_metric_ranks_models_in_its_own_direction(metric, mode):
    task, targets = Regression(metric, mode), np.arange(5.0)
    better, worse = task.score(targets, targets), task.score(targets, targets + 1)
    assert better < worse if mode == "min" else better > worse
    with pytest.raises(UserError, match=r"task\.mode"):
        Regression(metric, "max" if mode == "min" else "min")


def test_an_unknown_metric_and_class_weights_are_refused():
    with pytest.raises(UserError, match="rmse"):
        Regression("accuracy", "max")
    with pytest.raises(UserError, match="needs classes"):
        TASK.loss(STATE, torch.ones(2))


def test_predicting_the_mean_has_the_expected_loss_and_decodes_to_the_mean():
    targets = torch.tensor(TASK.encode(LABELS, STATE))
    outputs = torch.zeros(4, TASK.num_outputs(STATE))
    loss = TASK.loss(STATE)(outputs, targets)
    assert float(loss) == pytest.approx(TASK.expected_first_loss(STATE), rel=1e-5)
    decoded = TASK.decoder(STATE)(outputs)
    assert decoded.shape == (4,)
    assert decoded.tolist() == pytest.approx([targets.mean().item()] * 4)


def test_a_perfect_output_has_no_loss_and_decodes_to_the_target():
    targets = torch.tensor(TASK.encode(LABELS, STATE))
    outputs = ((targets - STATE["mean"]) / STATE["std"])[:, None]
    assert float(TASK.loss(STATE)(outputs, targets)) == pytest.approx(0, abs=1e-10)
    assert TASK.decoder(STATE)(outputs).tolist() == pytest.approx(targets.tolist())


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_strata_are_quantiles_of_ten_items_or_more(values):
    strata = TASK.strata(pd.Series([str(value) for value in values]))
    assert strata.nunique() <= MAX_STRATA
    assert strata.value_counts().min() >= min(len(values), 10)


def test_a_prediction_beyond_training_says_so():
    assert TASK.describe(np.float32(500), STATE) == {"value": 500.0, "outside_training": True}
    assert TASK.describe(np.float32(100), STATE) == {"value": 100.0, "outside_training": False}
    found = TASK.describe(np.float32(100), STATE | {"half_width": 8.0})
    assert (found["low"], found["high"]) == (92.0, 108.0)
