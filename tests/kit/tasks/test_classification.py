"""Classification's two sets of metrics agree, its loss starts where theory says."""

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof.errors import UserError
from dlproof.figure import MAX_AREA, figure
from dlproof.tasks.confusion import MAX_CELLS, draw_confusion, shrink
from hypothesis import given
from hypothesis import strategies as st
from own.problem.classification import Classification
from PIL import Image

TASK = Classification("accuracy", "max", label_smoothing=0.1)


def make_state(classes):
    return TASK.fit(pd.Series([str(number % classes) for number in range(4 * classes)]))


@given(st.integers(2, 5), st.lists(st.integers(0, 1), min_size=1, max_size=30), st.integers(0, 9))
def test_torch_and_scikit_learn_agree_also_when_classes_are_missing(classes, targets, seed):
    # Targets hold the first two classes at most: others are missing, as in a small validation set.
    predictions = np.random.default_rng(seed).dirichlet(np.ones(classes), len(targets))
    expected = TASK.metrics(np.array(targets), predictions)
    metrics = TASK.torch_metrics(make_state(classes))
    for part in np.array_split(np.arange(len(targets)), 2):  # in two batches
        if len(part):
            metrics.update(torch.tensor(predictions[part]), torch.tensor(np.array(targets)[part]))
    assert set(expected) == set(Classification.METRICS)
    found = metrics.compute()
    if len(set(targets)) == 1:  # not defined: the log says what says nothing, for NaN ends a run
        assert np.isnan(expected.pop("auroc"))
        assert float(found.pop("auroc")) == 0.5
    for name, value in found.items():
        assert float(value) == pytest.approx(expected[name], abs=1e-5), name


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_network_that_knows_nothing_has_the_expected_loss(classes):
    state = make_state(classes)
    targets = torch.arange(classes)
    loss = TASK.loss(state)(torch.zeros(classes, TASK.num_outputs(state)), targets)
    assert float(loss) == pytest.approx(TASK.expected_first_loss(state))
    weights = torch.rand(classes)
    weights /= weights.mean()  # as class weights come: mean 1 over the items
    weighted = TASK.loss(state, weights)(torch.zeros(classes, classes), targets)
    assert float(weighted) == pytest.approx(TASK.expected_first_loss(state), rel=1e-5)


def test_the_loss_smooths_labels_and_weighs_classes():
    state = make_state(2)
    sure = torch.tensor([[20.0, 0.0]])
    assert float(TASK.loss(state)(sure, torch.tensor([0]))) == pytest.approx(0.05 * 20, rel=1e-3)
    both, targets = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1])
    plain = TASK.loss(state)(both, targets)
    assert float(TASK.loss(state, torch.tensor([0.1, 1.9]))(both, targets)) > float(plain)


def test_predictions_are_probabilities_and_name_their_class():
    state = TASK.fit(pd.Series(["10", "9", "2", "2"]))
    assert state["classes"] == ["2", "9", "10"]
    probabilities = TASK.decoder(state)(torch.tensor([[0.0, 0.0, 5.0]]))[0].numpy()
    assert probabilities.sum() == pytest.approx(1)
    told = TASK.describe(probabilities, state)
    assert told["label"] == "10"
    assert list(told["probabilities"]) == state["classes"]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a", "a"], "only 'a'"),
        ([], "no label"),
        ([str(number / 7) for number in range(50)], "task=regression"),
    ],
)
def test_unsuitable_labels_are_refused(labels, sentence):
    with pytest.raises(UserError, match=sentence):
        TASK.refuse_unsuitable(pd.Series(labels, dtype=object))


def test_few_items_a_class_are_no_measure():
    labels = pd.Series([f"class {number // 2}" for number in range(100)])
    TASK.refuse_unsuitable(labels)
    assert len(TASK.fit(labels[::2])["classes"]) == 50  # one each, as in train


def test_a_label_that_train_does_not_know_is_refused():
    with pytest.raises(UserError, match="'z'"):
        TASK.encode(pd.Series(["z"]), make_state(2))


def test_an_unknown_metric_names_the_known_and_the_mode_must_fit():
    with pytest.raises(UserError, match="f1_macro"):
        Classification("f1", "max")
    with pytest.raises(UserError, match=r"task\.mode"):
        Classification("accuracy", "min")


def test_an_item_weighs_what_its_class_does_also_with_label_smoothing():
    weights, targets = torch.tensor([0.5, 4.0]), torch.tensor([0, 0, 1])
    outputs = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    plain = torch.nn.CrossEntropyLoss(label_smoothing=0.1, reduction="none")(outputs, targets)
    loss = TASK.loss(make_state(2), weights)(outputs, targets)
    assert loss.item() == pytest.approx((plain * weights[targets]).mean().item())


def test_shares_of_two_classes_are_weighed_between_them():
    weights, outputs = torch.tensor([0.5, 1.5]), torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    loss = TASK.loss(make_state(2), weights, gamma=2.0)
    hard, soft = torch.tensor([0, 1]), torch.eye(2)
    assert loss(outputs, hard).item() == pytest.approx(loss(outputs, soft).item())
    half = torch.full((1, 2), 0.5)
    plain = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(outputs[:1], half)
    assert TASK.loss(make_state(2), weights)(outputs[:1], half).item() == pytest.approx(
        plain.item()
    )


def test_weighted_and_smoothed_a_common_item_is_still_best_seen_as_common():
    """Torch's own weights would have every item look like the rare class."""
    weights = torch.tensor([0.51, 25.0])
    loss = TASK.loss(make_state(2), weights)
    sure, wrong = (torch.tensor([[a, -a]]) for a in (1.0, -1.0))
    assert loss(sure, torch.tensor([0])) < loss(wrong, torch.tensor([0]))


def test_focal_loss_is_cross_entropy_times_what_is_missing_to_certainty():
    task = Classification("accuracy", "max")
    outputs, targets = torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1])
    likelihood = outputs.softmax(dim=1)[[0, 1], targets]
    expected = (-((1 - likelihood) ** 2) * likelihood.log()).mean()
    assert task.loss(make_state(2), gamma=2.0)(outputs, targets).item() == pytest.approx(
        expected.item()
    )
    assert task.loss(make_state(2))(outputs, targets).item() == pytest.approx(
        -likelihood.log().mean().item()
    )


@pytest.mark.parametrize(("classes", "block"), [(2, 1), (30, 1), (31, 1), (1000, 1), (2500, 3)])
def test_the_confusion_matrix_of_any_number_of_classes_is_a_picture_of_bounded_size(
    tmp_path, classes, block
):
    matrix = np.eye(classes, dtype=int)
    names = [f"c{number}" for number in range(classes)]
    draw_confusion(matrix, names, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as picture:
        assert max(picture.size) <= 1700
    small, side = shrink(matrix, MAX_CELLS)
    assert (side, small.sum()) == (block, classes)
    assert len(small) <= MAX_CELLS


def test_a_huge_figure_is_shrunk():
    canvas, _ = figure((50, 500))
    width, height = canvas.get_size_inches()
    assert width * height == pytest.approx(MAX_AREA)
    assert height / width == pytest.approx(10)
    canvas, _ = figure((6, 3))
    assert canvas.get_size_inches().tolist() == [6, 3]


def test_the_pairs_confused_most_are_named_whatever_the_number_of_classes():
    state = {"classes": [f"c{number}" for number in range(40)]}
    targets, chosen = np.array([0, 0, 0, 7, 7, 9]), np.array([1, 1, 0, 8, 7, 9])
    found = Classification("accuracy", "max").analyse(targets, np.eye(40)[chosen], state)
    assert found["most_confused"] == [
        {"true": "c0", "predicted": "c1", "items": 2},
        {"true": "c7", "predicted": "c8", "items": 1},
    ]
