"""What every kind of image brings: checks, search, pictures, features and requests."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import UserError
from ..files import hash_all, write_table
from ..parallel import over
from ..types import Arrays, State, rules_of
from .cifar import write_cifar10
from .image_classes import NESTED, join_spellings, refuse_splits
from .image_disturb import DISTURBANCES
from .image_expectations import find_unexpected, infer_expectations, read_expectations
from .image_files import (
    Images,
    Reading,
    compile_pattern,
    write_digits,
)
from .image_folders import find_files, is_image, walk
from .image_left_out import count_kinds, describe_left_out, refuse_lost
from .image_losses import find_faults, find_lost_shades, tell_partial
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
        ignore: Patterns of names, or of paths below the root, that are no data.
        layout: `class` or `split/class`: which folders below the root are the classes. None: the
            first ones, refused where they are called like splits.
        fold: `class` -> whether folders that differ in case or blanks alone are one class, or
            name -> class.
        frame: Of files with several frames: its number, or `middle`.
        lenient: Whether pictures are taken that their file holds in part only.
        keys: `group`, `time` and `origin`: regular expressions that are searched in the path below
            the root; their first group is the item's value.

    Raises:
        UserError: A name or a pattern is wrong.
    """

    name = "image"
    DISTURBANCES = DISTURBANCES

    def __init__(
        self,
        root: str,
        embedded: str | None = None,
        expectations: str | None = None,
        archive: str | None = None,
        md5: str | None = None,
        *,
        ignore: Sequence[str] = (),
        layout: str | None = None,
        fold: Mapping[str, Any] | None = None,
        frame: int | str | None = None,
        lenient: bool = False,
        **keys: str | None,
    ) -> None:
        if embedded is not None and embedded not in WRITERS:
            raise UserError(f"data.embedded={embedded} is not one of {', '.join(WRITERS)}.")
        self.root = Path(root)
        self.embedded = embedded
        self.source = {"archive": archive, "md5": md5} if archive else {}
        self.ignore, self.layout, self.fold = list(ignore), layout, dict(fold or {})
        self.reading = Reading(frame=frame, lenient=lenient)
        self.patterns = {key: compile_pattern(key, text) for key, text in keys.items() if text}

    def refuse_unusable(self, preprocess: Any) -> None:
        """Refuses nothing: images are usable or not one by one."""

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

    def list_files(self) -> tuple[list[Path], list[Path], list[str]]:
        """Every image, every other file, and a sentence on each thing that is left out.

        Raises:
            UserError: The root is missing or has no images, or a class would be lost.
        """
        if not self.root.is_dir():
            raise UserError(f"{self.root} is not a folder: set data.root to your class folders.")
        tree = walk(self.root, self.ignore)
        paths = [path for path in tree.files if is_image(path)]
        others = sorted(set(tree.files) - set(paths))
        if not paths:
            raise UserError(
                f"{self.root} has no images that Pillow can read (found: "
                f"{count_kinds(others) or 'nothing at all'}): it needs one folder of images per "
                "class."
            )
        refuse_lost(tree, paths, others, self.depth)
        return paths, others, describe_left_out(tree, others)

    @property
    def depth(self) -> int:
        """Folders between the root and those of the classes."""
        return int(self.layout == NESTED)

    def name_classes(self, labels: Sequence[str]) -> tuple[list[str], list[str]]:
        """Labels with one spelling a class, and a sentence for each spelling that is changed.

        Raises:
            UserError: They are called like splits, or differ in case or blanks alone, and the
                config does not say what is meant.
        """
        if self.layout is None:
            refuse_splits(self.root, labels)
        return join_spellings(labels, self.fold.get("class"))

    def hash_files(self, paths: Sequence[Path]) -> list[str]:
        """SHA-256 of every file, empty where it cannot be opened."""
        return [text for part in over(hash_all, paths, "hashing") for text in part]

    def open(self, paths: Sequence[Path]) -> Images:
        """Images that are decoded one by one as they are used; `clean` has looked for losses."""
        return Images(paths, replace(self.reading, lenient=True))

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
        return self.find_faults(items["id"], self.reading)

    def find_faults(self, ids: pd.Series, reading: Reading) -> dict[str, str]:
        """Id -> why a file cannot be used when it is read so."""
        look = partial(find_faults, reading=reading)
        parts = over(look, [self.root / item for item in ids], "decoding")
        faults = chain.from_iterable(parts)
        return {item: fault for item, fault in zip(ids, faults, strict=True) if fault}

    def find_lost(self, items: pd.DataFrame, arrays: Arrays, state: State) -> list[str]:
        """A sentence on images that are there in part, and on deep ones with few shades left."""
        partly: dict[str, str] = {}
        if self.reading.lenient:
            partly = self.find_faults(items["id"], replace(self.reading, lenient=False))
        shades = find_lost_shades(self.read(items), items["id"], arrays["image"], state)
        return tell_partial(partly, len(items)) + shades

    def find_missing(self, items: pd.DataFrame) -> dict[str, str]:
        """Nothing: whether an image lacks a part cannot be known."""
        return {}

    def find_near(self, items: pd.DataFrame, min_similarity: float) -> np.ndarray:
        """Resized, re-encoded or slightly brighter copies; the correlation of thumbnails."""
        from dlproof.data.image_near import find_near_images

        return find_near_images(self.read(items), min_similarity)

    def explore(self, items: pd.DataFrame, folder: Path, settings: Any) -> dict[str, Any]:
        """Sizes, modes, light and contrast; a sample sheet of every class."""
        from dlproof.data.image_plots import measure_images, plot_samples

        figures = measure_images(self.root, items, settings.outlier_z, self.reading)
        readable = items[~items["id"].isin(figures["unreadable"]["items"])]
        sheet = folder / "explore_samples.png"
        shown = plot_samples(self.read, readable, sheet, settings.samples_per_class)
        return figures | {"sampled_classes": shown, "pictures": [sheet.name]}

    def write_sheet(self, sheet: pd.DataFrame, path: Path) -> list[str]:
        """The sheet, and a picture of its items."""
        from dlproof.data.image_plots import plot_sheet

        write_table(sheet, path)
        plot_sheet(self.read(sheet), sheet, path.with_suffix(".png"))
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
            raise UserError(f"{place} does not exist: give an image or a folder of images.")
        paths = [path] if path.is_file() else walk(path, self.ignore).files
        images = [found for found in paths if is_image(found)]
        if not images:
            raise UserError(f"{place} has no images that Pillow can read.")
        if others := sorted(set(paths) - set(images)):
            print(f"warning: {len(others)} files are skipped: {count_kinds(others)}.")
        base = path.parent if path.is_file() else path
        names = [found.relative_to(base).as_posix() for found in images]
        return Images(images, replace(self.reading, rules=rules_of(state))), names

    async def receive(self, request: "Request", state: State) -> list[Image.Image]:
        """Images of a form with `file` fields, or one image as the body."""
        return await receive_images(request, replace(self.reading, rules=rules_of(state)))

    def describe_request(self, state: State) -> dict[str, Any]:
        """One or more files in a form, or one image as the body."""
        return describe_images()

    def write_request(self, raw: Sequence[Image.Image]) -> dict[str, Any]:
        """The images as PNG files of a form."""
        return write_images(raw)
