"""Images in class folders: `data=digits`, or your own with `data=folder data.root=…`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import UserError
from ..files import hash_if_readable
from .image_expectations import find_unexpected, infer_expectations, read_expectations
from .image_files import (
    SUFFIXES,
    BrokenImageError,
    Images,
    class_of,
    compile_pattern,
    find_files,
    fit_square,
    open_image,
    write_digits,
)
from .image_personal import find_personal
from .image_requests import describe_images, receive_images, write_images
from .ingest import write_table
from .types import KEYS, Arrays, State, rules_of

if TYPE_CHECKING:
    from fastapi import Request

FEATURE_SIDE = 16  # pixels; classical models see larger images averaged down to this
REGION = 4  # features; regions of so many rows and columns are held to be of use together
WRITERS = {"digits": write_digits}


class ImageFolder:
    """One folder a class; the class is the first folder below the root, at any depth.

    Args:
        root: Folder that holds the class folders.
        embedded: Name of the embedded data to write where the root is missing or empty.
        expectations: File that `ingest` holds the images against.
        keys: `group`, `time` and `origin`: regular expressions that are searched in the path below
            the root; their first group is the item's value.

    Raises:
        UserError: A name or a pattern is wrong.
    """

    name = "image"

    def __init__(
        self,
        root: str,
        embedded: str | None = None,
        expectations: str | None = None,
        **keys: str | None,
    ) -> None:
        if embedded is not None and embedded not in WRITERS:
            raise UserError(f"data.embedded={embedded} is not one of {', '.join(WRITERS)}.")
        self.root = Path(root)
        self.embedded = embedded
        self.patterns = {key: compile_pattern(key, text) for key, text in keys.items() if text}

    def provide(self) -> None:
        """Writes the embedded images unless the root holds anything."""
        if self.embedded and not (self.root.is_dir() and any(find_files(self.root))):
            WRITERS[self.embedded](self.root)

    def list_items(self) -> pd.DataFrame:
        """Lists every file with an image's suffix; `attrs["ignored"]` counts the other files.

        Raises:
            UserError: The root is missing, or has no images in class folders.
        """
        if not self.root.is_dir():
            raise UserError(f"{self.root} is not a folder: set data.root to your class folders.")
        files = list(find_files(self.root))
        paths = [path for path in files if path.suffix.lower() in SUFFIXES]
        if not paths:
            found = Counter(path.suffix.lower() or "no suffix" for path in files)
            seen = ", ".join(suffix for suffix, _ in found.most_common(3)) or "nothing at all"
            raise UserError(
                f"{self.root} holds no images but {seen}: it needs one folder a class with files "
                f"in {', '.join(SUFFIXES)}."
            )
        items = pd.DataFrame(
            {
                "id": [path.relative_to(self.root).as_posix() for path in paths],
                "label": [class_of(path, self.root) for path in paths],
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
        items.attrs["ignored"] = len(files) - len(paths)
        return items.sort_values("id", ignore_index=True)

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

    def find_personal(self, items: pd.DataFrame) -> Iterator[tuple[str, str]]:
        """EXIF and texts beside the pixels, and files' names."""
        return find_personal(self.root, list(items["id"]))

    def expect(self, items: pd.DataFrame, path: Path) -> tuple[State, dict[str, str]]:
        """Mode, sides and size of every file whose header can be read."""
        rules = read_expectations(path)
        return rules, dict(find_unexpected(self.root, items["id"], rules))

    def draft_expectations(self) -> str:
        """Modes, sides and sizes, in YAML."""
        return infer_expectations(self.root / item for item in self.list_items()["id"])

    def find_problems(self, items: pd.DataFrame) -> dict[str, str]:
        """Decodes every file: truncated, foreign and oversized ones are problems."""
        problems = {}
        for item in items.itertuples():
            try:
                open_image(self.root / str(item.id))
            except BrokenImageError as error:
                problems[str(item.id)] = str(error)
        return problems

    def find_missing(self, items: pd.DataFrame) -> dict[str, str]:
        """Nothing: an image lacks no part that can be told."""
        return {}

    def find_near(self, items: pd.DataFrame, min_similarity: float) -> np.ndarray:
        """Resized, re-encoded or slightly brighter copies; the correlation of thumbnails."""
        from .image_near import find_near_images

        return find_near_images(self.read(items), min_similarity)

    def explore(self, items: pd.DataFrame, folder: Path, settings: Any) -> dict[str, Any]:
        """Sizes, modes, light and contrast; a sample sheet of every class."""
        from .image_plots import measure_images, plot_samples

        figures = measure_images(self.root, items, settings.outlier_z)
        readable = items[~items["id"].isin(figures["unreadable"]["items"])]
        sheet = folder / "explore_samples.png"
        shown = plot_samples(self.root, readable, sheet, settings.samples_per_class)
        return figures | {"sampled_classes": shown, "pictures": [sheet.name]}

    def write_sheet(self, sheet: pd.DataFrame, path: Path) -> list[str]:
        """The sheet, and a picture of its items."""
        from .image_plots import plot_sheet

        write_table(sheet, path)
        plot_sheet(self.root, sheet, path.with_suffix(".png"))
        return [path.name, path.with_suffix(".png").name]

    def draw_items(self, arrays: Arrays, words: list[str], path: Path) -> bool:
        """Tiles of the images as the model gets them."""
        from .image_plots import draw_tiles

        draw_tiles(arrays["image"], words, path)
        return True

    def read(self, items: pd.DataFrame) -> Images:
        """The images, decoded one by one as they are used."""
        return Images([self.root / item for item in items["id"]])

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

    def inputs(self, raw: Sequence[Image.Image], state: State) -> dict[str, tuple[Any, State]]:
        """The image: decoding and encoding it."""
        return {"image": (raw, state)}

    def features(self, arrays: Arrays, state: State) -> tuple[np.ndarray, list[str]]:
        """Grey pixels in [0, 1], averaged down to at most 16x16: float32 (N, side * side)."""
        grey = arrays["image"].mean(axis=1, dtype=np.float32) / 255
        block = -(-state["size"] // FEATURE_SIDE)
        side = state["size"] // block
        cut = grey[:, : side * block, : side * block]
        means = cut.reshape(len(grey), side, block, side, block).mean(axis=(2, 4))
        names = [
            f"region {row // REGION} {column // REGION}=grey {row} {column}"
            for row in range(side)
            for column in range(side)
        ]
        return means.reshape(len(grey), -1), names

    def summarise(self, arrays: Arrays, state: State) -> dict[str, np.ndarray]:
        """Brightness, contrast and sharpness (mean step between neighbours), in [0, 1]."""
        grey = arrays["image"].mean(axis=1, dtype=np.float32) / 255
        steps = np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))
        return {
            "brightness": grey.mean(axis=(1, 2)),
            "contrast": grey.std(axis=(1, 2)),
            "sharpness": steps,
        }

    def locate(self, place: str, state: State) -> tuple[Images, list[str]]:
        """One image, or all images below a folder."""
        path = Path(place)
        if not path.exists():
            raise UserError(f"{place} is not there: give an image or a folder of images.")
        paths = [path] if path.is_file() else list(find_files(path))
        paths = [found for found in paths if found.suffix.lower() in SUFFIXES]
        if not paths:
            raise UserError(f"{place} holds no images ({', '.join(SUFFIXES)}).")
        base = path.parent if path.is_file() else path
        names = [found.relative_to(base).as_posix() for found in paths]
        return Images(paths, rules_of(state)), names

    async def receive(self, request: "Request", state: State) -> list[Image.Image]:
        """Images of a form with `file` fields, or one image as the body."""
        return await receive_images(request, rules_of(state))

    def describe_request(self, state: State) -> dict[str, Any]:
        """One or more files in a form, or one image as the body."""
        return describe_images()

    def write_request(self, raw: Sequence[Image.Image]) -> dict[str, Any]:
        """The images as PNG files of a form."""
        return write_images(raw)
