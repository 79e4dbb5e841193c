"""Image files as they arrive: decoded whatever their mode and depth, refused if broken."""

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np
from PIL import Image, ImageOps

from ..errors import UserError
from ..files import atomic
from ..types import State
from .image_expectations import find_breach
from .image_jpeg import find_loss
from .image_range import BITS, DEEP, Range, flatten, keep_depth, scale

SUFFIXES = (
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tif", ".tiff", ".webp",
)  # fmt: skip
# No other decoder of Pillow is asked: some run programs, some know a file by nothing at all.
FORMATS = ("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")
MAX_PIXELS = 64_000_000  # one image; more is refused before it is decoded
# Of 255: a colour file of 16 bits that is nowhere brighter holds ten bits or twelve, and Pillow,
# which keeps the upper eight, would leave some shades of it.
DIM = 63
LENIENT = " (data.lenient=true accepts it as it is)"
SUBFILE, REDUCED = 254, 1  # TIFF's tag and bit of a page that is a smaller copy of another

# Pillow warns at its own limit; ours is lower and refuses.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class BrokenImageError(ValueError):
    """An image cannot be used; the message is the reason, without the file's name."""


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        rules: What is expected of an image; empty: anything.
        frame: Of a file with several: its number (negative from the end) or `middle`; None: such
            a file is refused.
        lenient: Whether a picture is taken that its file holds in part only.
    """

    rules: State | None = None
    frame: int | str | None = None
    lenient: bool = False


class Images(Sequence[Image.Image]):
    """Image files as grey, RGB or deep images, decoded when they are asked for."""

    def __init__(self, paths: Sequence[Path], reading: Reading | None = None) -> None:
        self.paths, self.reading = list(paths), reading or Reading()

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...
    @overload
    def __getitem__(self, index: slice) -> "Images": ...
    def __getitem__(self, index: int | slice) -> "Image.Image | Images":
        if isinstance(index, slice):
            return Images(self.paths[index], self.reading)
        path = self.paths[index]
        try:
            return open_image(path, self.reading)
        except BrokenImageError as error:
            raise UserError(f"{path} {error}: repair or remove it.") from error


def open_image(path: Path, reading: Reading | None = None) -> Image.Image:
    """Decodes one file.

    Raises:
        BrokenImageError: It is not a readable image, too large, or not what is expected.
    """
    try:
        with path.open("rb") as stream:
            return decode_image(stream, reading)
    except OSError as error:
        raise BrokenImageError(f"cannot be opened ({error.strerror})") from error


def decode_image(source: BinaryIO | bytes, reading: Reading | None = None) -> Image.Image:
    """Decodes one image, upright as its EXIF says, to `L` (grey), `RGB`, or grey and deep.

    Raises:
        BrokenImageError: It is not a readable image, is too large, breaks the rules, has several
            frames, or is incomplete.
    """
    reading = reading or Reading()
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        num_bytes = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        image = Image.open(stream, formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise BrokenImageError(f"has {image.width}x{image.height} pixels, over {MAX_PIXELS:,}")
        if reading.rules and (breach := find_breach(image, num_bytes, reading.rules)):
            raise BrokenImageError(breach)
        choose_frame(image, reading.frame)
        image.load()
        if not reading.lenient:
            refuse_partial(image, stream)
        return flatten(ImageOps.exif_transpose(keep_depth(image)))
    except BrokenImageError:
        raise
    except Image.UnidentifiedImageError as error:
        raise BrokenImageError("is not an image of a known format") from error
    except Image.DecompressionBombError as error:
        raise BrokenImageError(f"has more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # decoders raise whatever their format's code runs into
        raise BrokenImageError(f"is damaged ({error})") from error


def choose_frame(image: Image.Image, frame: int | str | None) -> None:
    """Goes to one frame of a file with several; a phone's second picture (MPO) does not count.

    Raises:
        BrokenImageError: It is not set which, or there is no such frame.
    """
    count = getattr(image, "n_frames", 1)
    if count == 1 or image.format == "MPO" or (image.format == "TIFF" and has_one_page(image)):
        return
    if frame is None:
        raise BrokenImageError(f"has {count} frames: choose one with data.frame=0 (or -1, middle)")
    number = count // 2 if isinstance(frame, str) else frame + count * (frame < 0)
    if not 0 <= number < count:
        raise BrokenImageError(f"has {count} frames, and data.frame={frame} is none of them")
    image.seek(number)


def has_one_page(image: Any) -> bool:
    """Whether all pages of a TIFF file but the first are smaller copies, as in a pyramid."""
    for number in range(1, image.n_frames):
        image.seek(number)
        if not image.tag_v2.get(SUBFILE, 0) & REDUCED:
            break
    else:
        image.seek(0)
        return True
    image.seek(0)
    return False


def refuse_partial(image: Image.Image, stream: BinaryIO) -> None:
    """Stops where pixels are made up or lost in decoding.

    Raises:
        BrokenImageError: A part of a JPEG file is missing, or a deep colour image has few shades.
    """
    loss = ""
    if image.format in ("JPEG", "MPO"):
        stream.seek(0)
        loss = find_loss(stream.read(), image)
    elif image.mode in ("RGB", "RGBA", "LA") and stores_deep_colour(image, stream):
        loss = find_dim(image)
    if loss:
        raise BrokenImageError(f"{loss}{LENIENT}")


def stores_deep_colour(image: Any, stream: BinaryIO) -> bool:
    """Whether a file has 16 bits for each of several channels, of which Pillow drops eight."""
    if image.format == "PNG":
        stream.seek(24)
        return stream.read(1) == b"\x10"
    return image.format == "TIFF" and max(image.tag_v2.get(BITS, (8,))) > 8


def find_dim(image: Image.Image) -> str:
    """What is wrong with the upper eight bits of a deep colour image; empty where nothing is."""
    pixels = np.asarray(image)
    brightest = int(pixels[..., : 1 if image.mode == "LA" else 3].max())
    if not 0 < brightest <= DIM:
        return ""
    return (
        f"has 16 bits per channel but uses only the lower ones, so only {brightest + 1} of 256 "
        "shades would remain: stretch its values to all 16 bits, or save it with 8"
    )


def fit_square(image: Image.Image, size: int, channels: int, span: Range = None) -> np.ndarray:
    """One image as uint8 (channels, size, size): scaled with its proportions kept, black around.

    Proportions carry meaning (a 1 is narrow), so the longer side decides and the rest is padded.

    Args:
        image: Decoded.
        size: Pixels of the square.
        channels: 1 or 3.
        span: What a deep image's black and white are, see `preprocess.range`.
    """
    ratio = size / max(image.size)
    width, height = (max(1, round(side * ratio)) for side in image.size)
    box, mode = (width, height), "L" if channels == 1 else "RGB"
    if image.mode == DEEP:
        shrunk = np.asarray(scale(image, span).resize(box, Image.Resampling.BILINEAR))
        scaled = Image.fromarray(np.rint(shrunk).clip(0, 255).astype(np.uint8)).convert(mode)
    else:
        scaled = image.convert(mode).resize(box, Image.Resampling.BILINEAR)
    square = Image.new(mode, (size, size))
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return np.asarray(square, dtype=np.uint8).reshape(size, size, channels).transpose(2, 0, 1)


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
