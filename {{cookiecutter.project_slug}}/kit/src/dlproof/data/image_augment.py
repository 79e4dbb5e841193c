"""Random changes of images, each for a whole batch on its device; a project puts them in order.

kornia does the same in a call each, at a third of the images a second (benchmarks/libraries.py of
the template).
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

from ..types import Arrays, State
from .image_labels import draw_sheet, judge_labels
from .store import Store

GREY = (0.2989, 0.587, 0.114)  # of red, green and blue (ITU-R 601-2)
CROP_RATIO = (3 / 4, 4 / 3)  # as Szegedy et al. 2015
TRIES = 10  # of a window that fits into the image
ERASED_AREA, ERASED_RATIO = (0.02, 0.33), (0.3, 3.3)  # as Zhong et al. 2020


class ImageChange:
    """An augmentation of images whose labels can be judged: a dataclass with a field a change.

    Its `change` is what each item goes through alone, `(image) -> image`; without `flip`,
    `flip_vertical`, `rotate_degrees`, `rand_augment`, `erase`, `mixup` and `cutmix` it keeps labels
    for certain.
    """

    state: State

    def judge(
        self,
        store: Store,
        predict: Callable[[Tensor], Tensor],
        features: Callable[[Arrays], np.ndarray],
        sheet: Path,
    ) -> dict[str, Any]:
        """Whether changed training images keep their class; draws some of them to `sheet`."""
        if "classes" not in self.state["task"]:
            return {}
        draw_sheet(self, store, sheet)
        return judge_labels(self, store, predict, features)


def make_mixer(state: State, *, mixup: float, cutmix: float) -> v2.Transform | None:
    """Mixes the items of a batch of classes; with both alphas, each batch draws one way."""
    kinds = ((v2.MixUp, mixup), (v2.CutMix, cutmix))
    count = len(state["task"].get("classes", ()))
    mixers = [kind(alpha=alpha, num_classes=count) for kind, alpha in kinds if alpha and count]
    return v2.RandomChoice(mixers) if mixers else None


def move(
    image: Tensor,
    *,
    crop: float = 0.0,
    resized_crop: float = 0.0,
    flip: bool = False,
    flip_vertical: bool = False,
    rotate_degrees: float = 0.0,
    scale: float = 0.0,
) -> Tensor:
    """Crops and mirrors by picking pixels; turning and zooming too needs resampling.

    Args:
        image: uint8 (N, C, H, W).
        crop: Padding before a random crop to the same size, as a share of the width.
        resized_crop: Least share of the area of a random window, instead of `crop`.
        flip: Mirror half of the items, left to right.
        flip_vertical: Mirror half of the items, top to bottom.
        rotate_degrees: Largest turn.
        scale: Largest zoom in or out, as a share.

    Returns:
        (N, C, H, W), uint8 where pixels are picked and float where they are resampled.
    """
    count, _, height, width = image.shape
    margin = round(crop * width)
    corner = torch.randint(2 * margin + 1, (2, count), device=image.device)
    chance = torch.tensor([[flip_vertical / 2], [flip / 2]], device=image.device)
    mirrored = torch.rand((2, count), device=image.device) < chance
    sign = 1 - 2.0 * mirrored
    if resized_crop:
        side, shift = draw_windows(count, resized_crop, image.device)
        turn = rotate_degrees, scale, "border"
        return resample(image.float(), shift, side * sign, turn)
    if rotate_degrees or scale:
        shift = (corner - margin) * torch.tensor([[2 / height], [2 / width]]).to(image.device)
        return resample(image.float(), shift, sign, (rotate_degrees, scale, "zeros"))
    if not (margin or flip or flip_vertical):
        return image
    rows = pick(height, corner[0], mirrored[0])
    columns = pick(width, corner[1], mirrored[1])
    padded = functional.pad(image, [margin] * 4)
    index = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
    index = index.flatten(1)[:, None].expand(-1, image.shape[1], -1)
    return padded.flatten(2).gather(2, index).view_as(image)


def resample(image: Tensor, shift: Tensor, sign: Tensor, turn: tuple[float, float, str]) -> Tensor:
    """Turns and zooms each image by its own draw, bilinearly.

    Args:
        image: float (N, C, H, W).
        shift: Down and across (2, N), in half images.
        sign: Share of the height and width that is seen, negative where mirrored (2, N).
        turn: Largest turn in degrees, largest zoom as a share, and what lies outside the image:
            `border` or `zeros`.
    """
    count, _, height, width = image.shape
    degrees, scale, outside = turn
    angle = uniform(image, math.radians(degrees)).squeeze(1)
    zoom = 1 + uniform(image, scale).squeeze(1)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    down = centres(height, image) * sign[0].view(-1, 1, 1)
    across = centres(width, image).mT * sign[1].view(-1, 1, 1)
    grid = image.new_empty(count, height, width, 2)
    torch.add(across * cos, shift[1].view(-1, 1, 1) - down * sin, out=grid[..., 0])
    torch.add(across * sin, shift[0].view(-1, 1, 1) + down * cos, out=grid[..., 1])
    return functional.grid_sample(image, grid, padding_mode=outside, align_corners=False)


def light(image: Tensor, brightness: float, contrast: float, saturation: float) -> Tensor:
    """Brightness and contrast, then saturation: float (N, C, H, W), in place.

    Args:
        image: float (N, C, H, W), 0 to 255.
        brightness: Largest change of the factor 1.
        contrast: The same, of the distance to the image's mean grey.
        saturation: The same, of the distance to each pixel's grey.
    """
    if brightness or contrast:
        gain, steepness = 1 + uniform(image, brightness), 1 + uniform(image, contrast)
        mean = to_grey(image.mean(dim=(2, 3), keepdim=True))
        image.mul_(gain * steepness).add_((1 - steepness) * gain * mean)
    if saturation and image.shape[1] == len(GREY):
        grey = to_grey(image)
        image.sub_(grey).mul_(1 + uniform(image, saturation)).add_(grey)
    return image.clamp_(0, 255)


def erase(image: Tensor, share: float) -> Tensor:
    """Blackens one box in this share of the images (N, C, H, W)."""
    if not share:
        return image
    count, _, height, width = image.shape
    draw = torch.rand((5, count, 1, 1), device=image.device)
    low, high = ERASED_AREA
    area = (low + (high - low) * draw[0]) * height * width
    low, high = map(math.log, ERASED_RATIO)
    ratio = torch.exp(low + (high - low) * draw[1])
    inside = draw[4] < share
    for size, side, place, axis in (
        (height, torch.sqrt(area * ratio), draw[2], -1),
        (width, torch.sqrt(area / ratio), draw[3], 0),
    ):
        start = place * (size - side).clamp_min(0)
        steps = torch.arange(size, device=image.device).unsqueeze(axis)
        inside = inside & (steps >= start) & (steps < start + side)
    return image.masked_fill(inside[:, None], 0)


def draw_windows(count: int, least: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Windows as `torchvision.transforms.RandomResizedCrop` draws them, of square images.

    Returns:
        Height and width as shares of the image's, and where the centre lies, down and across, in
        half images: both (2, N).
    """
    low, high = map(math.log, CROP_RATIO)
    area = torch.empty(TRIES, count, device=device).uniform_(least, 1)
    ratio = torch.exp(torch.empty(TRIES, count, device=device).uniform_(low, high))
    sides = torch.stack([torch.sqrt(area / ratio), torch.sqrt(area * ratio)])
    first = (sides <= 1).all(dim=0).int().argmax(dim=0)  # the first of an item that fits
    sides = sides.gather(1, first.expand(2, 1, -1)).squeeze(1).clamp_max(1)
    return sides, (1 - sides) * torch.empty_like(sides).uniform_(-1, 1)


def pick(size: int, corner: Tensor, mirrored: Tensor) -> Tensor:
    """Positions (N, size) along one padded side, from each item's corner, some from behind."""
    steps = torch.arange(size, device=corner.device)
    return corner[:, None] + torch.where(mirrored[:, None], size - 1 - steps, steps)


def centres(size: int, like: Tensor) -> Tensor:
    """Pixel centres (size, 1) along one side, -1 and 1 being its ends."""
    return ((2 * torch.arange(size, device=like.device, dtype=like.dtype) + 1) / size - 1)[:, None]


def to_grey(image: Tensor) -> Tensor:
    """The light of each pixel (N, 1, H, W)."""
    if image.shape[1] != len(GREY):
        return image
    return (image * torch.tensor(GREY, device=image.device).view(-1, 1, 1)).sum(1, keepdim=True)


def uniform(like: Tensor, limit: float) -> Tensor:
    """(N, 1, 1, 1) values in [-limit, limit], drawn on the batch's device."""
    return like.new_empty((len(like), 1, 1, 1)).uniform_(-limit, limit)
