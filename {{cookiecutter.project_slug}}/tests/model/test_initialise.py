"""Initial weights preserve variance, and the head starts small."""

import pytest
import torch
from torch import nn

from {{ cookiecutter.package_name }}.model.initialise import initialise_head, initialise_weights

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_he_preserves_variance_through_relu_layers():
    layers = [layer for _ in range(8) for layer in (nn.Linear(512, 512), nn.ReLU())]
    network = nn.Sequential(*layers, nn.Linear(512, 1))
    initialise_weights(network)
    signal = network[:-1](torch.randn(256, 512))
    assert 0.3 < (signal**2).mean() < 3


def test_a_convolution_gets_hes_deviation_by_what_it_feeds():
    network = nn.Sequential(nn.Conv2d(16, 64, 3), nn.ReLU())
    initialise_weights(network)
    assert network[0].weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("gate", [nn.Sigmoid, nn.Tanh])
def test_a_layer_before_a_gate_gets_glorots_deviation(gate):
    network = nn.Sequential(nn.Linear(300, 100), gate(), nn.Linear(100, 2))
    initialise_weights(network)
    assert network[0].weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.05)


def test_biases_are_zero_and_the_last_layer_is_a_small_head():
    network = nn.Sequential(nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 10))
    initialise_weights(network)
    assert not any(layer.bias.any() for layer in network if isinstance(layer, nn.Linear))
    assert network[2].weight.std().item() == pytest.approx(0.2 / 20, rel=0.1)
    head = nn.Linear(100, 100)
    initialise_head(head)
    assert head.weight.std().item() == pytest.approx(0.2 / 10, rel=0.05)
