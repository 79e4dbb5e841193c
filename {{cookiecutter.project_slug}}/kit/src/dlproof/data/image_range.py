"""Pixels of more than eight bits: kept as they are stored, brought to 0 … 255 by one range.

A decoded image is grey or RGB of eight bits, or `DEEP`: one channel of floats. `preprocess.range`
says what of these becomes black and white.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from ..errors import UserError
from ..parallel import over

DEEP = "F"  # Pillow's mode of one channel of float32, which holds 24 bits exactly
PHOTOMETRIC, BITS = 262, 258  # tags of TIFF
WHITE_IS_ZERO = 0
FLAT = 2.0  # of 255: deviation of what shows nothing
Range = Sequence[float] | str | None


def keep_depth(image: Image.Image) -> Image.Image:
    """A deep image as `DEEP`, as it looks where it is stored with white as zero; others as is.

    Raises:
        ValueError: It holds values that are not numbers.
    """
    if image.mode != DEEP and not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("has pixels that are not numbers")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            deepest = 2.0 ** tags.get(BITS, (16,))[0] - 1 if image.mode != DEEP else 0.0
            values = deepest - values
    kept = Image.fromarray(values.astype(np.float32))
    kept.info = image.info
    kept.getexif().update(image.getexif())
    return kept


def settle_range(low: float, high: float) -> list[float]:
    """The range in which values from `low` to `high` are stored: 0 … 4095 where they use 12 bits.

    A range that leaves much of its bits out, or is none of bits, is kept as it is.
    """
    if 0 <= low <= high / 4:
        top = 1.0 if high <= 1 else 2.0 ** np.ceil(np.log2(high + 1)) - 1
        return [0.0, float(top)]
    return [float(low), float(max(high, low + 1e-6))]


def scale(image: Image.Image, span: Range = None) -> Image.Image:
    """A deep image as grey of eight bits, floats still: `span` becomes 0 … 255.

    Args:
        image: `DEEP`.
        span: Its two ends; `file`: of this image's own values; None: what its values need.
    """
    values = np.asarray(image, np.float64)
    low, high = float(values.min()), float(values.max())
    if not isinstance(span, str):
        low, high = span or settle_range(low, high)
    unit = (values - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(unit.clip(0, 255).astype(np.float32))


def view(image: Image.Image) -> Image.Image:
    """An image of eight bits to look at: a deep one shows the whole of its own range."""
    if image.mode != DEEP:
        return image
    return Image.fromarray(np.rint(np.asarray(scale(image, "file"))).astype(np.uint8))


def survey(raw: Sequence[Image.Image]) -> tuple[set[str], list[tuple[float, float]]]:
    """Modes of images, and the lowest and highest value of each deep one."""
    parts = list(over(survey_batch, raw, "looking at modes"))
    return set().union(*(modes for modes, _ in parts)), [end for _, ends in parts for end in ends]


def survey_batch(raw: Sequence[Image.Image]) -> tuple[set[str], list[tuple[float, float]]]:
    """As `survey`, of one batch."""
    modes, ends = set(), []
    for image in raw:
        modes.add(image.mode)
        if image.mode == DEEP:
            low, high = image.getextrema()
            ends.append((float(low), float(high)))  # type: ignore[arg-type]
    return modes, ends


def fit_range(ends: Sequence[tuple[float, float]], wanted: Any) -> list[float] | str | None:
    """The range of deep images by `preprocess.range`; None if there are no deep images.

    Args:
        ends: Lowest and highest value of each deep training image.
        wanted: `data`, `file`, or the two ends.

    Raises:
        UserError: The ends are in the wrong order.
    """
    if not ends or wanted == "file":
        return "file" if ends else None
    if wanted == "data":
        return settle_range(min(low for low, _ in ends), max(high for _, high in ends))
    low, high = wanted
    if low >= high:
        raise UserError(f"preprocess.range=[{low:g},{high:g}]: the first must be the lower one.")
    return [float(low), float(high)]


def flatten(image: Image.Image) -> Image.Image:
    """Eight bits, `L` or `RGB`: transparent parts become white, as viewers show them.

    Where white would hide all there is, as it does a white shape, they become black.

    Raises:
        ValueError: All of it is transparent, colours and all.
    """
    if image.mode in ("L", "RGB", DEEP):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        mode = "L" if image.mode in ("LA", "La") else "RGB"
        flat = flatten_onto(layer, "white")
        if is_flat(flat) and not is_flat(layer.getchannel("A")):
            flat = flatten_onto(layer, "black")
        if is_flat(flat) and not is_flat(layer.convert("RGB")):
            raise ValueError("has colours, all of them transparent")
        return flat.convert(mode)
    return image.convert("RGB")


def flatten_onto(layer: Image.Image, colour: str) -> Image.Image:
    """A layer on a colour."""
    return Image.alpha_composite(Image.new("RGBA", layer.size, colour), layer).convert("RGB")


def is_flat(image: Image.Image) -> bool:
    """Whether nothing can be seen."""
    return bool(np.asarray(image, np.float32).std(axis=(0, 1)).max() < FLAT)


def count_levels(image: Image.Image) -> int:
    """Different values of an image's pixels."""
    return len(np.unique(np.asarray(image)))
