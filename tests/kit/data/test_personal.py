"""What tells of people is found by name or by form; plain measurements raise no alarm."""

from pathlib import Path

import pandas as pd
import pytest
from dlproof.data.personal import MAX_PLACES, find_kinds, tally

from ..projects import IMAGE, TABLE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to ada.lovelace+1@mail.example.org today", "email"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("GB82WEST12345698765432", "iban"),
        ("4111 1111 1111 1111", "card"),
        ("5500000000000004", "card"),
        ("123-45-6789", "identity"),
        ("+49 (0)30 1234 5678", "phone"),
        ("(555) 123-4567", "phone"),
        ("192.168.0.17", "ip"),
    ],
)
def test_what_is_written_like_personal_data_is_found(text, kind):
    assert list(find_kinds(text)) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GB82WEST12345698765433",  # wrong check digits
        "4111 1111 1111 1112",
        "000-45-6789",
        "999.1.1.1",
        "2024-01-31 12:30:00",
        "17.99",
        "0.30010000000000003",
        "-122.4194155",
        "1.5e-10",
        "12345678",
        "user@host",
        "version 10.4",
    ],
)
def test_what_only_looks_a_little_like_it_raises_no_alarm(text):
    assert list(find_kinds(text)) == []


def test_a_long_text_is_searched_in_time_that_grows_with_its_length():
    assert list(find_kinds("z" * 500_000)) == []
    assert list(find_kinds("1" * 500_000)) == []


def test_the_report_counts_all_finds_and_names_the_first_places_only():
    found = tally(("email", f"row {number}") for number in range(30))
    assert found["email"]["count"] == 30
    assert found["email"]["places"] == [f"row {number}" for number in range(MAX_PLACES)]


@pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)
def test_ingest_reports_nothing_for_plain_data_and_what_it_finds_else(project, run, sort):
    assert run("ingest").figures["personal"] == {}
    if sort == IMAGE:
        source = next(Path("raw/plain").iterdir())
        source.rename(source.with_name("ada@example.org.png"))
    else:
        table = pd.read_csv("raw.csv")
        table.assign(note="ada@example.org").to_csv("raw.csv", index=False)
    found = run("ingest").figures["personal"]["email"]
    assert found["count"] >= 1
    assert found["places"]
