"""Searches raw data for personal data; the charter must answer for each kind that is found."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

MAX_PLACES = 20  # named in a report


def is_iban(text: str) -> bool:
    """Whether the check digits of an account number are right (ISO 13616)."""
    bare = text.replace(" ", "")
    return int("".join(str(int(mark, 36)) for mark in bare[4:] + bare[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """Whether the check digit of a payment card's number is right (Luhn, ISO 7812)."""
    digits = [int(mark) for mark in text if mark.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_address(text: str) -> bool:
    """Whether four numbers with dots are an address of the internet."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# Kind -> how it is written, and what else must hold.
PATTERNS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "email": (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), bool),
    "iban": (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]){11,30}\b"), is_iban),
    "card": (re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w.-])"), is_card),
    "identity": (re.compile(r"\b(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}\b"), bool),  # US SSN
    "phone": (
        re.compile(
            r"(?<![\w.])(?:\+\d(?:[ ./()-]{0,2}\d){7,13}|\(?\d{3}\)?[ .-]\d{3}[.-]\d{4})(?!\w)"
        ),
        bool,
    ),
    "ip": (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"), is_address),
}


def find_kinds(text: str) -> Iterator[str]:
    """Kinds of personal data that a text holds, by how they are written."""
    for kind, (pattern, holds) in PATTERNS.items():
        if any(holds(found[0]) for found in pattern.finditer(text)):
            yield kind


def tally(found: Iterable[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Kind -> how many finds, and where the first of them are.

    Args:
        found: Kind and place of each find; a place says where to look, never what stands there.
    """
    places: dict[str, list[str]] = {}
    for kind, place in found:
        places.setdefault(kind, []).append(place)
    return {
        kind: {"count": len(listed), "places": listed[:MAX_PLACES]}
        for kind, listed in sorted(places.items())
    }
