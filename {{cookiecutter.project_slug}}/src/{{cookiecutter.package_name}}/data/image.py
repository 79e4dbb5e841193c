"""Images in class folders: `data=digits`, or your own with `data=folder data.root=…`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dlproof import KEYS, Arrays, State, UserError, over
from dlproof.data import ImageKind, fit_range, fit_square, survey
from PIL import Image


class ImageFolder(ImageKind):
    """One folder per class: the first folder below the root, with images at any depth.

    With `data.layout=split/class` it is the second, below train, validation and test.
    """

    def list_items(self) -> pd.DataFrame:
        """Lists every image; `attrs` has the number of other files and what was left out.

        Raises:
            UserError: The root is missing or has no images in class folders, or its folders do not
                make clear what the classes are.
        """
        paths, others, warnings = self.list_files()
        labels, merged = self.name_classes([self.find_class(path) for path in paths])
        items = pd.DataFrame(
            {
                "id": [path.relative_to(self.root).as_posix() for path in paths],
                "label": labels,
                "hash": self.hash_files(paths),
                "source": [path.as_posix() for path in paths],
            }
        )
        for key in KEYS:
            items[key] = [self.find_key(key, str(item)) for item in items["id"]]
        if not items["label"].any():
            raise UserError(
                f"{self.root} has images but no class folders: make one for each class."
            )
        items.attrs |= {"ignored": len(others), "warnings": warnings + merged}
        return items.sort_values("id", ignore_index=True)

    def find_class(self, path: Path) -> str:
        """The name of its class folder; empty for an image outside any."""
        parts = path.relative_to(self.root).parts
        return parts[self.depth] if len(parts) > self.depth + 1 else ""

    def find_key(self, key: str, item: str) -> str:
        """What the declared pattern finds in a path; empty without a pattern.

        Raises:
            UserError: The pattern does not match.
        """
        if key not in self.patterns:
            return ""
        found = self.patterns[key].search(item)
        if found is None:
            pattern = self.patterns[key].pattern
            raise UserError(f"{self.root / item}: data.{key}={pattern} does not match this path.")
        return found[1]

    def read(self, items: pd.DataFrame) -> Sequence[Image.Image]:
        """The images, decoded one by one when they are used."""
        return self.open([self.root / item for item in items["id"]])

    def fit(self, raw: Sequence[Image.Image], preprocess: Any) -> State:
        """Shape, channels, range, and mean and deviation of each channel in [0, 1].

        Returns:
            `shapes`, `size` (pixels), `channels`, `mean` and `std` (lists, one value per channel),
            and where images are deeper than eight bits, `range`: the values that become black and
            white.
        """
        modes, ends = survey(raw)
        size, channels = preprocess.size, preprocess.channels
        if channels == "auto":
            channels = 3 if "RGB" in modes else 1
        shape = {"shapes": {"image": [channels, size, size]}, "size": size, "channels": channels}
        span = fit_range(ends, preprocess.range)
        state = shape | ({"range": span} if span else {})
        sums, squares = np.zeros(channels), np.zeros(channels)
        for part in over(partial(self.measure, state=state), raw, "measuring"):
            for mean, square in part:
                sums += mean
                squares += square
        mean = sums / len(raw)
        variance = np.maximum(squares / len(raw) - mean**2, 0)
        std = np.where(variance > 1e-8, np.sqrt(variance), 1.0)
        return state | {"mean": mean.round(6).tolist(), "std": std.round(6).tolist()}

    def measure(self, raw: Sequence[Image.Image], state: State) -> list[tuple[Any, Any]]:
        """For each image: the mean of every channel and of its square, with pixels in [0, 1]."""
        pixels = (image / 255.0 for image in self.encode(raw, state)["image"])
        return [(image.mean(axis=(1, 2)), (image**2).mean(axis=(1, 2))) for image in pixels]

    def encode(self, raw: Sequence[Image.Image], state: State) -> Arrays:
        """`image`: uint8 (N, channels, size, size)."""
        size, channels, span = state["size"], state["channels"], state.get("range")
        encoded = [fit_square(image, size, channels, span) for image in raw]
        shape = (len(encoded), channels, size, size)
        return {"image": np.stack(encoded) if encoded else np.zeros(shape, np.uint8)}
