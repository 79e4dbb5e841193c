"""timm's families fit small images and start from the given weights."""

from pathlib import Path

import pytest
import timm
import torch
from dlproof import UserError, to_plain
from dlproof.data import load_store
from dlproof.model import load_network

from {{ cookiecutter.package_name }}.model.network import build_network
from {{ cookiecutter.package_name }}.model.pretrained import create, vision_transformer

pytestmark = pytest.mark.unit
TINY = "test_resnet.r160_in1k"
SCRATCH = {"num_outputs": 3, "pretrained": False, "dropout": 0.1}
CHOSEN = ("model=timm", f"model.architecture={TINY}", "model.pretrained=true")
FILE = "model.weights=weights.pth"


def state_of(height, width=None, channels=1):
    return {"shapes": {"image": [channels, height, width or height]}}


@pytest.fixture
def weights(tmp_path):
    """A file like that of a pretrained network, with random numbers."""
    torch.manual_seed(1)
    path = tmp_path / "weights.pth"
    torch.save(timm.create_model(TINY).state_dict(), path)
    return path


@pytest.mark.parametrize(("side", "patch"), [(224, 16), (128, 16), (64, 8), (32, 4), (8, 2)])
def test_patches_are_cut_small_enough_to_have_tokens(side, patch):
    network = vision_transformer(state_of(side), architecture="test_vit", **SCRATCH)
    assert network.patch_embed.patch_size == (patch, patch)
    assert network(torch.zeros(2, 1, side, side)).shape == (2, 3)
    with pytest.raises(UserError, match=r"cannot be cut.*preprocess\.size"):
        vision_transformer(state_of(side - 1, side), architecture="test_vit", **SCRATCH)


def test_stochastic_depth_reaches_the_blocks():
    network = create(state_of(32), architecture="test_resnet", drop_path=0.3, **SCRATCH)
    rates = [module.drop_prob for module in network.modules() if hasattr(module, "drop_prob")]
    assert max(rates) == pytest.approx(0.3)


def test_all_but_head_and_stem_start_as_the_file_has_them_and_the_head_starts_small(weights):
    given = {"pretrained": True, "dropout": 0.0, "weights": str(weights)}
    network = create(state_of(32, channels=1), 3, TINY, **given)
    source = torch.load(weights)
    changed = {n for n, t in network.state_dict().items() if not t.equal(source.get(n, t + 1))}
    assert changed == {"conv1.0.weight", "fc.weight", "fc.bias"}
    assert not network.fc.bias.any()
    assert network.fc.weight.std() < 0.3 / network.fc.in_features**0.5


def test_a_file_with_other_weights_is_named(weights):
    content = torch.load(weights)
    content["layer1.0.conv1.weight"] = torch.zeros(3, 3)
    torch.save(content, weights)
    given = {"pretrained": True, "dropout": 0.0, "weights": str(weights)}
    with pytest.raises(UserError, match=r"weights\.pth does not fit test_resnet"):
        create(state_of(32, channels=3), 3, TINY, **given)
    with pytest.raises(UserError, match="not a file of weights"):
        create(state_of(32), 3, TINY, **(given | {"weights": "absent.pth"}))


@pytest.mark.pipeline
def test_a_checkpoint_has_its_own_weights_and_needs_no_file(finished, run, weights, compose):
    weights.rename("weights.pth")
    run("train", *CHOSEN, FILE, "trainer.max_epochs=1")
    Path("weights.pth").unlink()
    network, trained = load_network("models/model.ckpt", build_network)
    assert trained["model"]["pretrained"] is False
    assert torch.isfinite(network(image=torch.zeros(1, 1, 16, 16))).all()
    model = to_plain(compose(*CHOSEN, FILE).model)
    with pytest.raises(UserError, match="not a file of weights"):
        build_network(model, to_plain(compose().preprocess), load_store("data").state["data"], 3)
