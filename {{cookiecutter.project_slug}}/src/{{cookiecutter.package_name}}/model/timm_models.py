"""timm's image architectures, the later rungs of the ladder."""

import timm
from torch import nn

from ..data.types import State
from ..errors import UserError


def create(
    state: State, num_outputs: int, architecture: str, pretrained: bool, dropout: float
) -> nn.Module:
    """Any of timm's models by name, for the data's channels and the task's outputs.

    Raises:
        UserError: timm does not know the name, or pretrained weights cannot be had.
    """
    channels = state["shapes"]["image"][0]
    if not timm.is_model(architecture):
        raise UserError(
            f"model.architecture={architecture}: timm has no such model; see `timm.list_models()`."
        )
    try:
        return timm.create_model(
            architecture,
            pretrained=pretrained,
            in_chans=channels,
            num_classes=num_outputs,
            drop_rate=dropout,
        )
    except OSError as error:
        raise UserError(
            f"the pretrained weights of {architecture} cannot be had ({error}): "
            "connect to a network, or set model.pretrained=false."
        ) from error


def small_image_resnet(
    state: State, num_outputs: int, architecture: str, pretrained: bool, dropout: float
) -> nn.Module:
    """A timm ResNet whose stem keeps small images: 3x3, stride 1, no max-pooling."""
    network = create(state, num_outputs, architecture, pretrained, dropout)
    channels = state["shapes"]["image"][0]
    width = network.get_submodule("conv1").out_channels
    network.conv1 = nn.Conv2d(channels, int(width), 3, padding=1, bias=False)  # type: ignore[arg-type]
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    network.maxpool = nn.Identity()
    return network
