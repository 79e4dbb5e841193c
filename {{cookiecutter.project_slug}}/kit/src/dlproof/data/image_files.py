"""Image files as they arrive: found in folders, decoded whatever their mode, refused if broken."""

import io
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np
from PIL import Image, ImageOps

from ..errors import UserError
from ..files import atomic
from ..types import State
from .image_expectations import find_breach

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
MAX_PIXELS = 64_000_000  # one image; more is refused before it is decoded

# Pillow warns at its own limit; ours is lower and refuses.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class BrokenImageError(ValueError):
    """An image cannot be used; the message is the reason, without the file's name."""


class Images(Sequence[Image.Image]):
    """Image files as grey or RGB images, decoded when they are asked for."""

    def __init__(self, paths: Sequence[Path], rules: State | None = None) -> None:
        self.paths, self.rules = list(paths), rules

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...
    @overload
    def __getitem__(self, index: slice) -> "Images": ...
    def __getitem__(self, index: int | slice) -> "Image.Image | Images":
        if isinstance(index, slice):
            return Images(self.paths[index], self.rules)
        path = self.paths[index]
        try:
            return open_image(path, self.rules)
        except BrokenImageError as error:
            raise UserError(f"{path} {error}: repair or remove it.") from error


def open_image(path: Path, rules: State | None = None) -> Image.Image:
    """Decodes one file.

    Raises:
        BrokenImageError: It is no readable image, too large, or not what is expected.
    """
    try:
        with path.open("rb") as stream:
            return decode_image(stream, rules)
    except OSError as error:
        raise BrokenImageError(f"cannot be opened ({error.strerror})") from error


def decode_image(source: BinaryIO | bytes, rules: State | None = None) -> Image.Image:
    """Decodes one image, upright as its EXIF says, to mode `L` (grey) or `RGB`.

    Raises:
        BrokenImageError: It is no readable image, too large, not what the rules expect, or has no
            fixed range of values.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        num_bytes = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        image = Image.open(stream)
        if image.width * image.height > MAX_PIXELS:
            raise BrokenImageError(f"has {image.width}x{image.height} pixels, over {MAX_PIXELS:,}")
        if rules and (breach := find_breach(image, num_bytes, rules)):
            raise BrokenImageError(breach)
        image.load()
        return to_eight_bits(ImageOps.exif_transpose(image))
    except BrokenImageError:
        raise
    except Image.UnidentifiedImageError as error:
        raise BrokenImageError("is not an image of a known format") from error
    except Image.DecompressionBombError as error:
        raise BrokenImageError(f"has more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # decoders raise whatever their format's code runs into
        raise BrokenImageError(f"is damaged ({error})") from error


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Any mode to `L` or `RGB`; transparent parts become white, as viewers show them."""
    if image.mode in ("L", "RGB"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "F":
        raise BrokenImageError("holds floating-point pixels, whose range is not known")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise BrokenImageError("holds values outside 16 bits")
        return Image.fromarray((values // 257).astype(np.uint8))
    if image.mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        flat = Image.alpha_composite(white, layer)
        return flat.convert("L" if image.mode in ("LA", "La") else "RGB")
    return image.convert("RGB")


def fit_square(image: Image.Image, size: int, channels: int) -> np.ndarray:
    """One image as uint8 (channels, size, size): scaled with its proportions kept, black around.

    Proportions carry meaning (a 1 is narrow), so the longer side decides and the rest is padded.
    """
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    mode = "L" if channels == 1 else "RGB"
    scaled = image.convert(mode).resize((width, height), Image.Resampling.BILINEAR)
    square = Image.new(mode, (size, size))
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return np.asarray(square, dtype=np.uint8).reshape(size, size, channels).transpose(2, 0, 1)


def find_files(root: Path) -> Iterator[Path]:
    """All visible files below a folder, sorted; links to folders are followed once each.

    Raises:
        UserError: A name is no valid unicode, so no table could hold it.
    """
    seen: set[str] = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(folder, name)
                if path.exists() and not path.is_file():
                    continue  # a pipe or a device, which would be read for ever
                if not is_unicode(str(path)):
                    raise UserError(f"the name of {str(path)!a} is not valid UTF-8: rename it.")
                yield path


def is_unicode(text: str) -> bool:
    """Whether a file's name could be decoded."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def write_digits(root: Path) -> None:
    """Writes scikit-learn's 1,797 digits as 8x8 grey PNG files, one folder a class."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    with atomic(root) as draft:
        for label in digits.target_names:
            (draft / str(label)).mkdir(parents=True)
        for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            grey = np.rint(pixels * (255 / 16)).astype(np.uint8)
            Image.fromarray(grey).save(draft / str(label) / f"{number:04d}.png")


def compile_pattern(key: str, text: str) -> re.Pattern[str]:
    """A regular expression with a group in it.

    Raises:
        UserError: It is none.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UserError(f"data.{key}={text} is not a regular expression ({error}).") from error
    if not pattern.groups:
        raise UserError(f"data.{key}={text} needs a group, such as `patient_(\\d+)`.")
    return pattern
