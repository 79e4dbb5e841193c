"""Numbers as people write them: with units, signs of currency, commas and blanks."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

LARGEST = float(np.finfo(np.float32).max)  # arrays hold no larger number
LARGEST_WHOLE = 2**53  # beyond it, float64 takes different whole numbers for one
AFFIXED = re.compile(
    r"(?P<before>(?:[$€£¥₹₩₽<>≤≥~≈=]|USD|EUR|GBP|CHF|JPY|INR|CNY|R\$)*)\s*"
    r"(?P<core>[+-]?\d(?:[\d.,'\u2019_\s]*\d)?(?:[eE][+-]?\d+)?)\s*"
    r"(?P<after>%|‰|(?:[$€£¥₹₩₽]|°?[A-Za-zµμ²³/]{1,8}\.?)?)"
)
MAX_AFFIXES = 3  # different ones; more are parts of names
BLANK = r"[ \u00a0\u2009\u202f]"
# How thousands and decimals may be marked -> how such a number looks as a whole.
MARKS: tuple[tuple[dict[str, str], str], ...] = (
    ({}, r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"),
    ({"decimal": ","}, r"[+-]?\d+(?:,\d+)?"),
    ({"thousands": ","}, r"[+-]?\d{1,3}(?:,\d{3})*(?:\.\d+)?"),
    ({"thousands": ".", "decimal": ","}, r"[+-]?\d{1,3}(?:\.\d{3})*(?:,\d+)?"),
    ({"thousands": " "}, rf"[+-]?\d\d?\d?(?:{BLANK}\d\d\d)*(?:\.\d+)?"),
    ({"thousands": " ", "decimal": ","}, rf"[+-]?\d\d?\d?(?:{BLANK}\d\d\d)*(?:,\d+)?"),
    ({"thousands": "'"}, r"[+-]?\d{1,3}(?:['\u2019]\d{3})*(?:\.\d+)?"),
    ({"thousands": "_"}, r"[+-]?\d{1,3}(?:_\d{3})*(?:\.\d+)?"),
)


def read_numbers(cells: pd.Series, how: dict[str, Any]) -> pd.Series:
    """Texts as float64, NaN where one is not a number.

    Args:
        cells: Texts, or numbers as they are.
        how: `decimal` and `thousands`, the marks; `strip`, what stands before or behind a number.
    """
    if how and not pd.api.types.is_numeric_dtype(cells):
        cells = cells.astype(str).str.strip()
        for mark in how.get("strip", ()):
            cells = cells.str.removeprefix(mark).str.removesuffix(mark).str.strip()
        if thousands := how.get("thousands"):
            pattern = {" ": BLANK, "'": "['\u2019]"}.get(thousands, re.escape(thousands))
            cells = cells.str.replace(pattern, "", regex=True)
        if decimal := how.get("decimal"):
            cells = cells.str.replace(decimal, ".", regex=False)
    return pd.to_numeric(cells, errors="coerce").astype("float64")


def find_writings(words: Sequence[str]) -> list[dict[str, Any]]:
    """Every `how` under which all words are numbers; empty if they are not numbers.

    Args:
        words: Distinct cells of a column, some of which are not plain numbers.
    """
    found = [AFFIXED.fullmatch(word.strip()) for word in words]
    if not words or None in found:
        return []
    matches = [match for match in found if match is not None]
    affixes = {match[part] for match in matches for part in ("before", "after")} - {""}
    if len(affixes) > MAX_AFFIXES:
        return []
    strip = {"strip": sorted(affixes)} if affixes else {}
    cores = [match["core"] for match in matches]
    fitting = [marks for marks, look in MARKS if all(re.fullmatch(look, core) for core in cores)]
    if fitting[:1] == [{}]:
        return [strip] if strip else []
    cells = pd.Series(list(words), dtype=object)
    readings = {
        tuple(read_numbers(cells, how)): how for how in reversed([m | strip for m in fitting])
    }
    return list(readings.values())[::-1]  # one each of those that give the same numbers


def has_many_units(how: dict[str, Any], words: Sequence[str]) -> bool:
    """Whether numbers have several units, which no stripping makes one."""
    units = {match["after"] for word in words if (match := AFFIXED.fullmatch(word.strip()))}
    return len(units - {""}) > 1


def find_codes(words: Sequence[str], name: str) -> str:
    """Why cells that read as numbers are codes; empty where they are numbers.

    Args:
        words: Different cells, all of which read as numbers.
        name: The column's.
    """
    if re.search(r"(?:^|[\W_])(?:zip|plz|post(?:al)?_?code)(?:$|[\W_])", name, re.IGNORECASE):
        return "is named like a postal code"
    text = "\n".join(words)
    if found := re.search(r"^[+-]?0\d+$", text, re.MULTILINE):
        return f"has cells such as {found[0]!r} that begin with 0"
    found = re.search(r"^\d+E\d+$", text, re.MULTILINE)
    if found and "." not in text:
        return f"has cells such as {found[0]!r}, which may be a code or a power of ten"
    return ""


def is_beyond_float(words: Sequence[str]) -> bool:
    """Whether whole numbers are so large that float64 takes different ones for one."""
    long = re.findall(r"^[+-]?\d{16,}$", "\n".join(words), re.MULTILINE)
    return any(abs(int(word)) > LARGEST_WHOLE for word in long)


def find_count(values: np.ndarray) -> str:
    """Why a column of numbers is only a row's index; empty if it measures something.

    Args:
        values: Known ones, in the order of the rows.
    """
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return "has a different number in every row, in order"
    if not np.array_equal(values, np.floor(values)):
        return ""
    different = len(np.unique(values))
    if max((steps == 1).mean(), (steps == -1).mean()) >= 0.9 and 3 * different >= len(values):
        return "counts the rows"
    if different == len(values) and np.ptp(values) < 2 * len(values):
        return "has a different whole number in every row, with hardly any gaps"
    return ""


def mixes_epochs(numbers: np.ndarray) -> bool:
    """Whether times as seconds and as milliseconds since 1970 stand in one column."""
    values = np.abs(numbers)
    seconds, milliseconds = ((low < values) & (values < 10 * low) for low in (3e8, 3e11))
    return bool(seconds.any() and milliseconds.any() and (seconds | milliseconds).all())
