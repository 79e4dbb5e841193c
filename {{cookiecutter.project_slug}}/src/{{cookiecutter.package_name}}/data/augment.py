"""Random changes of training items, drawn for each item, applied to a whole batch on its device."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from .types import State


class ImageAugmentation:
    """Shift, turn, zoom, mirror and light, one draw an item.

    One affine resampling does all the geometry; what moves in from outside is black.

    Args:
        state: The data's fitted state.
        shift: Largest shift, as a share of the width.
        rotate_degrees: Largest turn.
        scale: Largest zoom in or out, as a share.
        brightness: Largest change, as a share of white.
        contrast: Largest change of the distance to the mean, as a share.
        flip: Mirror half of the items.
    """

    def __init__(
        self,
        state: State,
        *,
        shift: float,
        rotate_degrees: float,
        scale: float,
        brightness: float,
        contrast: float,
        flip: bool,
    ) -> None:
        self.shift, self.scale, self.flip = shift, scale, flip
        self.rotate = math.radians(rotate_degrees)
        self.brightness, self.contrast = brightness, contrast

    def __call__(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """uint8 images (N, C, H, W) -> changed images as float, 0 to 255."""
        image = inputs["image"].float()
        grid = functional.affine_grid(self.draw_affine(image), list(image.shape), False)
        image = functional.grid_sample(image, grid, align_corners=False)
        gain = 1 + uniform(image, self.contrast)
        mean = image.mean(dim=(1, 2, 3), keepdim=True)
        image = (image - mean) * gain + mean + 255 * uniform(image, self.brightness)
        return {"image": image.clamp(0, 255)}

    def draw_affine(self, image: Tensor) -> Tensor:
        """One matrix (N, 2, 3) an item, from output to input coordinates in [-1, 1]."""
        angle = uniform(image, self.rotate).flatten()
        zoom = 1 + uniform(image, self.scale).flatten()
        mirror = torch.ones_like(angle)
        if self.flip:
            mirror = torch.where(torch.rand_like(angle) < 0.5, -mirror, mirror)
        cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        across = torch.stack([cos * mirror, -sin, 2 * uniform(image, self.shift).flatten()], dim=1)
        down = torch.stack([sin * mirror, cos, 2 * uniform(image, self.shift).flatten()], dim=1)
        return torch.stack([across, down], dim=1)


class TableAugmentation:
    """Gaussian noise on numeric columns.

    Args:
        state: The table's fitted state: its columns' deviations.
        deviation: Of the noise, as a share of each column's own.
    """

    def __init__(self, state: State, *, deviation: float) -> None:
        columns = state["numeric"].values()
        self.scale = deviation * torch.tensor([column["std"] for column in columns])

    def __call__(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Adds noise to `numeric` (N, D); missing values stay missing."""
        numeric = inputs["numeric"]
        noise = torch.randn_like(numeric) * self.scale.to(numeric)
        return inputs | {"numeric": numeric + noise}


def uniform(like: Tensor, limit: float) -> Tensor:
    """(N, 1, 1, 1) values in [-limit, limit], drawn on the batch's device."""
    shape = (len(like), 1, 1, 1)
    return (2 * torch.rand(shape, device=like.device) - 1) * limit
