"""A normaliser and one hidden layer, over pictures or rows."""

import math

import torch
from dlproof import build
from omegaconf import OmegaConf
from torch import nn


class Network(nn.Module):
    """Raw arrays in, outputs out."""

    def __init__(self, normaliser, backbone):
        super().__init__()
        self.normaliser, self.backbone = normaliser, backbone

    def forward(self, **inputs):
        """Arrays by name."""
        return self.backbone(*self.normaliser(**inputs))


def build_network(model, preprocess, state, num_outputs):
    """The configured network for fitted data."""
    normaliser = build(OmegaConf.create({"_target_": preprocess["_target_"]}), state=state)
    backbone = build(OmegaConf.create(model), state=state, num_outputs=num_outputs)
    return Network(normaliser, backbone)


class PictureNormaliser(nn.Module):
    """Pixels to zero mean and unit deviation."""

    def __init__(self, state):
        super().__init__()
        self.register_buffer("mean", torch.tensor(state["mean"]))
        self.register_buffer("std", torch.tensor(state["std"]))

    def forward(self, image):
        """`image`, 0 to 255."""
        return ((image.to(self.mean.dtype) / 255 - self.mean) / self.std,)


class TableNormaliser(nn.Module):
    """Missing numbers filled, all to zero mean and unit deviation; codes as they are."""

    def __init__(self, state):
        super().__init__()
        for name in ("fill", "mean", "std"):
            values = [column[name] for column in state["numeric"].values()]
            self.register_buffer(name, torch.tensor(values))

    def forward(self, numeric, categorical):
        """`numeric` with NaN where missing, and `categorical`."""
        filled = torch.where(numeric.isnan(), self.fill, numeric)
        return (filled - self.mean) / self.std, categorical


class Dense(nn.Module):
    """One hidden layer over all numbers of an item."""

    def __init__(self, state, num_outputs, hidden_dim, dropout):
        super().__init__()
        width = sum(math.prod(shape) for shape in state["shapes"].values())
        self.body = nn.Linear(width, hidden_dim)
        self.activation, self.dropout = nn.ReLU(), nn.Dropout(dropout)
        self.head = nn.Linear(hidden_dim, num_outputs)
        nn.init.kaiming_normal_(self.body.weight, nonlinearity="relu")
        nn.init.normal_(self.head.weight, std=0.01)  # knows nothing
        nn.init.zeros_(self.head.bias)

    def forward(self, *inputs):
        """Any arrays (N, …)."""
        numbers = torch.cat([part.flatten(1).float() for part in inputs], dim=1)
        return self.head(self.dropout(self.activation(self.body(numbers.to(self.head.weight)))))
