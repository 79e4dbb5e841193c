"""Initial weights that preserve variance: He's before ReLU, Glorot's before sigmoid and tanh."""

from torch import nn
from torch.nn.parameter import is_lazy

RECTIFIERS = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU)
GATES = (nn.Sigmoid, nn.Tanh)


def initialise_weights(network: nn.Module) -> None:
    """He-normal weights for convolutions and hidden linear layers, zero biases (arXiv:1502.01852).

    A layer whose next activation, in the order of definition, is a sigmoid or tanh gets Glorot's
    (Glorot & Bengio 2010). The last linear layer is the head. A network with lazy layers has no
    weights yet: all follow once `build_network` has shown it a batch.
    """
    if any(map(is_lazy, network.parameters())):

        def follow(*_: object) -> None:
            """Initialises all, now that it has shapes."""
            hook.remove()
            initialise_weights(network)

        hook = network.register_forward_hook(follow)
        return
    before = None
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            else:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
            before = module
        elif isinstance(module, GATES) and before is not None:
            nn.init.xavier_normal_(before.weight)
        if isinstance(module, RECTIFIERS + GATES):
            before = None
    if linears:
        initialise_head(linears[-1])


def initialise_head(head: nn.Linear) -> None:
    """Small weights, so that the first loss is near that of a network that knows nothing."""
    nn.init.normal_(head.weight, std=0.2 / head.in_features**0.5)
    if head.bias is not None:
        nn.init.zeros_(head.bias)
