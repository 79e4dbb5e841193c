"""The ML Test Score follows the verdicts: checks count one, words half, nothing nothing."""

import pytest
from dlproof.checklist import score
from dlproof.checklist.bullets import Bullet, Checklist, ScoreTest
from dlproof.checklist.evidence import NotYetError
from dlproof.checklist.score import check_sections, compute_score
from dlproof.checklist.verdict import Verdict


def make_checklist(**tests):
    """One test a section unless said otherwise: `data=["a", "b"]` is one test of two bullets."""
    names = [name for bullets in tests.values() for name in bullets]
    bullets = {name: Bullet(name, "item", 1, "auto", "asks", ()) for name in names}
    scored = tuple(
        ScoreTest(f"MTS-{key}", key.rstrip("0123456789"), f"{key} holds.", tuple(value))
        for key, value in tests.items()
    )
    return Checklist(bullets, scored, {})


def verdicts(**statuses):
    return {name: Verdict(status.replace("_", " "), "") for name, status in statuses.items()}


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("verified", "verified"), 1),
        (("verified", "n/a"), 1),
        (("verified", "attested"), 0.5),
        (("verified", "present"), 0.5),
        (("verified", "failing"), 0),
        (("verified", "stale"), 0),
        (("attested", "to do"), 0),
    ],
)
def test_a_test_is_worth_its_weakest_bullet(statuses, expected):
    checklist = make_checklist(data=["a", "b"])
    marks = compute_score(checklist, verdicts(**dict(zip("ab", statuses, strict=True)))).marks
    assert marks == {"MTS-data": expected}


def test_a_tests_own_check_counts_as_its_bullets_do():
    own = ScoreTest("MTS-D2", "data", "It holds.", ("a",), "data_tests.some_check", "explore")
    checklist = Checklist({"a": Bullet("a", "item", 1, "auto", "asks", ())}, (own,), {})
    for status, expected in (("verified", 1), ("failing", 0), ("to do", 0)):
        known = {"a": Verdict("verified", ""), "MTS-D2": Verdict(status, "1 of 2")}
        found = compute_score(checklist, known)
        assert found.marks == {"MTS-D2": expected}
        assert found.found["MTS-D2"].figure == "1 of 2"


def test_a_test_that_no_bullet_decides_is_not_met():
    assert compute_score(make_checklist(data=[]), {}).marks == {"MTS-data": 0}


def test_the_score_is_the_weakest_section_and_names_its_nearest_tests():
    checklist = make_checklist(
        data=["a"], model=["b"], infra=["c"], monitoring1=["d", "e"], monitoring2=["f"]
    )
    found = compute_score(
        checklist,
        verdicts(a="verified", b="verified", c="attested", d="to do", e="stale", f="failing"),
    )
    assert found.sections == {"data": 1, "model": 1, "infra": 0.5, "monitoring": 0}
    assert found.total == 0
    nearest, further = found.next.split("; ")
    assert nearest == "MTS-monitoring2 monitoring2 holds: f"
    assert further == "MTS-monitoring1 monitoring1 holds: d, e"


@pytest.fixture
def holding(monkeypatch):
    """`holding(a="failing", ...)`: what `check_sections` finds over three tests."""
    checklist = make_checklist(data1=["a"], data2=["b"], data3=["c"])
    monkeypatch.setattr(score, "load_checklist", lambda: checklist)

    def hold(**statuses):
        known = verdicts(**statuses)
        monkeypatch.setattr(score, "judge", lambda bullet, project: known[bullet.id])
        return check_sections(None, "data")

    return hold


def test_a_sum_above_the_floor_holds_and_one_that_cannot_reach_it_fails(holding):
    assert holding(a="verified", b="verified", c="attested").holds
    assert not holding(a="verified", b="verified", c="failing").holds


def test_a_sum_that_what_is_to_do_can_lift_is_to_do(holding):
    with pytest.raises(NotYetError, match="next MTS-data3"):
        holding(a="verified", b="verified", c="to do")
