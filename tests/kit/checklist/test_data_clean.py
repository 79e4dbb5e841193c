"""The check of the quarantine says where equal items, which may be natural, went as copies."""

from types import SimpleNamespace

import pytest
from dlproof.checklist import data_clean


@pytest.fixture
def judge(monkeypatch):
    """`judge(copies)`: the finding for ten items of which so many went as copies."""

    def judge(copies):
        rows = [{"id": str(number), "reason": "same content as 9"} for number in range(10)]
        monkeypatch.setattr(data_clean, "read_clean", lambda project: tuple(rows[copies:]))
        monkeypatch.setattr(data_clean, "read_items", lambda project: tuple(rows))
        monkeypatch.setattr(data_clean, "read_rows", lambda project, name: tuple(rows[:copies]))
        figures = {
            "clean": {
                "reasons": {"duplicate": copies},
                "raw_hash_before": "a",
                "raw_hash_after": "a",
            },
            "explore": {"unreadable": {"items": []}},
        }
        project = SimpleNamespace(figures=figures.get)
        return data_clean.corrupted_items_are_quarantined(project)

    return judge


def test_many_equal_items_that_went_are_near_the_bound_and_told_with_the_setting(judge):
    found = judge(3)
    assert found.holds
    assert "3 of 10 items quarantined, near the bound: 3 are copies" in found.figure
    assert "clean.duplicates=keep" in found.figure


def test_a_few_copies_are_no_matter(judge):
    assert judge(1).figure == "1 of 10 items quarantined; raw data unchanged"
