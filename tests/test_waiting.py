"""Bullets that the template cannot prove yet are told as the template's, and close no gate."""

import re

import pytest
from conftest import PROJECT
from dlproof.checklist.bullets import load_checklist
from dlproof.checklist.command import open_gate
from dlproof.checklist.score import Score
from dlproof.checklist.standing import Standing, describe_share, say_waiting
from dlproof.checklist.text import draw_totals
from dlproof.checklist.verdict import STATUSES, Verdict
from dlproof.errors import UserError

PAGE = PROJECT / "kit" / "src" / "dlproof" / "checklist" / "page.html"


@pytest.fixture
def standing():
    """All that can be met is met."""
    checklist = load_checklist(PROJECT / "checklist.yaml")
    verdicts = {
        name: Verdict("verified" if bullet.is_built else "to come", bullet.run)
        for name, bullet in checklist.bullets.items()
    }
    return Standing(checklist, verdicts, Score(0, {}, {}, {}, ""))


def test_they_are_counted_apart_and_told_in_a_sentence(standing):
    waiting = standing.count()["to come"]
    assert waiting
    assert describe_share(standing.count()) == (179 - waiting, 179 - waiting)
    assert list(draw_totals(standing))[-1] == f"{waiting} bullets wait for the template."
    assert say_waiting(1) == "1 bullet waits for the template"
    assert say_waiting(0) == ""


def test_a_gate_is_open_without_them_and_says_so(standing):
    waiting = standing.count()["to come"]
    told = f"all {179 - waiting} bullets are met ({179 - waiting} verified); "
    told += f"{waiting} bullets wait for the template."
    assert open_gate(standing, "release") == f"The gate release is open: {told}"
    standing.verdicts["DL-01.1"] = Verdict("failing", "")
    with pytest.raises(UserError, match=f"1 of {179 - waiting} bullets missing"):
        open_gate(standing, "release")


@pytest.mark.parametrize("status", STATUSES)
def test_the_page_has_a_mark_and_a_colour_for_every_status(status):
    page, slug = PAGE.read_text(encoding="utf-8"), re.sub(r"\W", "-", status)
    assert f'<symbol id="{slug}"' in page
    assert f".{slug} {{ color: var(--{slug}); }}" in page
    assert page.count(f"--{slug}: #") == 2  # light and dark
