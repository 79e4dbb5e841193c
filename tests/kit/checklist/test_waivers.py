"""A waiver that has no effect is refused, wherever the charter is told about."""

from datetime import date
from types import SimpleNamespace

import pytest
from dlproof.charter.charter import Answers
from dlproof.checklist import charter as command
from dlproof.checklist import waivers
from dlproof.checklist.evidence import Evidence
from dlproof.checklist.standing import Standing
from dlproof.checklist.text import draw_table
from dlproof.checklist.verdict import Verdict
from dlproof.checklist.waivers import list_refused
from dlproof.errors import UserError

WAIVER = {"bullet": "DL-17.1", "reason": "there are few images", "by": "Ada"}
WAIVER |= {"until": date(2099, 1, 1)}


@pytest.fixture
def refused(checklist, monkeypatch):
    """`refused("failing", waiver, …)`: what is refused where every check ends so."""

    def look(status, *content):
        monkeypatch.setattr(waivers, "judge", lambda *_, waiving: Verdict(status, ""))
        charter = Answers({"waivers": list(content)}, {"waivers.0": 84}, date(2026, 3, 25))
        return list(list_refused(checklist, SimpleNamespace(charter=charter)))

    return look


@pytest.mark.parametrize("status", ["failing", "stale", "to do"])
def test_a_waiver_of_a_rule_of_thumb_that_fails_or_may_yet_is_taken(refused, status):
    assert refused(status, WAIVER) == []


@pytest.mark.parametrize("status", ["verified", "present", "attested", "n/a", "to come"])
def test_a_waiver_that_nothing_needs_is_refused_with_its_line(refused, status):
    told = f"project.yaml:84 waivers.0 has no effect: DL-17.1 is {status} without it; remove it"
    assert refused(status, WAIVER) == [told]


@pytest.mark.parametrize(
    ("bullet", "told"),
    [
        ("DL-09.3", "DL-09.3 is not a rule of thumb, and nothing else can be waived"),
        ("DL-99", "waives DL-99, which is not a bullet of the checklist"),
    ],
)
def test_a_waiver_of_what_cannot_be_waived_is_refused(refused, bullet, told):
    assert refused("failing", WAIVER | {"bullet": bullet}) == [
        f"project.yaml:84 waivers.0 has no effect: {told}"
    ]


def test_the_second_waiver_of_one_bullet_is_refused(refused):
    (told,) = refused("failing", WAIVER, WAIVER | {"by": "Bob"})
    assert told.endswith("waivers.1 has no effect: waives DL-17.1, as another waiver does")


def test_both_commands_tell_of_it(standing, untouched, declared, capsys, monkeypatch):
    told = "project.yaml:84 waivers.0 has no effect: …"
    stands = Standing(standing.checklist, standing.verdicts, standing.score, (told,))
    assert draw_table(stands).splitlines()[-1] == told
    content = "waivers: [{bullet: DL-99, reason: there is a reason, by: Ada, until: 2099-01-01}]\n"
    (untouched / "project.yaml").write_text(content)
    with pytest.raises(UserError, match="are missing, wrong or out of date"):
        command.run([], declared)
    assert "project.yaml:1 waivers.0 has no effect: waives DL-99" in capsys.readouterr().out
    assert list_refused(standing.checklist, Evidence(declared))
