"""JPEG files that decode though a part is gone are refused; whole ones never are."""

import io
import itertools

import numpy as np
import pytest
from dlproof.data.image_files import BrokenImageError, Reading, decode_image
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

ENCODINGS = (
    {},
    {"optimize": True},
    {"progressive": True},
    {"quality": 15, "subsampling": 2},
    {"quality": 100, "subsampling": 0},
    {"restart_marker_blocks": 2},
    {"restart_marker_rows": 1, "progressive": True},
)


@pytest.fixture
def package():
    return "own"


def encode(pixels, mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", **options)
    return stream.getvalue()


def draw(kind, height, width, seed=0):
    """Noise, one colour, the grey that missing parts have, a ramp, or noise above black."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == "noise above black":
        pixels[height // 2 :] = 0
    elif kind == "ramp":
        pixels[:] = np.linspace(0, 255, width)[None, :, None]
    elif kind != "noise":
        pixels[:] = 128 if kind == "grey" else seed % 256
    return pixels


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["noise", "colour", "grey", "ramp", "noise above black"]),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["L", "RGB", "CMYK"]),
    st.integers(0, 1000),
)
def test_whole_files_are_taken(kind, height, width, options, mode, seed):
    decode_image(encode(draw(kind, height, width, seed), mode, **options))


def damage(content, how):
    half = len(content) // 2
    return {
        "cut": content[:half],
        "end mark": content[:half] + b"\xff\xd9",
        "zeros": content[:half] + bytes(len(content) - half),
        "zeros and end mark": content[:half] + bytes(len(content) - half - 2) + b"\xff\xd9",
        "other bytes": content[:half] + bytes(range(100, 140)) + content[half + 40 :],
        "last tenth": content[: len(content) * 9 // 10] + b"\xff\xd9",
    }[how]


HOW = ("cut", "end mark", "zeros", "zeros and end mark", "other bytes", "last tenth")


@pytest.mark.parametrize(
    ("how", "options"),
    [
        pair
        for pair in itertools.product(HOW, ({}, {"optimize": True}, {"progressive": True}))
        # Of a progressive file changed bytes are not told: its other scans hide them.
        if not (pair[0] == "other bytes" and pair[1].get("progressive"))
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_a_part_that_is_gone_is_told(how, options, seed):
    content = damage(encode(draw("noise", 96, 96, seed), **options), how)
    with pytest.raises(BrokenImageError, match=r"damaged|ends early|more bytes"):
        decode_image(content)


def test_a_damaged_picture_is_taken_where_the_config_says_so():
    content = damage(encode(draw("noise", 96, 96)), "end mark")
    with pytest.raises(BrokenImageError, match=r"data\.lenient=true"):
        decode_image(content)
    assert decode_image(content, Reading(lenient=True)).size == (96, 96)


def test_damaged_pictures_that_are_taken_are_counted_and_named(project, run, tmp_path):
    folder = tmp_path / "own"
    for number in range(40):
        path = folder / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(draw("noise", 40, 40, number)))
    half = damage(encode(draw("noise", 96, 96)), "end mark")
    (folder / "a" / "half.jpg").write_bytes(half)
    for command in ("ingest", "clean", "split", "preprocess"):
        report = run(command, f"data.root='{folder}'", "data.lenient=true", "clean.duplicates=keep")
    (told,) = report.figures["warnings"]
    assert told.startswith("1 of 41 images are taken though there is only a part of each")
    assert "a/half.jpg ends early" in told


def test_what_cameras_append_behind_the_end_is_no_damage():
    decode_image(encode(draw("noise", 64, 64)) + b"SEFT" + bytes(500))
