"""Pictures of predictions come when they are due and leave the run as it was."""

from pathlib import Path

import pytest
import torch
from dlproof import UserError

from {{ cookiecutter.package_name }}.training.callbacks import SamplePredictions, say

DRAW = ("callbacks=samples", "callbacks.samples.every_n_epochs=2", "trainer.max_epochs=4")


@pytest.mark.pipeline
def test_pictures_of_samples_change_no_bit_of_the_run(finished, run):
    weights = []
    for overrides in (DRAW, ("trainer.max_epochs=4",)):
        report = run("train", *overrides)
        weights.append(torch.load("models/model.ckpt", weights_only=True)["state_dict"])
        folder = Path("runs", report.figures["run"], "samples")
        drawn = sorted(path.name for path in folder.glob("*"))
        assert drawn == (["epoch-0001.png", "epoch-0003.png"] if overrides == DRAW else [])
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


@pytest.mark.unit
def test_an_answer_is_said_in_a_word_or_number_and_how_sure_it_is():
    told = {"label": "cat", "probability": 0.9271, "probabilities": {"cat": 0.9271}}
    assert say(told) == "cat, 0.927"
    assert say({"value": 12.3456, "outside_training": False}) == "12.3"


@pytest.mark.unit
def test_no_number_of_epochs_is_refused(project, compose):
    with pytest.raises(UserError, match="every_n_epochs=0 should be"):
        SamplePredictions(compose().data, 0, 0)
