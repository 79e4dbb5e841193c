"""timm's image architectures, the later rungs of the ladder, with pretrained weights."""

from typing import Any

import timm
from dlproof import State, UserError
from dlproof.model import find_published, find_weights
from torch import nn

from .initialise import initialise_head

PATCHES = (16, 8, 4, 2)  # pixels
TOKENS = 49  # fewer patches than 7x7 leave attention little to compare


def create(
    state: State,
    num_outputs: int,
    architecture: str,
    pretrained: bool,
    dropout: float,
    weights: str | None = None,
    **options: Any,
) -> nn.Module:
    """Any timm model by name, for the data's channels and the task's outputs.

    Args:
        state: The data's fitted state: its `shapes` give channels and size.
        num_outputs: Width of the head.
        architecture: timm's name, with a tag for weights other than the default ones.
        pretrained: Start from the weights in `weights`, or from those that timm publishes.
        dropout: Before the head.
        weights: A local file, for machines without a network.
        options: Of the family; `drop_path` is the share of residual branches that are left out
            (stochastic depth, arXiv:1603.09382).

    Raises:
        UserError: timm does not know the name, or the weights are unavailable or do not fit.
    """
    channels, *size = state["shapes"]["image"]
    hub_id = find_published(architecture)
    published: Any = timm.get_pretrained_cfg(architecture)
    if published and published.fixed_input_size:
        options["img_size"] = tuple(size)
    if "drop_path" in options:
        options["drop_path_rate"] = options.pop("drop_path") or None
    source = path = None
    if pretrained:
        path = find_weights(hub_id, weights)
        source = {"file": str(path), "custom_load": False}
    try:
        network: Any = timm.create_model(
            architecture,
            pretrained=pretrained,
            pretrained_cfg_overlay=source,
            in_chans=channels,
            num_classes=num_outputs,
            drop_rate=dropout,
            **options,
        )
    except Exception as error:  # each file format's reader raises its own errors
        if path is None or isinstance(error, TypeError):  # options: the caller explains
            raise
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        first = " ".join(reason.split()[:30])  # load_state_dict writes a line per tensor
        raise UserError(f"{path} does not fit {architecture}: {first}") from error
    head = network.get_classifier()
    if isinstance(head, nn.Linear) and not (pretrained and num_outputs == published.num_classes):
        initialise_head(head)
    created: nn.Module = network
    return created


def vision_transformer(state: State, patch_size: int | None = None, **options: Any) -> nn.Module:
    """A timm ViT whose patches fit the image: the largest of 16, 8, 4, 2 pixels that gives 49.

    Raises:
        UserError: No patch size divides the image.
    """
    height, width = state["shapes"]["image"][1:]
    fitting = [p for p in PATCHES if height % p == width % p == 0 and min(height, width) >= 2 * p]
    if patch_size is None and not fitting:
        raise UserError(
            f"images of {height}x{width} cannot be cut into patches of {PATCHES} pixels: set "
            "preprocess.size to a multiple of 16, or model.patch_size to a divisor of it."
        )
    many = [p for p in fitting if height * width >= TOKENS * p * p]
    patch_size = patch_size or (many[0] if many else fitting[-1])
    # Glorot's deviations, as in the paper's code; with timm's 0.02 a ViT-S is slow to start.
    return create(state, patch_size=patch_size, weight_init="jax", **options)


def small_image_resnet(state: State, **options: Any) -> nn.Module:
    """A timm ResNet whose stem does not shrink small images: 3x3, stride 1, no max-pooling.

    The stem is new; pretrained weights go to the rest.
    """
    network = create(state, **options)
    channels = state["shapes"]["image"][0]
    width = network.get_submodule("conv1").out_channels
    network.conv1 = nn.Conv2d(channels, int(width), 3, padding=1, bias=False)  # type: ignore[arg-type]
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    network.maxpool = nn.Identity()
    return network
