"""Near duplicates of table rows: they differ only in case, spaces, rounding and a few cells.

datasketch's MinHash LSH weighs all cells alike, so common ones fill its buckets, and it keeps rows
in Python objects: at 10,000 rows it takes five times as long and finds nine copies of ten.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .near import BANDS, find_clusters

DIGITS = 4  # significant ones of a number that count
CELLS = 3  # drawn for a key, 21 bits each
CHANCE = 0.01  # other rows that a row may be expected to match by chance


def find_near_rows(table: pd.DataFrame, min_similarity: float) -> np.ndarray:
    """Number of the first row of each row's cluster, (N,).

    Two rows are near when the share of equal cells reaches `min_similarity` and what they share is
    rare enough to be no chance. Without the second, tables of few or coarse columns, where
    different people rightly have equal rows, would collapse into a few clusters: a cell that a
    share p of all rows has is worth -log2 p bits, and a pair needs log2(N / CHANCE) of them.
    """
    codes = np.stack([encode_column(table[name]) for name in table.columns], axis=1)
    return cluster_codes(codes, min_similarity)


def encode_column(column: pd.Series) -> np.ndarray:
    """A number for each different cell, int32 (N,); numbers are rounded, texts are folded."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(values))))
            rounded = np.rint(values * scale) / scale
        cells = pd.Series(np.where(np.isfinite(rounded), rounded, values))  # 0 stays 0
    else:
        spellings, values = pd.factorize(column)
        folded = [" ".join(str(value).casefold().split()) for value in values]
        cells = pd.Series(np.array([*folded, None], object)[spellings])  # -1, the last, is missing
    return pd.factorize(cells, use_na_sentinel=False)[0].astype(np.int32)


def cluster_codes(codes: np.ndarray, min_similarity: float) -> np.ndarray:
    """As `find_near_rows`, of cells as codes from 0, int32 (N, D)."""
    count, width = codes.shape
    bits = [np.log2(count / np.bincount(codes[:, column])) for column in range(width)]
    needed = np.log2(count / CHANCE)
    columns = np.ascontiguousarray(codes.T)
    telling = sorted(range(width), key=lambda column: -bits[column].mean())
    # As many as leave a share of equal cells that is large enough, in the arithmetic of the share.
    equal = np.arange(width + 1)
    most = width - int(equal[equal / width >= min_similarity].min(initial=width + 1))

    def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Whether pairs of rows are near; most pairs differ in the first columns looked at."""
        pairs, missed = np.arange(len(left)), np.zeros(len(left), np.int64)
        for column in telling:
            cells = columns[column]
            missed = missed + (cells[left[pairs]] != cells[right[pairs]])
            kept = missed <= most
            pairs, missed = pairs[kept], missed[kept]
        shared = np.zeros(len(pairs))
        for column in range(width):
            cells = columns[column][left[pairs]]
            same = cells == columns[column][right[pairs]]
            shared += same * bits[column][cells]
        near = np.zeros(len(left), bool)
        near[pairs[shared >= needed]] = True
        return near

    return find_clusters(count, make_keys(columns, bits), alike)


def make_keys(columns: np.ndarray, bits: list[np.ndarray]) -> Iterator[np.ndarray]:
    """One uint64 a row and band, of `CELLS` cells drawn by MinHash: alike rows draw the same.

    A token `column=value` wins with a chance in proportion to its bits, by an exponential race
    (Ertl, ProbMinHash, 2020, its simplest case), so that rare cells, which tell rows apart, count.

    Args:
        columns: Codes, int32 (D, N): a column at a time is gathered from.
        bits: What each code of each column is worth.
    """
    width, count = 64 // CELLS, columns.shape[1]
    starts = np.cumsum([0, *(len(worth) for worth in bits)])
    time, wins, rows = np.empty(count), np.empty(count, bool), np.arange(count)
    for band in range(BANDS):
        key = np.zeros(count, np.uint64)
        generator = np.random.default_rng(band)
        for _ in range(CELLS):
            best = np.full(count, np.inf)
            winner = np.zeros(count, np.int32)
            names = []
            for column, worth in enumerate(bits):
                race = generator.exponential(size=len(worth)) / np.maximum(worth, 1e-9)
                names.append(generator.integers(0, 2**width, len(worth), dtype=np.uint64))
                np.take(race, columns[column], out=time, mode="clip")
                np.less(time, best, out=wins)
                np.minimum(time, best, out=best)
                np.putmask(winner, wins, column)
            tokens = columns[winner, rows] + starts[winner]
            key = (key << np.uint64(width)) | np.concatenate(names)[tokens]
        yield key
