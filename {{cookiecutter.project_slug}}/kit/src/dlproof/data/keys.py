"""Keys of groups, such as patients: which spellings are one key, and which may be."""

import re
import unicodedata
from collections import defaultdict

import pandas as pd

MAX_TOLD = 3  # keys in a sentence
NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d*?)0*)?")  # a plain one; 2E5 is a text


def unify_keys(keys: pd.Series, fold: bool = False) -> pd.Series:
    """The keys with one spelling each: 17, 17.0 and 017 are one number, blanks around count not.

    Args:
        keys: As in the raw data; empty if there is none.
        fold: Whether keys that differ by case, blanks, marks or leading zeros are one too.
    """
    rule = fold_key if fold else read_key
    spelt: dict[str, str] = {"": ""}  # what a key says -> its first spelling
    known = {key: spelt.setdefault(rule(key), key.strip()) for key in keys.unique()}
    return keys.map(known)


def read_key(key: str) -> str:
    """A plain number without what does not change it, or the text without blanks around it."""
    text = unicodedata.normalize("NFC", key.strip())
    found = NUMBER.fullmatch(text)
    if not found:
        return text
    sign, whole, rest = found.groups()
    return f"{sign.strip('+')}{whole}" + (f".{rest}" if rest else "")


def fold_key(key: str) -> str:
    """A key without case, blanks, marks and leading zeros; a sign or a point in a number stays."""
    exact = read_key(key)
    if NUMBER.fullmatch(exact):
        return exact
    text = unicodedata.normalize("NFKC", exact).casefold()
    bare = "".join(mark for mark in text if mark.isalnum())
    return re.sub(r"(?<!\d)0+(?=\d)", "", bare) or exact


def tell_keys(before: pd.Series, after: pd.Series) -> list[str]:
    """Sentences on keys that were merged, and on those that may be the same.

    Args:
        before: As they came.
        after: As `unify_keys` gives them.
    """
    spellings = pd.DataFrame({"now": after, "was": before}).drop_duplicates()
    joined = spellings.groupby("now")["was"].agg(list)
    warnings = []
    several = [names for names in joined if len(names) > 1]
    if several:
        warnings.append(
            f"{len(several)} groups are spelt in several ways and are one group each: "
            f"{list_examples(several)}."
        )
    folded: dict[str, list[str]] = defaultdict(list)
    for key in after.unique():
        folded[fold_key(key)].append(key)
    alike = [names for names in folded.values() if len(names) > 1]
    if alike:
        warnings.append(
            f"{len(alike)} groups look alike, and may be divided between splits: "
            f"{list_examples(alike)}. If they are the same, set clean.group_keys=fold."
        )
    return warnings


def list_examples(spellings: list[list[str]]) -> str:
    """`17 = 17.0 = 017, P1 = p1 and 4 more`."""
    shown = [" = ".join(repr(key) for key in names[:4]) for names in spellings[:MAX_TOLD]]
    more = f" and {len(spellings) - MAX_TOLD} more" if len(spellings) > MAX_TOLD else ""
    return ", ".join(shown) + more
