"""Pictures: a figure that needs no screen, and a file that is either whole or not there."""

from pathlib import Path
from typing import Any

from .files import atomic

MAX_AREA = 2000.0  # square inches, 24 million pixels: whatever is drawn, memory is bounded


def figure(size: tuple[float, float], rows: int = 1, columns: int = 1, **options: Any) -> Any:
    """A figure of so many inches and its axes, one or an array of them; a huge one is shrunk.

    matplotlib is imported here, and told that nobody watches.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    share = min(1.0, (MAX_AREA / (size[0] * size[1])) ** 0.5)
    size = (share * size[0], share * size[1])
    return pyplot.subplots(rows, columns, figsize=size, layout="constrained", **options)


def save(canvas: Any, path: Path, dpi: int = 110) -> None:
    """Writes a figure as PNG and frees it."""
    from matplotlib import pyplot

    with atomic(path) as draft:
        canvas.savefig(draft, dpi=dpi, format="png")
    pyplot.close(canvas)
