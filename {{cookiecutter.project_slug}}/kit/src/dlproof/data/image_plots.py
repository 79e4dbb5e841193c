"""What images look like: measures and a sample sheet, drawn by `explore`."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from ..errors import UserError
from ..figure import figure, save
from ..files import atomic
from ..parallel import over
from .image_files import BrokenImageError, Reading, fit_square, open_image
from .image_range import view

MAX_CLASSES = 100  # rows of the sample sheet
MAX_NAMED = 20  # items listed in a report
TILE = 64  # pixels of one sample
SHEET_WIDTH = 10  # items beside each other on the sheet of a spot check


def measure_images(
    root: Path, items: pd.DataFrame, outlier_z: float, reading: Reading
) -> dict[str, Any]:
    """Modes, sizes, light and contrast of every file; the unreadable and the unusual by name."""
    paths = [root / item for item in items["id"]]
    parts = over(partial(measure_batch, reading=reading), paths, "measuring")
    found = list(zip(items["id"], chain.from_iterable(parts), strict=True))
    rows = [{"id": item, **measures} for item, measures in found if measures]
    broken = [item for item, measures in found if not measures]
    if not rows:
        raise UserError(f"{root} has no readable image (such as {broken[0]}): replace the files.")
    table = pd.DataFrame(rows, columns=["id", "mode", "width", "height", "brightness", "contrast"])
    scores = pd.concat([robust_z(table[name]) for name in ("brightness", "contrast")], axis=1)
    outliers = table.loc[(scores.abs() > outlier_z).any(axis=1), "id"].tolist()
    numbers = ("width", "height", "brightness", "contrast")
    return {
        "unreadable": {"count": len(broken), "items": broken},
        "modes": dict(Counter(table["mode"])),
        **{name: describe_numbers(table[name]) for name in numbers},
        "outliers": {"count": len(outliers), "items": outliers[:MAX_NAMED]},
        "measures": table.set_index("id")[list(numbers)],
        "groups": share_folders(items),
    }


def share_folders(items: pd.DataFrame) -> dict[str, float]:
    """`folder=north` -> share, below the classes or above: groups that a charter can name."""
    parents = pd.Series([PurePosixPath(item).parts[:-1] for item in items["id"]], dtype=object)
    names = parents.map(lambda parts: sorted({*parts})).explode()
    shares = names[~names.isin(items["label"])].value_counts() / len(items)
    return {
        f"folder={name}": round(float(share), 4) for name, share in shares[:MAX_CLASSES].items()
    }


def measure_batch(paths: Sequence[Path], reading: Reading) -> list[dict[str, Any] | None]:
    """As `measure_image`, of each file; None for one that cannot be read."""
    found: list[dict[str, Any] | None] = []
    for path in paths:
        try:
            found.append(measure_image(path, reading))
        except BrokenImageError:
            found.append(None)
    return found


def measure_image(path: Path, reading: Reading | None = None) -> dict[str, Any]:
    """Mode as stored, size after turning, and grey mean and deviation in [0, 1]."""
    image = open_image(path, reading)
    grey = np.asarray(view(image).convert("L")) / 255
    with Image.open(path) as stored:
        mode = stored.mode
    size = {"width": image.width, "height": image.height}
    return {"mode": mode, **size, "brightness": grey.mean(), "contrast": grey.std()}


def robust_z(values: pd.Series) -> pd.Series:
    """Deviations from the median in units of 1.4826 * MAD; 0 where the MAD is 0."""
    values = values.astype(float)
    centred = values - values.median()
    spread = 1.4826 * centred.abs().median()
    return centred / spread if spread > 0 else centred * 0.0


def describe_numbers(values: pd.Series) -> dict[str, float]:
    """Range and moments."""
    if values.empty:
        return {}
    spread = {name: float(getattr(values, name)()) for name in ("min", "median", "max", "mean")}
    spread["std"] = float(values.std(ddof=0))
    return {name: round(value, 4) for name, value in spread.items()}


def plot_samples(
    read: Callable[[pd.DataFrame], Any], items: pd.DataFrame, path: Path, count: int
) -> list[str]:
    """A row of evenly spaced samples for each class, as the model will see their proportions.

    Args:
        read: Items -> images.
        items: Readable ones.
        path: Of the picture.
        count: Samples of a class.

    Returns:
        The classes that are on the sheet.
    """
    labels = sorted(set(items["label"]) - {""})
    shown = labels[:MAX_CLASSES]
    sheet = np.full((len(shown) * TILE, count * TILE, 3), 255, np.uint8)
    for row, label in enumerate(shown):
        group = items[items["label"] == label]
        places = np.unique(np.linspace(0, len(group) - 1, count).astype(int))
        for column, image in enumerate(read(group.iloc[places])):
            tile = fit_square(view(image), TILE - 4, 3).transpose(1, 2, 0)
            top, left = row * TILE + 2, column * TILE + 2
            sheet[top : top + TILE - 4, left : left + TILE - 4] = tile
    size = (0.75 * count + 1, 0.75 * len(shown) + 0.4)
    canvas, axis = figure(size)
    axis.imshow(sheet)
    axis.set_yticks([(row + 0.5) * TILE for row in range(len(shown))], [n[:20] for n in shown])
    axis.tick_params(length=0)
    axis.set(xticks=[], frame_on=False)
    more = f" ({len(shown)} of {len(labels)} classes)" if len(shown) < len(labels) else ""
    canvas.suptitle(f"Samples of every class{more}", fontsize=10)
    save(canvas, path)
    return shown


def plot_sheet(images: Sequence[Image.Image], sheet: pd.DataFrame, path: Path) -> None:
    """A tile for each item of a spot check, its label above and its id below; suspects in red."""
    rows = -(-len(sheet) // SHEET_WIDTH)
    canvas, axes = figure((SHEET_WIDTH * 1.1, rows * 1.4), rows, SHEET_WIDTH, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, item, image in zip(axes.flat, sheet.itertuples(), images, strict=False):
        suspect = item.part == "suspect"
        title = f"{item.label}, or {item.suggested}?" if suspect else str(item.label)
        axis.imshow(fit_square(view(image), TILE, 3).transpose(1, 2, 0))
        axis.set_title(title, fontsize=8, color="#cc3311" if suspect else "black", pad=2)
        axis.text(0.5, -0.1, str(item.id)[-16:], fontsize=5, ha="center", transform=axis.transAxes)
    save(canvas, path)


def draw_tiles(images: np.ndarray, words: list[str], path: Path) -> None:
    """Images (N, C, H, W) as tiles, a word below each."""
    width, height = TILE * 3 // 2, TILE + 16
    rows = -(-len(images) // SHEET_WIDTH)
    sheet = Image.new("RGB", (width * SHEET_WIDTH, height * rows), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (image, word) in enumerate(zip(images, words, strict=True)):
        left, top = place % SHEET_WIDTH * width, place // SHEET_WIDTH * height
        pixels = np.broadcast_to(image.transpose(1, 2, 0), (*image.shape[1:], 3))
        tile = Image.fromarray(np.ascontiguousarray(pixels)).resize((TILE, TILE))
        sheet.paste(tile, (left, top))
        pen.text((left, top + TILE + 2), word[:16], fill="black")
    with atomic(path) as draft:
        sheet.save(draft, format="png")
