"""Words in a table: which mean that nothing is known, and which are spellings of one word."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

import pandas as pd

from .table_settings import Fold

# Among numbers these mean "not known", whatever their case; elsewhere they may be words.
MISSING = frozenset(
    ["na", "n/a", "n.a.", "nan", "-nan", "null", "none", "nil", "<na>", "nat", "#n/a", "#na", "?"]
)
# What people write where a key is not known.
UNKNOWN = MISSING | {"-1", "-", "--", ".", "unknown", "missing", "not known", "9999", "-9999"}
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
MAX_NAMED = 3  # words in a sentence


def is_missing(word: str) -> bool:
    """Whether a word means "not known" where numbers are expected."""
    return word.casefold() in MISSING


def find_key(word: str) -> str:
    """What all spellings of a word share: the number's value, or letters without case and marks."""
    text = unicodedata.normalize("NFC", word.translate(INVISIBLE))
    text = " ".join(text.split()).casefold()
    is_exact = NUMBER.fullmatch(text) and sum(map(str.isdigit, text)) <= 15
    return repr(float(text)) if is_exact else text


def find_spellings(counts: "pd.Series[int]") -> list[dict[str, int]]:
    """Words that share a key: spelling -> how often, the most frequent first.

    Args:
        counts: Of each word, which is its index.
    """
    groups: dict[str, dict[str, int]] = {}
    for word, count in counts.items():
        groups.setdefault(find_key(str(word)), {})[str(word)] = int(count)
    several = [found for found in groups.values() if len(found) > 1]
    return [dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))) for found in several]


def fold(column: pd.Series, rule: Fold) -> pd.Series:
    """The column with each word as the rule spells it.

    Args:
        column: Texts.
        rule: A mapping of spellings, or whether all words of one key become the most frequent one.
    """
    spelt = spell(rule, column.value_counts())
    return column.map(lambda word: spelt.get(word, word)) if spelt else column


def spell(rule: Fold, counts: "pd.Series[int]") -> Mapping[str, str]:
    """Word -> its spelling by a rule as of `fold`; words that it leaves alone may be absent.

    Args:
        rule: As of `fold`.
        counts: Of each word, which is its index, the most frequent first.
    """
    if not isinstance(rule, bool):
        return rule
    found = find_spellings(counts) if rule else []
    return {word: next(iter(words)) for words in found for word in words}


def name_spellings(found: Iterable[Mapping[str, int]]) -> str:
    """`'No' (100 rows) and 'no' (150); 'Yes' …`, of the first words."""
    listed = list(found)
    told = [
        " and ".join(f"{show(word, words)} ({count})" for word, count in words.items())
        for words in listed[:MAX_NAMED]
    ]
    more = [f"{len(listed) - MAX_NAMED} more"] if len(listed) > MAX_NAMED else []
    return "; ".join([*told, *more])


def show(word: str, others: Iterable[str]) -> str:
    """A word in quotes, by its code points where another one looks the same."""
    looks = [unicodedata.normalize("NFKC", other.translate(INVISIBLE)) for other in others]
    return repr(word) if len(set(looks)) == len(looks) else ascii(word)
