"""Raw data for the tests: `small_image.yaml` says how it is read and what runs on it."""

import numpy as np
from PIL import Image

PER_CLASS = 30


def make_raw(folder):
    """Three classes of grey stripes, 8x8, that a small network learns in seconds."""
    generator = np.random.default_rng(0)
    for number, name in enumerate(("down", "across", "plain")):
        (folder / "raw" / name).mkdir(parents=True)
        for index in range(PER_CLASS):
            pixels = generator.integers(0, 60, (8, 8))
            if number < 2:
                pixels[(slice(None), slice(index % 3, None, 3))[:: 1 - 2 * number]] += 180
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(folder / "raw" / name / f"{index:02d}.png")
