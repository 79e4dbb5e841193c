"""Images as a bad camera or a slip would make them: noise, blur, turns, light, and nothing at all.

As in ImageNet-C (Hendrycks & Dietterich 2019), but on the arrays that the network gets, and with
strengths that mean the same at every size. What comes into the picture repeats its edge.
"""

import numpy as np

from ..types import Arrays, Disturbance, State

WHITE = 255.0


def add_noise(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """Gaussian noise on every pixel; the strength is its deviation, as a share of white."""
    image = arrays["image"]
    noise = draws.standard_normal(image.shape, np.float32)
    return {"image": to_pixels(image + WHITE * strength * noise)}


def blur(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """A Gaussian blur; the strength is its deviation, as a share of the side."""
    from scipy.ndimage import gaussian_filter

    image = arrays["image"].astype(np.float32)
    deviation = strength * image.shape[-1]
    return {"image": to_pixels(gaussian_filter(image, deviation, mode="nearest", axes=(2, 3)))}


def turn(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """Turned by so many degrees, each image to the left or to the right."""
    from scipy.ndimage import rotate

    image = arrays["image"].astype(np.float32)
    sides = draws.choice([-1, 1], size=len(image))
    for side in np.unique(sides):
        turned = rotate(
            *(image[sides == side], side * strength),
            axes=(3, 2),
            reshape=False,
            order=1,
            mode="nearest",
        )
        image[sides == side] = turned
    return {"image": to_pixels(image)}


def shift(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """Moved by this share of the side, each image up, down, left or right."""
    image = arrays["image"].copy()
    size, ways = image.shape[-1], draws.integers(4, size=len(image))
    for way, (axis, sign) in enumerate(((1, -1), (1, 1), (2, -1), (2, 1))):
        places = np.clip(np.arange(size) + sign * round(strength * size), 0, size - 1)
        image[ways == way] = image[ways == way].take(places, axis=axis + 1)
    return {"image": image}


def brighten(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """Every pixel times the strength: darker below 1, overexposed far above."""
    return {"image": to_pixels(arrays["image"] * np.float32(strength))}


def contrast(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """The distance of every pixel to its image's mean, times the strength."""
    image = arrays["image"]
    mean = image.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float32)
    return {"image": to_pixels(mean + np.float32(strength) * (image - mean))}


def blank(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """One grey all over: 0 is black, 1 is white."""
    return {"image": np.full_like(arrays["image"], round(WHITE * strength))}


def scramble(arrays: Arrays, state: State, strength: float, draws: np.random.Generator) -> Arrays:
    """Pixels drawn at random, from black to this share of white."""
    image = arrays["image"]
    return {"image": to_pixels(WHITE * strength * draws.random(image.shape, np.float32))}


def to_pixels(values: np.ndarray) -> np.ndarray:
    """uint8, what is too dark or too bright cut off."""
    return np.rint(values).clip(0, WHITE).astype(np.uint8)


# Kind, as configs name it -> what it does.
DISTURBANCES = {
    "noise": Disturbance(add_noise, "noise of {:g}"),
    "blur": Disturbance(blur, "a blur of {:g} of the side"),
    "rotate": Disturbance(turn, "a turn by {:g} degrees"),
    "shift": Disturbance(shift, "a shift by {:g} of the side"),
    "brightness": Disturbance(brighten, "{:g} times the brightness"),
    "contrast": Disturbance(contrast, "{:g} times the contrast"),
    "blank": Disturbance(blank, "a blank image of grey {:g}", hides=True),
    "random": Disturbance(scramble, "random pixels up to {:g} of white", hides=True),
}
