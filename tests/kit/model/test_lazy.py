"""A network with lazy layers has all its weights once it is built, as any other has."""

import sys
from copy import deepcopy
from types import ModuleType

import pytest
import torch
from dlproof.config import compose, to_plain
from dlproof.errors import UserError
from dlproof.model import load_network, materialise
from dlproof.model.spread import measure_spread
from own.model.network import build_network
from torch import nn
from torch.nn.parameter import is_lazy

from ..projects import IMAGE, TABLE
from .test_network import STATES, make_inputs

SOURCE = """
import torch
from own.model.initialise import initialise_weights
from torch import nn

class Pictures(nn.Sequential):
    def __init__(self, state, num_outputs):
        super().__init__(
            nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(8),
            nn.ReLU(), nn.Dropout(), nn.LazyLinear(num_outputs),
        )

class Rows(nn.Module):
    def __init__(self, state, num_outputs):
        super().__init__()
        self.codes = nn.Embedding(3, 2).eval()
        self.layers = nn.Sequential(
            nn.LazyLinear(256, bias=False), nn.LazyBatchNorm1d(), nn.ReLU(), nn.Linear(256, 256),
            nn.ReLU(), nn.LazyLinear(num_outputs),
        )
        initialise_weights(self)

    def forward(self, numeric, categorical):
        return self.layers(torch.cat([numeric, self.codes(categorical).flatten(1)], dim=1))
"""
CLASSES = {"image": "Pictures", "tabular": "Rows"}
BOTH = pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)


@pytest.fixture
def package():
    return "own"


@pytest.fixture(autouse=True)
def mine(monkeypatch):
    """The networks as a module of the project's."""
    module = ModuleType("own.mine")
    exec(SOURCE, module.__dict__)
    monkeypatch.setitem(sys.modules, "own.mine", module)


@pytest.fixture
def make(in_configs):
    """`make()`: one more of the same lazy network, and inputs for it."""
    preprocess = to_plain(compose().preprocess)
    kind = preprocess["name"]
    model = {"_target_": f"own.mine.{CLASSES[kind]}", "name": "mine"}
    return lambda: (build_network(model, preprocess, STATES[kind], 4), make_inputs(kind, 64))


@BOTH
def test_all_layers_have_weights_before_the_first_batch(make):
    network, inputs = make()
    assert not any(map(is_lazy, [*network.parameters(), *network.buffers()]))
    before = deepcopy(network.state_dict())
    outputs = network.eval()(**inputs)
    assert outputs.shape == (64, 4)
    assert all(tensor.equal(before[name]) for name, tensor in network.state_dict().items())


@BOTH
def test_zeros_leave_no_trace(make):
    network, _ = make()
    assert [m.training for m in network.modules() if isinstance(m, nn.Embedding)] in ([], [False])
    assert network.training
    assert network.backbone.training
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert [int(norm.num_batches_tracked) for norm in norms] == [0]
    assert all(norm.running_mean.eq(0).all() and norm.running_var.eq(1).all() for norm in norms)


@BOTH
def test_weights_fit_the_same_network_built_again(make):
    (network, inputs), (again, _) = make(), make()
    again.load_state_dict(network.state_dict())
    assert again.eval()(**inputs).equal(network.eval()(**inputs))


@pytest.mark.parametrize("sort", [TABLE], indirect=True)
def test_lazy_layers_start_with_the_weights_that_were_asked_for(make):
    network, inputs = make()
    first, second, head = (m for m in network.modules() if isinstance(m, nn.Linear))
    assert 0.9 < second.weight.std() / (2 / 256) ** 0.5 < 1.1
    assert head.weight.std() < 0.03
    assert second.bias.eq(0).all()
    assert first.bias is None
    assert measure_spread(network, inputs)


@pytest.mark.parametrize("sort", [TABLE], indirect=True)
def test_a_checkpoint_of_a_run_rebuilds_it(checked, run):
    chosen = ["~model.hidden_dim", "~model.num_layers", "~model.dropout"]
    run("train", "model._target_=own.mine.Rows", *chosen, "logger=csv", "trainer.max_epochs=1")
    network, _ = load_network("models/model.ckpt", build_network)
    assert [m.in_features for m in network.modules() if isinstance(m, nn.Linear)] == [4, 256, 256]


class Odd(nn.Module):
    """Measurements that nothing normalises, and codes; a second head for training alone."""

    def __init__(self, *, is_reached):
        super().__init__()
        self.codes, self.head, self.second = nn.Embedding(3, 2), nn.LazyLinear(2), nn.LazyLinear(2)
        self.is_reached = is_reached

    def forward(self, signal, code):
        outputs = self.head(torch.cat([signal, self.codes(code)], dim=1))
        return outputs + self.second(signal) if self.is_reached else outputs


ODD = {"shapes": {"signal": [5], "code": []}}


def test_arrays_of_any_kind_reach_lazy_layers():
    network = materialise(Odd(is_reached=True), ODD)
    assert (network.head.in_features, network.second.in_features) == (7, 5)


def test_a_layer_that_no_batch_reaches_is_named():
    with pytest.raises(UserError, match="no shape to second: the forward pass runs without"):
        materialise(Odd(is_reached=False), ODD)


def test_a_forward_pass_that_fails_says_why():
    network = nn.Sequential(nn.Flatten(start_dim=3), nn.LazyLinear(2))
    with pytest.raises(UserError, match=r"gives no shape to 1: TypeError: .* unexpected keyword"):
        materialise(network, {"shapes": {"image": [3, 8, 8]}})
