"""RandAugment for batches: items that draw the same operation are changed together."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

NUM_OPERATIONS = 2  # that each item goes through, one after the other
BINS = 30  # magnitudes are shares of this


def rand_augment(image: Tensor, magnitude: int) -> Tensor:
    """Two operations drawn for each item, as `torchvision.transforms.v2.RandAugment` draws them.

    Only the operation and its sign are random, so few calls do for a batch.

    Args:
        image: uint8 (N, C, H, W).
        magnitude: 0 to 30.

    Returns:
        uint8 (N, C, H, W).
    """
    for _ in range(NUM_OPERATIONS):
        drawn = torch.randint(len(OPERATIONS), (len(image),))
        sign = 1 - 2 * torch.randint(2, (len(image),))
        image = apply_drawn(image, drawn, sign, magnitude / BINS)
    return image


def apply_drawn(image: Tensor, drawn: Tensor, sign: Tensor, share: float) -> Tensor:
    """Each item's own operation: `drawn` (N,) in `OPERATIONS`, with `sign` (N,) 1 or -1."""
    changed = image.clone()
    for number, (operation, is_signed) in enumerate(OPERATIONS):
        for way in (1, -1) if is_signed else (1,):
            chosen = drawn == number
            if is_signed:
                chosen &= sign == way
            rows = chosen.nonzero().flatten().to(image.device)
            if len(rows):
                changed[rows] = operation(image[rows], way * share)
    return changed


def shear(image: Tensor, across: float, down: float) -> Tensor:
    """Slants by the tangents of two angles, from the upper left corner."""
    angles = [math.degrees(math.atan(tangent)) for tangent in (across, down)]
    return functional.affine(image, 0.0, [0, 0], 1.0, angles, center=[0, 0])


def shift(image: Tensor, across: float, down: float) -> Tensor:
    """Moves by shares of the sides, in whole pixels."""
    height, width = image.shape[-2:]
    places = [int(across * width), int(down * height)]
    return functional.affine(image, 0.0, places, 1.0, [0.0, 0.0])


# The operation of an image and a share of its largest magnitude; whether the share has a sign.
OPERATIONS: tuple[tuple[Callable[[Tensor, float], Tensor], bool], ...] = (
    (lambda image, share: image, False),
    (lambda image, share: shear(image, 0.3 * share, 0.0), True),
    (lambda image, share: shear(image, 0.0, 0.3 * share), True),
    (lambda image, share: shift(image, 150 / 331 * share, 0.0), True),
    (lambda image, share: shift(image, 0.0, 150 / 331 * share), True),
    (lambda image, share: functional.rotate(image, 30 * share), True),
    (lambda image, share: functional.adjust_brightness(image, 1 + 0.9 * share), True),
    (lambda image, share: functional.adjust_saturation(image, 1 + 0.9 * share), True),
    (lambda image, share: functional.adjust_contrast(image, 1 + 0.9 * share), True),
    (lambda image, share: functional.adjust_sharpness(image, 1 + 0.9 * share), True),
    (lambda image, share: functional.posterize(image, round(8 - 4 * share)), False),
    (lambda image, share: functional.solarize(image, 255 * (1 - share)), False),
    (lambda image, share: functional.autocontrast(image), False),
    (lambda image, share: functional.equalize(image), False),
)
