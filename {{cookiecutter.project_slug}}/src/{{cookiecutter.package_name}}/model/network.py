"""The network that is trained, exported and served: normaliser first, then the architecture."""

from typing import Any

from dlproof import State, UserError, build
from dlproof.model import materialise
from hydra.errors import InstantiationException
from omegaconf import OmegaConf
from torch import Tensor, nn


class Network(nn.Module):
    """Maps raw arrays by name, as `DataType.encode` makes them, to outputs of the task's width."""

    def __init__(self, normaliser: nn.Module, backbone: nn.Module) -> None:
        super().__init__()
        self.normaliser = normaliser
        self.backbone = backbone

    def forward(self, **inputs: Tensor) -> Tensor:
        """Batch of each array, items along axis 0 -> (N, num_outputs)."""
        outputs: Tensor = self.backbone(*self.normaliser(**inputs))
        return outputs


def build_network(
    model: dict[str, Any], preprocess: dict[str, Any], state: State, num_outputs: int
) -> Network:
    """Builds the configured architecture for the data's fitted state; lazy layers get their shapes.

    Args:
        model: The `model` group as plain containers.
        preprocess: The `preprocess` group as plain containers.
        state: The data type's fitted state (`state.json`, key `data`).
        num_outputs: Width of the last layer.

    Raises:
        UserError: The architecture does not take a key of the config, or does not fit the data.
    """
    target = {"_target_": preprocess["_target_"]}
    normaliser = build(OmegaConf.create(target), state=state)
    try:
        backbone = build(OmegaConf.create(model), state=state, num_outputs=num_outputs)
    except InstantiationException as error:
        is_empty = isinstance(error.__cause__, ZeroDivisionError)
        reason = "one of its sizes is 0" if is_empty else error.__cause__ or error
        raise UserError(f"model={model['name']} cannot be built: {reason}") from error
    return materialise(Network(normaliser, backbone), state)
