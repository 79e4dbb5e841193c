"""Fresh weights are held against the rule of the activation that really follows."""

import torch
from dlproof.model.spread import measure_spread
from own.model.initialise import initialise_weights
from torch import nn
from torch.nn import functional


class Mixed(nn.Module):
    """A residual sum, functions and modules as activations, a gate, a head."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.act = nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()
        self.end = nn.Linear(64, 64)
        self.gate, self.tanh = nn.Linear(64, 64), nn.Tanh()
        self.second = nn.Linear(64, 64)
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        x = functional.relu(x + self.end(self.act(self.norm(self.first(x)))))
        self.tanh(self.gate(x))
        return self.head(functional.gelu(self.second(x)))


def measure(network):
    return measure_spread(network, {"x": torch.randn(4, 64)})


def test_layers_are_sorted_by_the_activation_behind_them():
    found = measure(Mixed())
    assert set(found["he"]) == {"first", "second"}
    assert set(found["glorot"]) == {"gate"}
    assert found["free"] == ["end", "head"]


def test_our_initial_weights_follow_both_rules_and_pytorchs_own_do_not():
    network = Mixed()
    assert all(ratio < 0.5 for ratio in measure(network)["he"].values())
    initialise_weights(network)
    found = measure(network)
    assert all(0.8 < ratio < 1.25 for ratio in (*found["he"].values(), *found["glorot"].values()))
