"""Dates and times as people write them: found, named by their format, converted on request."""

import warnings
from collections.abc import Sequence

import pandas as pd

ISO = "ISO8601"  # as pandas calls 2024-01-31, 2024-01-31T12:00 and the like
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAYS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%a %d %b %Y",
)  # fmt: skip
PARTS = ("%G-W%V", "%GW%V", "%G W%V", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%Y/%m")
FORMATS = (ISO, *(day + clock for day in DAYS for clock in CLOCKS), *PARTS)
COMPACT = "%Y%m%d"
MAX_TRIED = 200  # different cells that formats are tried on
MOSTLY = 0.5  # share of cells that look like dates, from which on a column holds dates
SECONDS_A_DAY = 86_400


def read_dates(cells: pd.Series, form: str) -> pd.Series:
    """Times of texts in UTC, NaT where one does not parse.

    Args:
        cells: Texts.
        form: `ISO8601`, or as `strptime` has it; `%G-W%V` stands for the Monday of a week.
    """
    if "%V" in form and "%u" not in form:
        form, cells = f"{form} %u", cells.where(cells.isna(), cells.astype(str) + " 1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pd.to_datetime(cells, errors="coerce", format=form, utc=True)


def count_days(times: pd.Series) -> pd.Series:
    """Days since 1970-01-01, with the time of day as a fraction; NaN where missing."""
    return (times - pd.Timestamp(0, tz="UTC")).dt.total_seconds() / SECONDS_A_DAY


def find_formats(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Formats that most words have, and the words that do not have the first of them.

    Args:
        words: Different cells of a column that are not plain numbers.

    Returns:
        Formats with the most dates, the likeliest first, where more than half are dates.
    """
    tried = pd.Series(list(words)[:MAX_TRIED], dtype=object)
    likely = tried.str.contains(r"\d") & tried.str.contains(r"[-/.,:W ]") & (tried.str.len() < 40)
    if likely.mean() <= MOSTLY:
        return [], []
    times = {form: read_dates(tried, form) for form in FORMATS}
    hits = {form: found.notna() for form, found in times.items()}
    most = max(int(found.sum()) for found in hits.values())
    if most == 0:
        return [], []
    different = {tuple(times[form]): form for form in reversed(FORMATS) if hits[form].sum() == most}
    best = list(different.values())[::-1]  # one each of those that give the same dates
    if most > MOSTLY * len(tried):
        return best, list(tried[~hits[best[0]]])
    any_date = pd.DataFrame(hits).any(axis=1)  # several forms in one column
    return (best, list(tried[~hits[best[0]]])) if any_date.mean() > MOSTLY else ([], [])


def is_compact(words: Sequence[str]) -> bool:
    """Whether whole numbers are dates such as 20240131, several of them."""
    if len(words) < 2 or not all(len(word) == 8 and word.isdecimal() for word in words):
        return False
    times = read_dates(pd.Series(list(words), dtype=object), COMPACT)
    return bool(times.notna().all() and times.dt.year.between(1900, 2100).all())
