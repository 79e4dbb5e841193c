"""The loss starts where theory says, both sets of metrics agree, answers name their class."""

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof import UserError
from hypothesis import given
from hypothesis import strategies as st

from {{ cookiecutter.package_name }}.problem.classification import Classification

pytestmark = pytest.mark.unit
TASK = Classification("accuracy", "max", label_smoothing=0.1)


def make_state(classes):
    return TASK.fit(pd.Series([str(number % classes) for number in range(4 * classes)]))


@given(st.integers(2, 5), st.lists(st.integers(0, 1), min_size=1, max_size=30), st.integers(0, 9))
def test_torch_and_scikit_learn_agree_also_where_a_class_is_missing(classes, targets, seed):
    predictions = np.random.default_rng(seed).dirichlet(np.ones(classes), len(targets))
    expected = TASK.metrics(np.array(targets), predictions)
    metrics = TASK.torch_metrics(make_state(classes))
    for part in np.array_split(np.arange(len(targets)), 2):  # in two batches
        if len(part):
            metrics.update(torch.tensor(predictions[part]), torch.tensor(np.array(targets)[part]))
    assert set(expected) == set(Classification.METRICS)
    for name, value in metrics.compute().items():
        wanted = 0.5 if np.isnan(expected[name]) else expected[name]  # an area for one class alone
        assert float(value) == pytest.approx(wanted, abs=1e-5), name


@pytest.mark.parametrize("metric", TASK.torch_metrics(make_state(2)))
def test_every_logged_metric_can_rank_models_upwards(metric):
    task = Classification(metric, "max")
    targets, sure = np.array([0, 1, 2, 1]), np.eye(3)[[0, 1, 2, 1]]
    assert task.score(targets, sure) == pytest.approx(1)
    assert task.score(targets, sure[:, [1, 2, 0]]) < 0.5
    with pytest.raises(UserError, match=r"task\.mode"):
        Classification(metric, "min")


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="f1_macro"):
        Classification("f1", "max")


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_network_that_knows_nothing_has_the_expected_loss(classes):
    state = make_state(classes)
    outputs = torch.zeros(classes, TASK.num_outputs(state))
    loss = TASK.loss(state)(outputs, torch.arange(classes))
    assert float(loss) == pytest.approx(TASK.expected_first_loss(state))


def test_the_loss_smooths_labels_and_weights_an_item_by_its_class():
    weights, targets = torch.tensor([0.5, 4.0]), torch.tensor([0, 0, 1])
    outputs = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    plain = torch.nn.CrossEntropyLoss(label_smoothing=0.1, reduction="none")(outputs, targets)
    loss = TASK.loss(make_state(2))(outputs, targets)
    weighted = TASK.loss(make_state(2), weights)(outputs, targets)
    assert loss.item() == pytest.approx(plain.mean().item())
    assert weighted.item() == pytest.approx((plain * weights[targets]).mean().item())


def test_focal_loss_scales_cross_entropy_by_the_uncertainty():
    outputs, targets = torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1])
    likelihood = outputs.softmax(dim=1)[[0, 1], targets]
    expected = (-((1 - likelihood) ** 2) * likelihood.log()).mean()
    loss = Classification("accuracy", "max").loss(make_state(2), gamma=2.0)
    assert loss(outputs, targets).item() == pytest.approx(expected.item())


def test_predictions_are_probabilities_and_name_their_class():
    state = TASK.fit(pd.Series(["10", "9", "2", "2"]))
    probabilities = TASK.decoder(state)(torch.tensor([[0.0, 0.0, 5.0]]))[0].numpy()
    assert probabilities.sum() == pytest.approx(1)
    answer = TASK.describe(probabilities, state)
    assert (answer["label"], answer["probability"]) == ("10", pytest.approx(probabilities.max()))
    assert list(answer["probabilities"]) == state["classes"] == ["2", "9", "10"]
    assert TASK.describe(probabilities, state | {"thresholds": [1e-9, 1, 1]})["label"] == "2"


def test_strata_are_the_classes():
    labels = pd.Series(["a", "b", "a"])
    assert TASK.strata(labels).tolist() == labels.tolist()
