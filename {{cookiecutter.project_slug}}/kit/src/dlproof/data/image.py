"""What every kind of image brings: checks, search, pictures, features and requests."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import UserError
from ..files import write_table
from ..types import Arrays, State, rules_of
from .cifar import write_cifar10
from .image_expectations import find_unexpected, infer_expectations, read_expectations
from .image_files import (
    SUFFIXES,
    BrokenImageError,
    Images,
    compile_pattern,
    find_files,
    open_image,
    write_digits,
)
from .image_personal import find_personal
from .image_requests import describe_images, receive_images, write_images

if TYPE_CHECKING:
    from fastapi import Request

FEATURE_SIDE = 16  # pixels; classical models see larger images averaged down to this
REGION = 4  # features; regions of so many rows and columns are held to be of use together
WRITERS: dict[str, Callable[..., None]] = {"digits": write_digits, "cifar10": write_cifar10}


class ImageKind:
    """Images below a folder; a project says which they are, how one is read, fitted and encoded.

    Its class has `list_items`, `read`, `fit` and `encode`, as `dlproof.data.DataType` describes
    them.

    Args:
        root: Folder that holds the images.
        embedded: Name of the embedded data to write where the root is missing or empty.
        expectations: File that `ingest` holds the images against.
        archive: What `embedded` unpacks, where that is no part of a package.
        md5: Of the archive's bytes.
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
        archive: str | None = None,
        md5: str | None = None,
        **keys: str | None,
    ) -> None:
        if embedded is not None and embedded not in WRITERS:
            raise UserError(f"data.embedded={embedded} is not one of {', '.join(WRITERS)}.")
        self.root = Path(root)
        self.embedded = embedded
        self.source = {"archive": archive, "md5": md5} if archive else {}
        self.patterns = {key: compile_pattern(key, text) for key, text in keys.items() if text}

    def list_items(self) -> pd.DataFrame:
        """The project's: all raw items, as `dlproof.data.DataType` says."""
        raise NotImplementedError

    def read(self, items: pd.DataFrame) -> Any:
        """The project's: the images, decoded one by one as they are used."""
        raise NotImplementedError

    def provide(self) -> None:
        """Writes the embedded images unless the root holds anything."""
        if self.embedded and not (self.root.is_dir() and any(find_files(self.root))):
            WRITERS[self.embedded](self.root, **self.source)

    def list_files(self) -> tuple[list[Path], int]:
        """Every file with an image's suffix, and how many others there are.

        Raises:
            UserError: The root is missing, or has no images.
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
        return paths, len(files) - len(paths)

    def open(self, paths: Sequence[Path]) -> Images:
        """Images that are decoded one by one as they are used."""
        return Images(paths)

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
        from dlproof.data.image_near import find_near_images

        return find_near_images(self.read(items), min_similarity)

    def explore(self, items: pd.DataFrame, folder: Path, settings: Any) -> dict[str, Any]:
        """Sizes, modes, light and contrast; a sample sheet of every class."""
        from dlproof.data.image_plots import measure_images, plot_samples

        figures = measure_images(self.root, items, settings.outlier_z)
        readable = items[~items["id"].isin(figures["unreadable"]["items"])]
        sheet = folder / "explore_samples.png"
        shown = plot_samples(self.root, readable, sheet, settings.samples_per_class)
        return figures | {"sampled_classes": shown, "pictures": [sheet.name]}

    def write_sheet(self, sheet: pd.DataFrame, path: Path) -> list[str]:
        """The sheet, and a picture of its items."""
        from dlproof.data.image_plots import plot_sheet

        write_table(sheet, path)
        plot_sheet(self.root, sheet, path.with_suffix(".png"))
        return [path.name, path.with_suffix(".png").name]

    def draw_items(self, arrays: Arrays, words: list[str], path: Path) -> bool:
        """Tiles of the images as the model gets them."""
        from dlproof.data.image_plots import draw_tiles

        draw_tiles(arrays["image"], words, path)
        return True

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

    def find_unknown(self, raw: Images, state: State) -> list[dict[str, str]]:
        """Nothing: every image that decodes can be used."""
        return [{} for _ in range(len(raw))]

    def locate(
        self, place: str, state: State, absent: Collection[str] = ()
    ) -> tuple[Images, list[str]]:
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
