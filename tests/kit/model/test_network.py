"""Networks take raw arrays of one item or many, and start as knowing nothing."""

import pytest
import torch
from dlproof.config import compose, to_plain
from dlproof.errors import UserError
from own.model.initialise import initialise_weights
from own.model.network import build_network
from torch import nn

from ..projects import IMAGE, TABLE, configs

RUNGS = [
    (sort, path.stem)
    for sort in (IMAGE, TABLE)
    for path in sorted((configs("own", sort) / "configs" / "model").glob("*.yaml"))
]
STATES = {
    "image": {"shapes": {"image": [3, 32, 32]}, "mean": [0.5] * 3, "std": [0.2] * 3},
    "tabular": {
        "shapes": {"numeric": [2], "categorical": [1]},
        "numeric": {name: {"fill": 1.0, "mean": 2.0, "std": 3.0} for name in "ab"},
        "categories": {"c": ["x", "y"]},
    },
}


def make_inputs(kind, count):
    if kind == "image":
        return {"image": torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)}
    numeric = torch.randn(count, 2)
    numeric[0, 0] = float("nan")
    return {"numeric": numeric, "categorical": torch.randint(0, 3, (count, 1))}


@pytest.fixture
def package():
    return "own"


@pytest.fixture
def cfg(in_configs):
    return compose()


def make(cfg, *overrides):
    chosen = compose(overrides) if overrides else cfg
    state = STATES[chosen.preprocess.name]
    model = to_plain(chosen.model)
    model |= {"pretrained": False} if "pretrained" in model else {}
    return build_network(model, to_plain(chosen.preprocess), state, 4)


@pytest.mark.parametrize(("sort", "rung"), RUNGS, indirect=["sort"])
def test_every_rung_of_the_ladder_takes_one_item_and_many(cfg, rung):
    network = make(cfg, f"model={rung}").eval()
    for count in (1, 3):
        outputs = network(**make_inputs(cfg.preprocess.name, count))
        assert outputs.shape == (count, 4)
        assert torch.isfinite(outputs).all()


BOTH = pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)


@BOTH
def test_the_normaliser_gives_finite_inputs_of_zero_mean(cfg):
    inputs = make_inputs(cfg.preprocess.name, 64)
    for tensor in make(cfg).normaliser(**inputs):
        assert torch.isfinite(tensor.float()).all()


def test_kaiming_keeps_the_variance_through_relu_layers():
    torch.manual_seed(0)
    layers = [layer for _ in range(8) for layer in (nn.Linear(512, 512), nn.ReLU())]
    network = nn.Sequential(*layers, nn.Linear(512, 1))
    initialise_weights(network)
    signal = network[:-1](torch.randn(256, 512))
    assert 0.3 < (signal**2).mean() < 3


@BOTH
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_size_of_zero_is_a_sentence(cfg):
    size = "model.widths=[0,0,0]" if cfg.preprocess.name == "image" else "model.hidden_dim=0"
    with pytest.raises(UserError, match="one of its sizes is 0"):
        make(cfg, size)


def test_a_key_that_the_architecture_does_not_take_is_named(cfg):
    with pytest.raises(UserError, match="colour"):
        make(cfg, "+model.colour=1")
