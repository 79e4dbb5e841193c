"""Self-contained HTML pages; the templates are beside the code that fills them."""

import base64
import html
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from .files import atomic

LOOK = Path(__file__).with_name("look.html")  # which pages extend
INDEX = "index.html"
# What the index says of a page: what it is called, what is on it, when it was made.
HEAD = {
    "title": re.compile(r"<title>(.*?)</title>", re.DOTALL),
    "about": re.compile(r'<meta name="description" content="(.*?)">', re.DOTALL),
    "made": re.compile(r'<meta name="date" content="(.*?)">'),
}
HEAD_LENGTH = 2000  # characters in which all of it is
KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".svg": "svg+xml", ".webp": "webp"}


def fill_template(template: Path, path: Path, **values: Any) -> Path:
    """Fills a template, in which every text is escaped, and writes the page; returns its path.

    The index of the pages beside it is rewritten.
    """
    write(template, path, values)
    if path.name != INDEX:
        write_index(path.parent)
    return path


def write_index(folder: Path) -> Path:
    """Writes `index.html`: a link to every other page in a folder, and what it is."""
    pages = [path for path in sorted(folder.glob("*.html")) if path.name != INDEX]
    values = {"pages": {path.name: read_head(path) for path in pages}}
    return write(Path(__file__).with_name(INDEX), folder / INDEX, values)


def read_head(path: Path) -> dict[str, str]:
    """What a page says of itself; empty where it does not."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(HEAD_LENGTH)
    found = {name: pattern.search(text) for name, pattern in HEAD.items()}
    return {name: html.unescape(match[1]).strip() if match else "" for name, match in found.items()}


def write(template: Path, path: Path, values: dict[str, Any]) -> Path:
    """Fills a template and writes it; returns the page's path."""
    from jinja2 import Environment, FileSystemLoader  # a tenth of a second: `train` needs none

    environment = Environment(
        loader=FileSystemLoader([template.parent, LOOK.parent]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "code": mark_code,
        "embed": embed,
        "number": write_number,
        "slug": lambda text: re.sub(r"\W", "-", text),
    }
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    text = environment.get_template(template.name).render({"made": made, **values})
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return path


def embed(path: Path, largest: float = math.inf) -> str:
    """A picture as a data URI, so that the page is one file; a link if over `largest` bytes."""
    if path.suffix not in KINDS or path.stat().st_size > largest:
        return path.name
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:image/{KINDS[path.suffix]};base64,{content}"


def write_number(value: Any, nothing: str = "\N{EN DASH}") -> str:
    """`0.9889`, `1,437`, a dash for nothing; texts as they are."""
    if value is None:
        return nothing
    if isinstance(value, float):
        return f"{value:.4g}"
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if is_count else str(value)


def mark_code(text: str) -> Markup:
    """Text in which `this` is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
