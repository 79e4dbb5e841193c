"""A column of texts as its different words and where each stands, so that a word is read once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Cells:
    """The cells of a column, or some of them.

    Attributes:
        words: Different texts, object (W,), in the order in which they first appear.
        codes: Position of each cell's text in `words`, -1 for none, (N,).
        rows: Number of each cell's row, (N,).
    """

    words: np.ndarray
    codes: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        """How many cells."""
        return len(self.codes)

    @property
    def counts(self) -> np.ndarray:
        """How often each word stands, (W,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))

    def count_words(self) -> "pd.Series[int]":
        """How often each word stands, the most frequent first, as `Series.value_counts` does."""
        counts = pd.Series(self.counts, index=pd.Index(self.words, dtype=object))
        return counts.sort_values(ascending=False, kind="stable")

    def find_row(self, word: str) -> int:
        """The row where a word stands first."""
        position = int((self.words == word).argmax())
        return int(self.rows[(self.codes == position).argmax()])

    def tell(self, words: Collection[str]) -> np.ndarray:
        """Which of the words are among some, bool (W,)."""
        chosen = set(words)
        return np.array([word in chosen for word in self.words], bool)

    def keep(self, kept: np.ndarray) -> "Cells":
        """The cells of some words.

        Args:
            kept: Of each word, bool (W,).
        """
        if kept.all():
            return self
        codes = (np.cumsum(kept) - 1).astype(self.codes.dtype)[self.codes]
        inside = kept[self.codes]
        return Cells(self.words[kept], codes[inside], self.rows[inside])

    def respell(self, texts: Sequence[str | None]) -> "Cells":
        """Every word as another text, or as none; those that become equal are one."""
        codes, words = pd.factorize(np.array([*texts, None], object)[:-1])
        return Cells(words, np.append(codes, -1)[self.codes], self.rows)

    def to_texts(self) -> Any:
        """The texts by row, an array of dtype str with NaN for none."""
        return pd.array(self.words, dtype="str").take(self.codes, allow_fill=True)


def split_words(column: pd.Series) -> Cells:
    """The cells of a column of texts without blanks around them.

    Args:
        column: Texts without a missing one; the index is the row number.
    """
    codes, words = pd.factorize(column)
    cells = Cells(np.asarray(words, object), codes.astype(np.int32), column.index.to_numpy())
    bare = words.str.strip().to_numpy(object)
    return cells if (bare == cells.words).all() else cells.respell(bare)
