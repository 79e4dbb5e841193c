"""Whether each layer's initial weights have the deviation that the next activation asks for."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

LAYERS = {"conv1d", "conv2d", "conv3d", "linear"}
RULES = {
    "he": {"relu", "relu_", "relu6", "leaky_relu", "gelu", "silu", "elu", "mish", "hardswish"},
    "glorot": {"sigmoid", "sigmoid_", "tanh", "tanh_", "hardsigmoid"},
}
# Functions that pass a layer's outputs on to the activation after them.
PASSES = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "dropout", "chunk", "flatten"}
PASSES |= {"view", "reshape", "permute", "transpose", "contiguous"}


class Followed(TorchFunctionMode):
    """Watches a forward pass: which layer's outputs reach which activation, and which reach none.

    A residual sum, attention or a product in between breaks the chain.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.names = {id(p): name.removesuffix(".weight") for name, p in network.named_parameters()}
        self.origins: dict[int, tuple[Tensor, str]] = {}  # holds the tensors: an id is used again
        self.rules: dict[str, str | None] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Runs the function and notes where its outputs come from."""
        origin = self.origins.get(id(args[0]), (None, None))[1] if args else None
        outputs = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in LAYERS:
            origin = self.names.get(id(args[1]))
            if origin is not None:
                self.rules.setdefault(origin, None)
        elif name not in PASSES:
            for rule, functions in RULES.items():
                if origin is not None and name in functions and self.rules[origin] is None:
                    self.rules[origin] = rule
            origin = None
        for tensor in outputs if isinstance(outputs, tuple | list) else (outputs,):
            self.origins.pop(id(tensor), None)  # of a function that works in place
            if origin is not None:
                self.origins[id(tensor)] = (tensor, origin)
        return outputs


def measure_spread(network: nn.Module, inputs: dict[str, Tensor]) -> dict[str, Any]:
    """Deviation of each layer's weights over what its activation asks for.

    He's (arXiv:1502.01852) is sqrt(2 / fan), Glorot's (Glorot & Bengio 2010) sqrt(2 / (fan_in +
    fan_out)), whatever the distribution.

    Returns:
        `he` and `glorot`: layer -> ratio; `free`: layers that no activation follows, such as the
        head, the end of a residual branch and attention's projections.
    """
    network.eval()
    with torch.no_grad(), Followed(network) as followed:
        network(**inputs)
    found: dict[str, Any] = {rule: {} for rule in RULES}
    for name, rule in followed.rules.items():
        if rule is not None:
            ratio = compare_deviation(network.get_submodule(name), rule)
            found[rule][name.removeprefix("backbone.")] = round(ratio, 3)
    free = [name for name, rule in followed.rules.items() if rule is None]
    return found | {"free": [name.removeprefix("backbone.") for name in free]}


def compare_deviation(layer: nn.Module, rule: str) -> float:
    """The weights' deviation over the rule's; of He's two fans, the nearer one's."""
    weight: Any = layer.weight
    fan_in = weight[0].numel()
    fan_out = weight.shape[0] * weight[0, 0].numel() / getattr(layer, "groups", 1)
    fans = (fan_in, fan_out) if rule == "he" else (fan_in + fan_out,)
    ratios = [weight.std().item() * (fan / 2) ** 0.5 for fan in fans]
    return min(ratios, key=lambda ratio: max(ratio, 1 / max(ratio, 1e-9)))
