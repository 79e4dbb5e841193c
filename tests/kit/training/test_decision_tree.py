"""Questions of the decision tree on curves made up for them, without a run."""

import pytest
import torch
from dlproof.training.decision_tree import find_diseases
from dlproof.training.runs import Run, measure_classes

PRIOR = 0.14  # where 2 % of the items are of the rarer of two classes


def name_diseases(log, majority=0.0, prior=1.0):
    """The diseases of a run whose losses are shares already."""
    run = Run("exp", {}, log, (0.0, 1.0), "accuracy", "max", majority, prior)
    return [branch.disease for branch, _ in find_diseases(run)]


@pytest.mark.parametrize(("prior", "found"), [(PRIOR, ["not learning"]), (1.0, [])])
def test_rare_noise_is_not_learned_though_its_loss_is_low(prior, found):
    log = {"train/loss": [0.4, 0.14, 0.139], "val/loss": [0.2, 0.142, 0.14], "val/accuracy": [0.98]}
    assert name_diseases(log, 0.98, prior) == found


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_cost_of_the_shares_is_the_loss_of_a_model_that_says_them(smoothing):
    counts = [6, 3, 1]
    targets = torch.tensor([0] * 6 + [1] * 3 + [2])
    shares = (1 - smoothing) * torch.tensor([0.6, 0.3, 0.1]) + smoothing / 3
    loss = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)
    said = loss(shares.log().expand(10, 3), targets).item()
    assert measure_classes({"counts": counts}, smoothing) == pytest.approx((0.6, said))


def test_a_rare_class_that_is_learned_has_no_disease():
    log = {"train/loss": [0.3, 0.08, 0.05], "val/loss": [0.2, 0.1, 0.09], "val/accuracy": [0.98]}
    assert name_diseases(log, 0.98, PRIOR) == []


@pytest.mark.parametrize(
    ("majority", "accuracy", "found"),
    [(0.997, 0.9967, []), (0.997, 0.999, ["leak suspected"]), (0.5, 0.995, ["leak suspected"])],
)
def test_a_leak_is_more_than_the_share_of_the_largest_class(majority, accuracy, found):
    log = {"train/loss": [0.03, 0.01], "val/loss": [0.02, 0.01], "val/accuracy": [accuracy]}
    assert name_diseases(log, majority) == found


@pytest.mark.parametrize(("highest", "found"), [(1.04, ["underfit"]), (1.3, ["rate too high"])])
def test_one_cheap_batch_at_the_start_is_no_rise(highest, found):
    log = {
        "train/loss_first": [0.25],
        "train/loss": [highest, 0.9, 1.0, 0.8],
        "val/loss": [0.9, 0.8, 0.65, 0.6],
        "val/accuracy": [0.0],
    }
    assert name_diseases(log) == found


def test_the_wait_for_short_steps_is_cured_by_larger_batches():
    log = {"train/loss": [0.5, 0.2], "val/loss": [0.5, 0.3], "val/accuracy": [0.0]}
    run = Run("exp", {}, log | {"train/data_wait": [0.13]}, (0.0, 1.0), "accuracy", "max")
    ((branch, _),) = find_diseases(run)
    assert branch.disease == "data-bound"
    assert "larger loader.batch_size where arrays are in memory" in branch.remedy
