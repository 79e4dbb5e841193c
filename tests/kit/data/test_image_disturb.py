"""Each disturbance of images does what it says, alike for one seed, and leaves the given ones."""

import numpy as np
import pytest
from dlproof.data.image_disturb import DISTURBANCES

STRENGTHS = {
    "noise": 0.2,
    "blur": 0.1,
    "rotate": 30,
    "shift": 0.25,
    "brightness": 0.5,
    "contrast": 0.5,
    "blank": 0.4,
    "random": 1.0,
}


@pytest.fixture
def images():
    """Eight colour pictures, each with a bright box on a dark ground."""
    draws = np.random.default_rng(0)
    image = draws.integers(20, 60, (8, 3, 16, 16))
    image[:, :, 4:9, 5:11] = draws.integers(120, 180, (8, 3, 5, 6))
    return image.astype(np.uint8)


def disturb(images, kind, strength, seed=0):
    draws = np.random.default_rng(seed)
    return DISTURBANCES[kind].change({"image": images}, {}, strength, draws)["image"]


def test_each_is_tried():
    assert STRENGTHS.keys() == DISTURBANCES.keys()


@pytest.mark.parametrize("kind", STRENGTHS)
def test_shape_and_type_stay_and_one_seed_gives_one_result(images, kind):
    before = images.copy()
    first, again = (disturb(images, kind, STRENGTHS[kind]) for _ in range(2))
    assert (first.shape, first.dtype) == (images.shape, np.uint8)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(images, before)
    assert (first != images).any(axis=(1, 2, 3)).all()
    assert disturb(images[:1], kind, STRENGTHS[kind]).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("kind", ["noise", "rotate", "shift", "random"])
def test_another_seed_draws_otherwise(images, kind):
    results = [disturb(images, kind, STRENGTHS[kind], seed) for seed in range(2)]
    assert (results[0] != results[1]).any()


@pytest.mark.parametrize("strength", [0.05, 0.1])
def test_noise_has_the_deviation_that_was_asked_for(strength):
    grey = np.full((4, 1, 64, 64), 128, np.uint8)
    found = disturb(grey, "noise", strength).astype(float)
    assert found.std() == pytest.approx(255 * strength, rel=0.05)
    assert found.mean() == pytest.approx(128, abs=1)


def test_blur_flattens_and_keeps_the_mean(images):
    found = disturb(images, "blur", 0.1).astype(float)
    assert (found.std(axis=(2, 3)) < images.std(axis=(2, 3))).all()
    np.testing.assert_allclose(found.mean(axis=(2, 3)), images.mean(axis=(2, 3)), rtol=0.05)


def test_a_quarter_turn_is_one_to_either_side(images):
    found = disturb(images, "rotate", 90)
    sides = [np.rot90(images, times, axes=(2, 3)) for times in (1, 3)]
    hits = [(found == side).all(axis=(1, 2, 3)) for side in sides]
    assert (hits[0] ^ hits[1]).all()
    assert hits[0].any()
    assert hits[1].any()


def test_a_shift_moves_the_whole_image_one_way_and_repeats_its_edge(images):
    found = disturb(images, "shift", 0.25)
    for before, after in zip(images, found, strict=True):
        ways = {
            "up": np.array_equal(after[:, :-4], before[:, 4:]),
            "down": np.array_equal(after[:, 4:], before[:, :-4]),
            "left": np.array_equal(after[:, :, :-4], before[:, :, 4:]),
            "right": np.array_equal(after[:, :, 4:], before[:, :, :-4]),
        }
        assert sum(ways.values()) == 1
    assert not (found == 0).any()


def test_light_and_contrast_are_scaled(images):
    np.testing.assert_array_equal(disturb(images, "brightness", 0.5), np.rint(images * 0.5))
    assert disturb(images, "brightness", 20).min() == 255
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    found = disturb(images, "contrast", 0.25)
    np.testing.assert_allclose(found, mean + 0.25 * (images - mean), atol=0.51)


def test_what_hides_an_image_depends_on_nothing_in_it(images):
    for kind in ("blank", "random"):
        assert DISTURBANCES[kind].hides
        other = disturb(255 - images, kind, STRENGTHS[kind])
        np.testing.assert_array_equal(disturb(images, kind, STRENGTHS[kind]), other)
    assert set(np.unique(disturb(images, "blank", 1.0))) == {255}
    assert disturb(images, "random", 0.5).max() <= 128
