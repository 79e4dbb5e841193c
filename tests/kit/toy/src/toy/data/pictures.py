"""Grey pictures in class folders."""

import numpy as np
import pandas as pd
from dlproof import KEYS, hash_if_readable
from dlproof.data import ImageKind, fit_square


class Pictures(ImageKind):
    """One folder a class."""

    def list_items(self):
        """Every picture below the root."""
        paths, *_ = self.list_files()
        columns = {
            "id": [path.relative_to(self.root).as_posix() for path in paths],
            "label": [path.parent.name for path in paths],
            "hash": [hash_if_readable(path) for path in paths],
            "source": [path.as_posix() for path in paths],
        }
        items = pd.DataFrame(columns | dict.fromkeys(KEYS, ""))
        return items.sort_values("id", ignore_index=True)

    def read(self, items):
        """The pictures."""
        return self.open([self.root / item for item in items["id"]])

    def fit(self, raw, preprocess):
        """Size, mean and deviation."""
        size = preprocess.size
        pixels = np.stack([fit_square(image, size, 1) / 255 for image in raw])
        mean, std = [float(pixels.mean())], [float(pixels.std())]
        shapes = {"image": [1, size, size]}
        return {"shapes": shapes, "size": size, "channels": 1, "mean": mean, "std": std}

    def encode(self, raw, state):
        """`image`, uint8 (N, 1, size, size)."""
        squares = [fit_square(image, state["size"], 1) for image in raw]
        return {"image": np.stack(squares).round().astype(np.uint8)}
