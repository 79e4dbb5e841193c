"""The groups of the data phase: how items are read, split, encoded, changed and drawn."""

from typing import Annotated, Literal

from pydantic import Field

from .strict import Positive, Share, Strict

Word = str | int | float | bool  # a name or cell, as YAML may read it
Kind = Literal["number", "category", "ignore"]


class Number(Strict):
    """How numbers of a column are written: `1.234,50 €` has `.`, `,` and `[€]`."""

    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'", "_"] | None = None
    strip: list[str] = Field([])


Told = Kind | dict[Literal["number"], Number] | dict[Literal["date"], str]  # of a column


class Data(Strict):
    """Where raw data is; images have `root`, tables `path`, `target`, `id` and `drop`.

    An `archive` of the given `md5` is unpacked to `root`; `ignore`, `layout`, `fold`, `frame` and
    `lenient` say how folders and files of images are read. Of a table, `columns` says what its
    columns are where a guess would be wrong, `missing` which words mean that nothing is known,
    `fold` which spellings are one word.
    """

    name: str
    embedded: str | None
    expectations: str | None
    root: str | None = None
    archive: str | None = None
    md5: str | None = None
    path: str | None = None
    target: str | None = None
    id: str | None = None
    drop: list[str] = Field([])
    columns: (
        dict[Word, Kind | dict[Literal["number"], Number] | dict[Literal["date"], str]] | None
    ) = None
    missing: list[str] | dict[Word, list[str]] | None = None
    fold: dict[Word, bool | dict[Word, str]] | None = None
    group: str | None
    time: str | None
    origin: str | None
    ignore: list[str] = Field([])
    layout: Literal["class", "split/class"] | None = None
    frame: int | Literal["middle"] | None = None
    lenient: bool = False


class Split(Strict):
    """Shares of the splits; `predefined` has `path` instead, `kfold` folds of what is not test.

    `moved` says what becomes of tested items that groups join with others, `per_class` how many
    items every split gets of each class.
    """

    name: Literal["stratified", "random", "temporal", "predefined", "kfold"]
    train: Share | None = None
    validation: Share | None = None
    test: Share | None = None
    path: str | None = None
    folds: Annotated[int, Field(ge=2)] | None = None
    fold: Annotated[int, Field(ge=0)] | None = None
    moved: Literal["refuse", "allow"] = "refuse"
    per_class: Literal[0, 1] = 1


class Preprocess(Strict):
    """Shape and encoding of an item."""

    name: str
    size: Positive | None = None
    channels: Literal["auto", 1, 3] = "auto"
    range: Literal["data", "file"] | Annotated[list[float], Field(min_length=2, max_length=2)] = (
        "data"
    )
    impute: Literal["median", "mean"] = "median"
    max_categories: Positive | None = None


class Augmentation(Strict):
    """Ranges of the random changes of training items."""

    name: str
    crop: Share = 0.0
    resized_crop: Share = 0.0
    flip: bool = False
    flip_vertical: bool = False
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Share = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    saturation: Share = 0.0
    rand_augment: Annotated[int, Field(ge=0, le=30)] = 0
    erase: Share = 0.0
    mixup: Annotated[float, Field(ge=0)] = 0.0
    cutmix: Annotated[float, Field(ge=0)] = 0.0
    deviation: Annotated[float, Field(ge=0)] = 0.0


class Balance(Strict):
    """How rare classes are made to count."""

    name: str
    gamma: Annotated[float, Field(ge=0)] | None = None
    neighbours: Positive | None = None


class Loader(Strict):
    """How batches are read; from a stream with `url`, `cache_dir` and `max_cache_size`."""

    name: Literal["default", "stream"]
    batch_size: Positive
    num_workers: Literal["auto"] | Annotated[int, Field(ge=0)]
    pin_memory: Literal["auto"] | bool
    url: str | None = None
    cache_dir: str | None = None
    max_cache_size: str | None = None


class Executor(Strict):
    """Where work on single items runs: processes here, or a cluster at `address`."""

    name: Literal["local", "dask", "ray"]
    num_workers: Literal["auto"] | Positive = "auto"
    address: str | None = None
