"""What of an image is lost: in its file, in decoding, and in the pixels that the model gets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import UserError
from ..types import State
from .image_files import LENIENT, BrokenImageError, Reading, open_image
from .image_range import DEEP, count_levels

FEW = 24  # of 255 from the darkest to the brightest; with more, no image is flat
MOST_LOST = 8  # times more shades in the file
LOOKED_AT = 500  # images with few shades that are compared with their files
TOO_MANY = 0.5  # of the images: the range does not suit them
SHOWN = 3  # images told by name
CHUNK = 4096  # images whose pixels are in memory at a time


def find_faults(paths: Sequence[Path], reading: Reading) -> list[str]:
    """Why each of some files cannot be used, empty where it can."""
    return [find_fault(path, reading) for path in paths]


def find_fault(path: Path, reading: Reading) -> str:
    """Why a file cannot be used, empty where it can."""
    try:
        open_image(path, reading)
    except BrokenImageError as error:
        return str(error)
    return ""


def tell_partial(faults: Mapping[str, str], count: int) -> list[str]:
    """A sentence on images that `data.lenient=true` takes, of how many; empty without any."""
    if not faults:
        return []
    told = [f"{item} {fault.split(LENIENT)[0]}" for item, fault in faults.items()]
    shown = "; ".join(told[:SHOWN]) + ("; …" if told[SHOWN:] else "")
    return [
        f"{len(told)} of {count} images are taken though there is only a part of each "
        f"(data.lenient=true): {shown}."
    ]


def find_lost_shades(
    raw: Sequence[Image.Image], ids: pd.Series, pixels: np.ndarray, state: State
) -> list[str]:
    """A sentence on images of which few shades are left.

    Args:
        raw: As decoded.
        ids: Of each.
        pixels: What the model gets, uint8 (N, C, H, W).
        state: With `range`, where there are deep images.

    Raises:
        UserError: Most of the images looked at have lost shades.
    """
    if state.get("range") is None or state["range"] == "file":
        return []
    few = [
        start + np.flatnonzero(np.ptp(pixels[start : start + CHUNK], axis=(1, 2, 3)) < FEW)
        for start in range(0, len(pixels), CHUNK)
    ]
    rows = np.concatenate(few)[:LOOKED_AT]
    lost = [row for row in rows if is_lost(raw[int(row)], pixels[row])]
    if not lost:
        return []
    low, high = state["range"]
    told = (
        f"{len(lost)} images, such as {ids.iloc[lost[0]]}, have {MOST_LOST} times the shades that "
        f"preprocess.range={low:g} … {high:g} keeps of them: set preprocess.range=[low,high] to "
        "the values that count, or preprocess.range=file for each file's own"
    )
    if len(lost) > TOO_MANY * min(len(pixels), LOOKED_AT):
        raise UserError(f"{told}.")
    return [f"{told}."]


def is_lost(image: Image.Image, pixels: np.ndarray) -> bool:
    """Whether a deep image has far more shades than are left of it."""
    return image.mode == DEEP and count_levels(image) > MOST_LOST * len(np.unique(pixels))
