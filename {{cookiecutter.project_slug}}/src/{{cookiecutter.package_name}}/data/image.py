"""Images in class folders: `data=digits`, or your own with `data=folder data.root=…`."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dlproof import KEYS, Arrays, State, UserError, hash_if_readable
from dlproof.data import ImageKind, fit_square
from PIL import Image


class ImageFolder(ImageKind):
    """One folder a class; the class is the first folder below the root, at any depth."""

    def list_items(self) -> pd.DataFrame:
        """Lists every file with an image's suffix; `attrs["ignored"]` counts the other files.

        Raises:
            UserError: The root is missing, or has no images in class folders.
        """
        paths, ignored = self.list_files()
        items = pd.DataFrame(
            {
                "id": [path.relative_to(self.root).as_posix() for path in paths],
                "label": [self.find_class(path) for path in paths],
                "hash": [hash_if_readable(path) for path in paths],
                "source": [path.as_posix() for path in paths],
            }
        )
        for key in KEYS:
            items[key] = [self.find_key(key, str(item)) for item in items["id"]]
        if not items["label"].any():
            raise UserError(
                f"{self.root} has images but no class folders: make one for each class."
            )
        items.attrs["ignored"] = ignored
        return items.sort_values("id", ignore_index=True)

    def find_class(self, path: Path) -> str:
        """The first folder below the root, however its accents are composed; else empty."""
        parts = path.relative_to(self.root).parts
        return unicodedata.normalize("NFC", parts[0]) if len(parts) > 1 else ""

    def find_key(self, key: str, item: str) -> str:
        """What a declared pattern finds in a path; empty without a pattern.

        Raises:
            UserError: The pattern finds nothing.
        """
        if key not in self.patterns:
            return ""
        found = self.patterns[key].search(item)
        if found is None:
            pattern = self.patterns[key].pattern
            raise UserError(f"{self.root / item}: data.{key}={pattern} finds nothing in its path.")
        return found[1]

    def read(self, items: pd.DataFrame) -> Sequence[Image.Image]:
        """The images, decoded one by one as they are used."""
        return self.open([self.root / item for item in items["id"]])

    def fit(self, raw: Sequence[Image.Image], preprocess: Any) -> State:
        """Shape, channels, and mean and deviation of each channel in [0, 1].

        Returns:
            `shapes`, `size` (pixels), `channels`, `mean` and `std` (lists, one value a channel).
        """
        size, channels = preprocess.size, preprocess.channels
        if channels == "auto":
            channels = 1 if all(image.mode == "L" for image in raw) else 3
        sums, squares = np.zeros(channels), np.zeros(channels)
        for image in raw:
            pixels = fit_square(image, size, channels) / 255.0
            sums += pixels.mean(axis=(1, 2))
            squares += (pixels**2).mean(axis=(1, 2))
        mean = sums / len(raw)
        variance = np.maximum(squares / len(raw) - mean**2, 0)
        std = np.where(variance > 1e-8, np.sqrt(variance), 1.0)
        return {
            "shapes": {"image": [channels, size, size]},
            "size": size,
            "channels": channels,
            "mean": mean.round(6).tolist(),
            "std": std.round(6).tolist(),
        }

    def encode(self, raw: Sequence[Image.Image], state: State) -> Arrays:
        """`image`: uint8 (N, channels, size, size)."""
        encoded = [fit_square(image, state["size"], state["channels"]) for image in raw]
        shape = (len(encoded), *state["shapes"]["image"])
        return {"image": np.stack(encoded) if encoded else np.zeros(shape, np.uint8)}
