"""Personal data in a table: columns by their names, cells by how they are written."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from .personal import find_kinds, is_card

MAX_CELLS = 10_000  # of a column that are looked at, evenly spread
MIN_SHARE = 0.8  # of a column of bare numbers that must be card numbers; by chance a tenth is
# Kind -> names of columns, in lower case with `_` between words.
COLUMNS = {
    "email": r"e_?mail(_.*)?",
    "phone": r"(.*_)?(tele)?phone(_.*)?|mobile|fax|tel",
    "ip": r"(.*_)?ip(_addr(ess)?)?",
    "name": r"((full|first|last|middle|given|family|user|patient|customer|client|person)_?)?name"
    r"|surname|forename|nachname|vorname",
    "birth": r"(.*_)?(dob|birth(_?(day|date))?|date_of_birth|birth_year)",
    "address": r"(.*_)?(address|street|post_?code|postal_code|zip(_?code)?)",
    "identity": r"(.*_)?(ssn|social_security(_.*)?|passport(_.*)?|national_id|tax_id)",
    "location": r"(.*_)?(latitude|longitude|gps)",
    "iban": r"(.*_)?iban",
    "card": r"(credit_|debit_)?card_number",
}


def draw_rows(count: int) -> np.ndarray:
    """Places of the rows that are looked at, of so many."""
    return np.unique(np.linspace(0, count - 1, MAX_CELLS).astype(int))


def find_personal(table: pd.DataFrame, rows: np.ndarray) -> Iterator[tuple[str, str]]:
    """Kind and place of each find in rows of texts, every column of the file in them.

    Args:
        table: Rows of the file.
        rows: Their places in it, as `draw_rows` gives them.
    """
    for name in table.columns:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z\d]+", "_", str(name)).lower().strip("_")
        yield from (
            (kind, f"column {name}")
            for kind, pattern in COLUMNS.items()
            if re.fullmatch(pattern, words)
        )
        yield from (
            (kind, f"column {name}, row {row + 1}") for kind, row in find_cells(table[name], rows)
        )


def find_cells(column: pd.Series, rows: np.ndarray) -> Iterator[tuple[str, int]]:
    """Kind and row of each cell that is written like personal data; plain numbers are measures."""
    known = (column.notna() & (column != "")).to_numpy()
    if pd.to_numeric(column[known], errors="coerce").notna().all():
        texts = column[known].tolist()
        if not re.search(r"^[2-6]\d{12,18}$", "\n".join(texts), re.MULTILINE):
            return
        cards = np.array([bool(re.fullmatch(r"[2-6]\d{12,18}", t)) and is_card(t) for t in texts])
        if cards.mean() >= MIN_SHARE:
            yield from (("card", int(row)) for row in rows[known][cards])
        return
    codes, words = pd.factorize(column[known])
    kinds = [tuple(find_kinds(word)) for word in words.tolist()]
    telling = np.array([bool(found) for found in kinds])[codes]
    for row, code in zip(rows[known][telling], codes[telling], strict=True):
        yield from ((kind, int(row)) for kind in kinds[code])
