"""Pictures of predictions are drawn when they are due and do not change the run."""

from pathlib import Path

import pytest
import torch
from dlproof import UserError

from {{ cookiecutter.package_name }}.training.callbacks import SamplePredictions, format_answer

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
def test_an_answer_is_shown_as_its_texts_and_numbers():
    answer = {"label": "cat", "probability": 0.9271, "probabilities": {"cat": 0.9271}}
    assert format_answer(answer) == "cat, 0.927"
    assert format_answer({"value": 12.3456, "outside_training": False}) == "12.3"


@pytest.mark.unit
def test_zero_epochs_between_pictures_are_refused(project, compose):
    with pytest.raises(UserError, match="every_n_epochs=0 should be"):
        SamplePredictions(compose().data, 0, 0)
