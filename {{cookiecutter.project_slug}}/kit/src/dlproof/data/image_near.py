"""Near duplicates of images: resized, re-encoded or slightly brighter copies, by perceptual hash.

ImageHash gives the same hash without a search; imagededup compares all with all, so that 10,000
images take fifteen times as long as here; cleanvision finds copies of equal hash alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.fft import dctn

from ..parallel import over
from .image_range import view
from .near import BANDS, find_clusters

SIDE = 16  # pixels of the thumbnails that are compared
LOW = 8  # frequencies of the hash in each direction: 64 bits
UNIT = 16  # steps of a stored thumbnail to one standard deviation
MAX_BITS = 16  # in which the hashes of near images may differ
MAX_SHIFT = 32  # of 255, by which each mean colour of near images may differ
MIN_CONTRAST = 2.0  # of 255; a flatter image has no shape to compare
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # by which copies are made grey


@dataclass(frozen=True)
class Fingerprints:
    """What is kept of N images: 330 bytes each.

    Attributes:
        bits: Signs of the lowest cosine frequencies, uint8 (N, 64).
        shapes: Grey thumbnails of mean 0 and deviation `UNIT`, int8 (N, SIDE * SIDE).
        colours: Mean red, green and blue, int16 (N, 3).
        flat: Whether there is no contrast, bool (N,).
    """

    bits: np.ndarray
    shapes: np.ndarray
    colours: np.ndarray
    flat: np.ndarray


def find_near_images(images: Sequence[Image.Image], min_similarity: float) -> np.ndarray:
    """Number of the first image of each image's cluster, (N,).

    Two images are near when the correlation of their grey thumbnails reaches `min_similarity` and
    no mean colour is further apart than `MAX_SHIFT`. Crops, mirrored and turned copies are not.
    """
    if not len(images):
        return np.arange(0)
    return cluster_fingerprints(take_fingerprints(images), min_similarity)


def take_fingerprints(images: Sequence[Image.Image]) -> Fingerprints:
    """The fingerprints of images, decoded one by one."""
    parts = over(reduce_images, images, "taking fingerprints")
    return Fingerprints(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def reduce_images(images: Sequence[Image.Image]) -> tuple[np.ndarray, ...]:
    """As `reduce_pixels`, of a batch of images."""
    size, box = (SIDE, SIDE), Image.Resampling.BILINEAR
    small = [np.asarray(view(image).convert("RGB").resize(size, box)) for image in images]
    return reduce_pixels(np.array(small, np.float32))


def reduce_pixels(pixels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Bits, shapes, colours and flatness of thumbnails (n, SIDE, SIDE, 3), 0 to 255.

    The hash is that of pHash (Zauner, Implementation and benchmarking of perceptual image hash
    functions, 2010), with signs instead of a median, which small images shift.
    """
    grey = pixels @ LUMINANCE
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    waves = dctn(grey, axes=(1, 2))[:, :LOW, :LOW].reshape(len(grey), -1)
    contrast = grey.std(axis=(1, 2))
    scale = UNIT / np.maximum(contrast, MIN_CONTRAST)
    shapes = np.rint(grey.reshape(len(grey), -1) * scale[:, None]).clip(-127, 127)
    bits = (waves > 0).astype(np.uint8)
    bits[:, 0] = 0  # the mean, which is rounding noise here
    colours = pixels.mean(axis=(1, 2)).astype(np.int16)
    return bits, shapes.astype(np.int8), colours, contrast < MIN_CONTRAST


def cluster_fingerprints(prints: Fingerprints, min_similarity: float) -> np.ndarray:
    """As `find_near_images`, of fingerprints."""

    def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Whether pairs of images are near."""
        shift = np.abs(prints.colours[left] - prints.colours[right]).max(axis=1)
        close = (shift <= MAX_SHIFT) & ~prints.flat[left] & ~prints.flat[right]
        close &= (prints.bits[left] != prints.bits[right]).sum(axis=1) <= MAX_BITS
        left, right = left[close], right[close]
        gaps = prints.shapes[left].astype(np.int32) - prints.shapes[right]
        # Of thumbnails of one norm, the distance tells the correlation.
        close[close] = 1 - (gaps**2).mean(axis=1) / (2 * UNIT**2) >= min_similarity
        return close

    return find_clusters(len(prints.bits), make_keys(prints.bits), alike)


def make_keys(bits: np.ndarray) -> Iterator[np.ndarray]:
    """One uint64 per image and band: its bits, shuffled differently for each band."""
    for band in range(BANDS):
        order = np.random.default_rng(band).permutation(bits.shape[1])
        shuffled = np.take(bits, order, axis=1)
        yield np.packbits(shuffled, axis=1).view(">u8")[:, 0].astype(np.uint64)
