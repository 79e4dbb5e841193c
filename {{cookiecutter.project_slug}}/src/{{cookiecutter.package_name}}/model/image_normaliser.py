"""Normalisation as the network's first layer: training, export and service share one code path."""

import torch
from dlproof import State
from torch import Tensor, nn


class ImageNormaliser(nn.Module):
    """uint8 images (N, C, H, W) -> float, zero mean and unit deviation per channel.

    Mean and deviation are the training split's, over pixels in [0, 1].
    """

    mean: Tensor
    std: Tensor

    def __init__(self, state: State) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(state["mean"]).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(state["std"]).view(1, -1, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Takes uint8, or the float 0-255 that augmentation gives."""
        # Two passes over the pixels; the formula as it is usually written takes four.
        scaled = image.to(self.mean.dtype) * (1 / (255 * self.std))
        return (scaled.sub_(self.mean / self.std),)
