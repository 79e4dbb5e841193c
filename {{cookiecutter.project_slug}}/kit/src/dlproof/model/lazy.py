"""Lazy layers, such as `nn.LazyLinear`, which take their shapes from the first batch they see."""

from itertools import product
from typing import TypeVar

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..errors import UserError
from ..types import State

Network = TypeVar("Network", bound=nn.Module)
# What an array may hold: whole numbers, which a normaliser turns into others, or just those.
KINDS = (torch.int64, torch.float32)
ITEMS = 2  # of the batch; some networks drop an axis of length one


def materialise(network: Network, state: State) -> Network:
    """Gives lazy layers their shapes and weights, before anything looks for parameters.

    Args:
        network: Takes the data's arrays by name; one without lazy layers stays as it is.
        state: The data type's fitted state: its `shapes` are those of one item's arrays.

    Raises:
        UserError: The forward pass refuses a batch of zeros, or does not reach a lazy layer.
    """
    if not find_lazy(network):
        return network
    modes = {module: module.training for module in network.modules()}
    network.eval()  # nothing is dropped, and no statistics are taken from the zeros
    reason = show_zeros(network, state["shapes"])
    for module, mode in modes.items():
        module.training = mode
    if left := find_lazy(network):
        raise UserError(f"a batch of zeros gives no shape to {', '.join(left)}: {reason}.")
    return network


def find_lazy(network: nn.Module) -> list[str]:
    """Names of the layers that have no shape yet."""
    return [
        name
        for name, module in network.named_modules()
        if any(map(is_lazy, (*module.parameters(recurse=False), *module.buffers(recurse=False))))
    ]


def show_zeros(network: nn.Module, shapes: dict[str, list[int]]) -> str:
    """Calls a network on a batch of zeros; why some of its layers may have seen none of them."""
    reasons = []
    for kinds in product(KINDS, repeat=len(shapes)):
        arrays = {
            name: torch.zeros(ITEMS, *shape, dtype=kind)
            for (name, shape), kind in zip(shapes.items(), kinds, strict=True)
        }
        try:
            with torch.no_grad():
                network(**arrays)
        except Exception as error:  # an architecture may fail in any way
            reasons.append(f"{type(error).__name__}: {error}".partition("\n")[0])
        else:
            return "the forward pass runs without"
    return reasons[0]
