"""What an image may be: modes, sides and size of the file; enforced at ingest and when serving."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import yaml
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import UserError
from ..markup import read_yaml
from ..parallel import over
from ..types import State

LEAST_KB = 100.0  # a limit below this bounds nothing that matters


class Expectations(BaseModel):
    """The file that `data.expectations` names; refuses unknown keys.

    Attributes:
        modes: Of Pillow, as the file stores its pixels, such as L (grey), RGB, RGBA, P (palette).
        min_side: Pixels of the shorter side.
        max_side: Pixels of the longer side.
        max_kb: Size of the file.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    modes: Annotated[list[str], Field(min_length=1)]
    min_side: Annotated[int, Field(ge=1)]
    max_side: Annotated[int, Field(ge=1)]
    max_kb: Annotated[float, Field(gt=0)]


def read_expectations(path: Path) -> State:
    """The rules in a file, JSON-able.

    Raises:
        UserError: It says something else.
    """
    try:
        return Expectations.model_validate(read_yaml(path)).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{path}: {key}: {first['msg'].lower()}.") from error


def find_unexpected(root: Path, items: Iterable[str], rules: State) -> Iterator[tuple[str, str]]:
    """Id and reason of every image that breaks a rule; broken files are left to `clean`."""
    names = list(items)
    look = partial(find_breaches, rules=rules)
    found = over(look, [root / name for name in names], "reading headers")
    for item, breach in zip(names, chain.from_iterable(found), strict=True):
        if breach:
            yield item, breach


def find_breaches(paths: Sequence[Path], rules: State) -> list[str]:
    """Which rule each image breaks; empty for none, and for files that are not images."""
    found = []
    for path in paths:
        breach = ""
        with suppress(Exception), Image.open(path) as image:
            breach = find_breach(image, path.stat().st_size, rules)
        found.append(breach)
    return found


def find_breach(image: Image.Image, num_bytes: int, rules: State) -> str:
    """Which rule an image breaks, by its header only; empty if none."""
    if image.mode not in rules["modes"]:
        return f"has mode {image.mode}, not {' or '.join(rules['modes'])}"
    if min(image.size) < rules["min_side"] or max(image.size) > rules["max_side"]:
        sides = f"{rules['min_side']} to {rules['max_side']}"
        return f"has {image.width}x{image.height} pixels, not {sides} per side"
    if num_bytes > 1000 * rules["max_kb"]:
        return f"has {num_bytes / 1000:,.0f} kB, over {rules['max_kb']:g}"
    return ""


def infer_expectations(paths: Iterable[Path]) -> str:
    """A first draft: the modes and sizes that were seen, with room for half and double.

    Modes L and RGB come along where others were seen, and with deep ones I;16 and F: decoded
    images are sent on in these.
    """
    modes: set[str] = set()
    sides: list[int] = []
    most = 0
    for path in paths:
        with suppress(Exception), Image.open(path) as image:  # unreadable files are not examples
            deep = image.mode[0] in "IF"
            modes |= {image.mode, "L" if deep or image.mode in ("1", "L", "LA") else "RGB"}
            modes |= {"I;16", "F"} if deep else set()
            sides += image.size
            most = max(most, path.stat().st_size, 3 * image.width * image.height)
    if not sides:
        raise UserError("no image can be read, so no expectations can be drafted.")
    content = {
        "modes": sorted(modes),
        "min_side": max(1, min(sides) // 2),
        "max_side": 2 * max(sides),
        "max_kb": max(LEAST_KB, float(-(-4 * most // 1000))),
    }
    return "# What a valid image is; see data/image_expectations.py. Widen or narrow it.\n" + (
        yaml.safe_dump(content, sort_keys=False, default_flow_style=None)
    )
