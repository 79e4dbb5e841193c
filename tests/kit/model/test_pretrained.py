"""timm's families fit small images, learn, and leave for ONNX; Lion trains them."""

import numpy as np
import pytest
import timm
import torch
from dlproof.errors import UserError
from dlproof.model.families import find_family
from own.model.pretrained import create, vision_transformer

SCRATCH = {"num_outputs": 3, "pretrained": False, "dropout": 0.1}
TINY_VIT = "test_vit"


@pytest.fixture
def package():
    return "own"


def state_of(height, width=None):
    return {"shapes": {"image": [1, height, width or height]}}


@pytest.mark.parametrize(("side", "patch"), [(224, 16), (128, 16), (64, 8), (32, 4), (8, 2)])
def test_patches_are_cut_small_enough_to_have_tokens(side, patch):
    network = vision_transformer(state_of(side), architecture=TINY_VIT, **SCRATCH)
    assert network.patch_embed.patch_size == (patch, patch)
    assert network(torch.zeros(2, 1, side, side)).shape == (2, 3)


def test_images_that_no_patch_divides_are_refused():
    with pytest.raises(UserError, match=r"31x32 cannot be cut.*preprocess\.size"):
        vision_transformer(state_of(31, 32), architecture=TINY_VIT, **SCRATCH)


def test_stochastic_depth_reaches_the_blocks():
    network = create(state_of(32), architecture="test_resnet", drop_path=0.3, **SCRATCH)
    rates = [module.drop_prob for module in network.modules() if hasattr(module, "drop_prob")]
    assert max(rates) == pytest.approx(0.3)


def test_families_are_found_by_what_timm_calls_its_layers():
    families = [
        find_family(type(m).__name__ for m in timm.create_model(name).modules())
        for name in ("test_vit", "test_resnet", "test_efficientnet")
    ]
    assert families == ["transformer", "cnn", "cnn"]


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["test_resnet", "test_efficientnet", "test_vit"])
def test_every_family_trains_an_epoch_with_lion_and_leaves_for_onnx(checked, run, architecture):
    chosen = ("model=timm", f"model.architecture={architecture}", "model.pretrained=false")
    report = run(
        "train", *chosen, "optimizer=lion", "trainer.max_epochs=1", "trainer.accelerator=cpu"
    )
    assert np.isfinite(report.figures["metrics"]["train/loss"])
    assert run("export").figures["largest_difference"] < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("rung", ["resnet18", "resnet50", "efficientnet_b0", "vit_small"])
def test_every_large_rung_passes_sanity_and_leaves_for_onnx(checked, run, rung):
    chosen = (f"model={rung}", "model.pretrained=false", "trainer.accelerator=cpu")
    figures = run("sanity", *chosen).figures
    for ratio in (*figures["spread"]["he"].values(), *figures["spread"]["glorot"].values()):
        assert 0.5 <= ratio <= 2
    run("train", *chosen, "trainer.max_epochs=1")
    assert run("export").figures["largest_difference"] < 1e-4
