"""A picture survives whatever its storage, or is refused with what to set."""

import io
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from dlproof.data.image_files import BrokenImageError, Reading, decode_image, fit_square
from dlproof.data.image_losses import find_lost_shades
from dlproof.data.image_range import fit_range, settle_range, view
from dlproof.data.image_requests import write_images
from dlproof.errors import UserError
from own.data.image import ImageFolder
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

RAMP = np.linspace(0, 1, 64 * 64).reshape(64, 64)
SETTINGS = {"size": 64, "channels": 1}


def to_bytes(image, kind="TIFF", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def store(values, dtype, kind="TIFF", **options):
    return to_bytes(Image.fromarray(values.astype(dtype)), kind, **options)


def store_alpha(*channels):
    return store(255 * np.dstack(channels), np.uint8, "PNG")


STORED = {
    "8 bits": store(255 * RAMP, np.uint8, "PNG"),
    "16 bits": store(65535 * RAMP, np.uint16, "PNG"),
    "14 in 16": store(16383 * RAMP, np.uint16),
    "12 in 16": store(4095 * RAMP, np.uint16, "PNG"),
    "10 in 16": store(1023 * RAMP, np.uint16),
    "big-endian": store(4095 * RAMP, ">u2"),
    "8 in 32": store(255 * RAMP, np.int32),
    "negative": store(4095 * RAMP - 1024, np.int32),
    "float": store(RAMP, np.float32),
    "far from 0": store(30000 + 1000 * RAMP, np.uint16),
    "white is 0": store(65535 * (1 - RAMP), np.uint16, tiffinfo={262: 0}),
    "12 in 16, white is 0": store(4095 * (1 - RAMP), np.uint16, tiffinfo={262: 0}),
    "black, alpha": store_alpha(0 * RAMP, 0 * RAMP, 0 * RAMP, 1 - RAMP),
    "white, alpha": store_alpha(0 * RAMP + 1, 0 * RAMP + 1, 0 * RAMP + 1, RAMP),
    "grey, alpha": store_alpha(0 * RAMP + 1, RAMP),
}


@pytest.mark.parametrize("name", STORED)
def test_one_picture_is_the_same_in_every_storage(name):
    raw = [decode_image(STORED[name])] * 2
    images = ImageFolder("unused")
    state = images.fit(raw, SimpleNamespace(**SETTINGS, range="data"))
    found = images.encode(raw, state)["image"][0, 0]
    assert len(np.unique(found)) > 240
    np.testing.assert_allclose(found, 255 * RAMP, atol=1.01)


@pytest.mark.parametrize("name", STORED)
def test_a_service_gets_the_pixels_that_the_file_holds(name):
    image = decode_image(STORED[name])
    _, content, _ = write_images([image])["files"][0][1]
    assert np.array_equal(np.asarray(decode_image(content)), np.asarray(image))


def test_the_range_is_given_or_the_files_own_or_that_of_the_data():
    images = ImageFolder("unused")
    raw = [decode_image(store(top * RAMP, np.uint16)) for top in (1000, 4000)]
    tops = {}
    for wanted in ("data", "file", [0, 2000]):
        state = images.fit(raw, SimpleNamespace(**SETTINGS, range=wanted))
        tops[str(wanted)] = images.encode(raw, state)["image"].max(axis=(1, 2, 3)).tolist()
    assert tops == {"data": [62, 249], "file": [255, 255], "[0, 2000]": [128, 255]}
    with pytest.raises(UserError, match="lower one"):
        fit_range([(0, 1)], [5, 5])


def test_eight_bits_have_no_range_whatever_is_asked():
    raw = [Image.new("L", (4, 4), 9)]
    for wanted in ("data", "file", [0, 100]):
        assert "range" not in ImageFolder("unused").fit(
            raw, SimpleNamespace(size=4, channels=1, range=wanted)
        )


def test_a_deep_image_that_training_has_not_seen_takes_the_bits_that_it_uses():
    assert fit_square(decode_image(STORED["12 in 16"]), 64, 1).max() == 255
    assert settle_range(0, 1000) == [0, 1023]
    assert settle_range(-5, 1000) == [-5, 1000]


def test_pixels_that_are_no_numbers_are_refused():
    with pytest.raises(BrokenImageError, match="not numbers"):
        decode_image(store(np.where(RAMP > 0.5, np.nan, RAMP), np.float32))


def test_colours_that_are_all_transparent_are_refused():
    pixels = (255 * np.dstack([RAMP, 1 - RAMP, RAMP, 0 * RAMP])).astype(np.uint8)
    with pytest.raises(BrokenImageError, match="all of them transparent"):
        decode_image(to_bytes(Image.fromarray(pixels), "PNG"))


def make_deep_png(pixels):
    """PNG of 16 bits a channel, (H, W, 3), which Pillow does not write."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", *pixels.shape[1::-1], 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_deep_colours_whose_shades_would_go_are_refused():
    ramp = np.dstack([RAMP] * 3)
    assert decode_image(make_deep_png(65535 * ramp)).mode == "RGB"
    dim = make_deep_png(4095 * ramp)
    with pytest.raises(BrokenImageError, match=r"16 of 256 shades .*data\.lenient=true"):
        decode_image(dim)
    assert decode_image(dim, Reading(lenient=True)).getextrema()[0] == (0, 15)


def lose(range_, images):
    """What is said of images when a range is applied to them."""
    kind = ImageFolder("unused")
    state = kind.fit(images, SimpleNamespace(**SETTINGS, range=range_))
    arrays = kind.encode(images, state)
    ids = [f"{number}" for number in range(len(images))]
    return find_lost_shades(images, pd.Series(ids), arrays["image"], state)


def test_a_picture_that_a_range_makes_flat_is_told_and_many_stop():
    deep = decode_image(STORED["12 in 16"])
    bright = decode_image(STORED["16 bits"])
    assert lose("data", [deep] * 3) == []
    assert "1 images, such as 3" in lose("data", [bright, bright, bright, deep])[0]
    with pytest.raises(UserError, match=r"preprocess\.range=file"):
        lose([0, 65535], [deep] * 3)


def make_frames(kind, count=3):
    frames = [
        Image.fromarray((RAMP * (80 * number + 40)).astype(np.uint8)) for number in range(count)
    ]
    return to_bytes(frames[0], kind, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP", "AVIF"])
def test_a_frame_of_several_is_chosen_by_the_config(kind):
    content = make_frames(kind)
    with pytest.raises(BrokenImageError, match=r"has 3 frames: .*data\.frame=0"):
        decode_image(content)
    tops = [np.asarray(decode_image(content, Reading(frame=f))).max() for f in (0, "middle", -1)]
    np.testing.assert_allclose(tops, [40, 120, 200], atol=6)
    with pytest.raises(BrokenImageError, match=r"data\.frame=3 is none of them"):
        decode_image(content, Reading(frame=3))


def test_a_smaller_copy_in_a_tiff_and_a_phones_second_picture_are_no_frames():
    grey = Image.fromarray((RAMP * 255).astype(np.uint8))
    reduced = ImageFileDirectory_v2()
    reduced[254] = 1
    small = grey.resize((8, 8))
    small.encoderinfo = {"tiffinfo": reduced}
    pyramid = to_bytes(grey, "TIFF", save_all=True, append_images=[small])
    assert decode_image(pyramid).size == (64, 64)
    phone = to_bytes(
        grey.convert("RGB"), "MPO", save_all=True, append_images=[small.convert("RGB")]
    )
    assert decode_image(phone).size == (64, 64)


def test_a_deep_image_is_looked_at_in_the_whole_of_its_range():
    seen = np.asarray(view(decode_image(STORED["10 in 16"])))
    assert (seen.min(), seen.max()) == (0, 255)
