"""The confusion matrix as a picture, also of thousands of classes."""

from pathlib import Path

import numpy as np

from ..figure import figure, save

MAX_NAMES = 30  # classes whose names and counts stand in the picture
MAX_CELLS = 1000  # of a row of it


def draw_confusion(matrix: np.ndarray, classes: list[str], path: Path) -> None:
    """Rows are true classes, columns predicted ones; the colour is the share of the row.

    With more than `MAX_CELLS` classes, a cell covers several neighbours.
    """
    side = max(4.0, 0.45 * min(len(classes), MAX_NAMES) + 1.5)
    canvas, axis = figure((side, side))
    matrix, block = shrink(matrix, MAX_CELLS)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= MAX_NAMES:
        for row, column in zip(*np.nonzero(matrix), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, matrix[row, column], ha="center", va="center", color=colour)
        axis.set_xticks(range(len(classes)), classes, rotation=90)
        axis.set_yticks(range(len(classes)), classes)
    told = f", {block} classes per cell" if block > 1 else ""
    axis.set(xlabel=f"predicted{told}", ylabel=f"true{told}")
    save(canvas, path, dpi=110)


def shrink(matrix: np.ndarray, limit: int) -> tuple[np.ndarray, int]:
    """Counts of square blocks, so that at most `limit` rows are left, and a block's side."""
    block = -(-len(matrix) // limit)
    if block == 1:
        return matrix, 1
    starts = np.arange(0, len(matrix), block)
    rows = np.add.reduceat(matrix, starts, axis=0)
    return np.add.reduceat(rows, starts, axis=1), block
