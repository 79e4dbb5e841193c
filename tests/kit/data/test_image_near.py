"""Copies of an image that was resized, re-encoded or brightened are found; other images are not."""

import io
from functools import cache

import numpy as np
import pytest
from dlproof.data.image_files import write_digits
from dlproof.data.image_near import find_near_images
from PIL import Image

LIKE = 0.99


@cache
def draw_scenes(count=200, side=96):
    """Images with the spectrum of photographs, each another one."""
    generator = np.random.default_rng(0)
    waves = np.fft.fftfreq(side)
    distance = np.hypot(waves[:, None], waves)
    distance[0, 0] = 1 / side
    noise = generator.normal(size=(count, 3, side, side, 2)) @ [1, 1j]
    scenes = np.fft.ifft2(noise / distance).real
    scenes /= scenes.std(axis=(2, 3), keepdims=True)
    pixels = np.clip(128 + 48 * scenes, 0, 255).astype(np.uint8)
    return [Image.fromarray(scene) for scene in pixels.transpose(0, 2, 3, 1)]


def encode(image, quality):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


CHANGES = {
    "half": lambda image: image.resize((48, 48)),
    "larger": lambda image: image.resize((150, 150), Image.Resampling.LANCZOS),
    "stretched": lambda image: image.resize((150, 90)),
    "grey": lambda image: image.convert("L"),
    "jpeg": lambda image: encode(image, 50),
    "brighter": lambda image: image.point(lambda value: min(255, value * 1.1)),
    "darker": lambda image: image.point(lambda value: value * 0.85),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nearly_every_changed_copy_is_found_and_nothing_else(change):
    scenes = draw_scenes()
    copies = [CHANGES[change](image) for image in scenes]
    clusters = find_near_images(scenes + copies, LIKE)
    originals, found = clusters[: len(scenes)], clusters[len(scenes) :]
    assert len(set(originals)) == len(scenes)
    assert (found == originals).mean() >= 0.98
    assert len(set(found)) == len(scenes)  # a copy that is not found is alone


def test_colour_tells_images_of_one_shape_apart():
    shape = np.asarray(draw_scenes()[0].convert("L")) // 2
    dyed = [Image.fromarray(np.roll([shape, 0 * shape, 0 * shape], turn, 0).transpose(1, 2, 0))
            for turn in range(3)]  # fmt: skip
    assert len(set(find_near_images(dyed, LIKE))) == 3


def test_blank_images_have_no_shape_to_compare():
    blank = [Image.new("L", (20, 20), value) for value in (0, 1, 255)]
    assert len(set(find_near_images(blank, LIKE))) == 3


def test_handwritten_digits_do_not_collapse(tmp_path):
    write_digits(tmp_path / "raw")
    digits = [Image.open(path) for path in sorted((tmp_path / "raw").rglob("*.png"))]
    resized = [digit.resize((16, 16), Image.Resampling.BICUBIC) for digit in digits[::20]]
    clusters = find_near_images(digits + resized, LIKE)
    assert len(set(clusters[: len(digits)])) > 0.99 * len(digits)
    assert (clusters[len(digits) :] == clusters[: len(digits) : 20]).mean() > 0.9
