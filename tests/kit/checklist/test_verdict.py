"""From a bullet to its verdict: answers, checks, waivers, what rules a bullet out."""

from datetime import date
from types import SimpleNamespace

import pytest
from dlproof.charter.charter import Answer, Answers
from dlproof.checklist import verdict
from dlproof.checklist.bullets import Bullet
from dlproof.checklist.evidence import NotApplicableError, NotYetError, StaleError
from dlproof.checklist.standing import count, describe_share
from dlproof.checklist.verdict import Finding, Verdict, judge, prove_by_run
from omegaconf import OmegaConf

TODAY = date(2026, 3, 25)
WAIVER = {
    "bullet": "X-1",
    "reason": "there are few images",
    "by": "Ada",
    "until": date(2026, 6, 30),
}


def make(kind="auto", **values):
    proof = {"check": "fake.check"} if kind != "answer" else {}
    answers = {"answers": ("success.minimum",)} if kind != "auto" else {}
    return Bullet("X-1", "Item", 1, kind, "It holds.", ("a.py",), **(proof | answers | values))


def make_project(state="done", waivers=()):
    answer = Answer("success.minimum", 7, 0.9, state, "" if state == "done" else "is bad")
    charter = Answers({"waivers": list(waivers)}, {}, TODAY)
    judged = charter.get
    charter.get = lambda key: judged(key) if key.startswith("waivers") else answer
    cfg = OmegaConf.create({"task": {"name": "classification"}})
    return SimpleNamespace(
        project=None, charter=charter, cfg=cfg, checked={}, hold_picture=lambda name: None
    )


@pytest.fixture
def check(monkeypatch):
    """`check(outcome)`: the check of every bullet returns it, or raises it."""

    def set_outcome(outcome):
        def fake(project):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(verdict, "find_check", lambda name, project: fake)

    set_outcome(AssertionError("no check may run here"))
    return set_outcome


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Finding(True, "0 of 10", "a.png"), Verdict("verified", "0 of 10", "a.png")),
        (Finding(True, "a file", proof="present"), Verdict("present", "a file")),
        (Finding(True, "a reason", proof="attested"), Verdict("attested", "a reason")),
        (Finding(False, "3 of 10"), Verdict("failing", "3 of 10")),
        (Finding(False, "no file", proof="present"), Verdict("failing", "no file")),
        (NotYetError("run `train`"), Verdict("to do", "run `train`")),
        (StaleError("its code changed"), Verdict("stale", "its code changed")),
        (NotApplicableError("no GPU"), Verdict("n/a", "no GPU")),
    ],
)
def test_a_check_decides_an_auto_bullet(check, outcome, expected):
    check(outcome)
    assert judge(make(), make_project()) == expected


def test_a_bullet_without_its_check_is_to_come_and_says_what_it_takes(check):
    bullet = make(check="", run="not built yet: x")
    assert judge(bullet, make_project()) == Verdict("to come", "not built yet: x")
    assert judge(make("both", check="", run="x"), make_project("todo")).status == "to come"


def test_what_is_to_come_is_asked_of_nobody():
    totals = count(["verified", "to come", "to come", "failing"])
    assert totals["to come"] == 2
    assert describe_share(totals) == (1, 2)


@pytest.mark.parametrize(
    ("state", "status"),
    [("done", "attested"), ("todo", "to do"), ("wrong", "failing"), ("expired", "failing")],
)
def test_an_answer_is_attested_never_verified_and_says_its_line_when_it_is_not(
    check, state, status
):
    judged = judge(make("answer"), make_project(state))
    assert judged.status == status
    assert judged.figure == ("0.9" if state == "done" else "project.yaml:7 success.minimum is bad")


@pytest.mark.parametrize("state", ["todo", "wrong", "expired"])
def test_without_the_answer_no_check_can_verify_a_bullet_of_both_kinds(check, state):
    assert judge(make("both"), make_project(state)).status != "verified"


def test_a_bullet_of_both_kinds_is_verified_by_its_check_once_answered(check):
    check(Finding(True, "0.97"))
    assert judge(make("both"), make_project()) == Verdict("verified", "0.97")


def test_what_the_task_rules_out_is_not_applicable_for_a_computed_reason(check):
    judged = judge(make(applies={"task.name": ["detection"]}), make_project())
    assert judged.status == "n/a"
    assert "detection" in judged.figure
    assert "classification" in judged.figure


def test_a_rule_of_thumb_can_be_waived_for_a_time(check):
    check(Finding(False, "541 times"))
    judged = judge(make(rule_of_thumb=True), make_project(waivers=[WAIVER]))
    assert judged.status == "attested"
    assert all(part in judged.figure for part in ("541 times", "Ada", "2026-06-30", "few images"))


@pytest.mark.parametrize(
    ("bullet", "waiver"),
    [
        ({"rule_of_thumb": True}, {"until": date(2026, 3, 24)}),
        ({"rule_of_thumb": True}, {"bullet": "X-2"}),
        ({"rule_of_thumb": True}, {"until": "some day"}),
        ({"rule_of_thumb": False}, {}),
    ],
    ids=["expired", "of another bullet", "without a date", "no rule of thumb"],
)
def test_no_other_waiver_helps(check, bullet, waiver):
    check(Finding(False, "541 times"))
    project = make_project(waivers=[WAIVER | waiver])
    assert judge(make(**bullet), project).status == "failing"


def test_a_waiver_never_hides_that_evidence_is_stale_or_missing(check):
    for outcome, status in ((StaleError("changed"), "stale"), (NotYetError("run"), "to do")):
        check(outcome)
        assert judge(make(rule_of_thumb=True), make_project(waivers=[WAIVER])).status == status


def test_what_does_not_apply_counts_neither_as_met_nor_as_missing():
    totals = count(["verified", "attested", "failing", "n/a", "n/a"])
    assert totals["n/a"] == 2
    assert describe_share(totals) == (2, 3)


def test_what_is_present_is_counted_apart_and_met():
    totals = count(["verified", "present", "present", "failing"])
    assert totals["present"] == 2
    assert describe_share(totals) == (3, 4)


@pytest.mark.parametrize("problem", [NotYetError("run `train`"), StaleError("changed")])
def test_a_look_at_the_config_verifies_only_what_a_run_that_holds_has_used(problem):
    def figures(stage):
        raise problem

    assert prove_by_run(SimpleNamespace(figures=figures)) == "present"
    assert prove_by_run(SimpleNamespace(figures=lambda stage: {})) == "verified"
