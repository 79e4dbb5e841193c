"""Initial weights that keep the variance of activations through ReLU layers."""

from torch import nn


def initialise_kaiming(network: nn.Module) -> None:
    """He-normal weights for convolutions and hidden linear layers, zero biases (arXiv:1502.01852).

    The last linear layer feeds no ReLU; its outputs start small, so that the first loss is near
    that of a network that knows nothing.
    """
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    if linears:
        nn.init.normal_(linears[-1].weight, std=0.2 / linears[-1].in_features ** 0.5)
