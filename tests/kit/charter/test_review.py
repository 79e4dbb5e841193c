"""`charter` says line by line what is missing, wrong or out of date."""

from datetime import date
from pathlib import Path

import pytest
from dlproof.charter.charter import Answers, read_charter
from dlproof.charter.review import review
from dlproof.checklist import charter as module
from dlproof.checklist.charter import run
from dlproof.errors import UserError
from toy.project import PROJECT

from .conftest import put

SIGNED = "{by: Ada, since: 2026-01-05, until: 2027-01-05}"
LIMITS = f"""\
limits:
  latency_ms: 50.0
  memory_mb: 800.0
  requests_per_second: 20.0
  mode: online
  signed: {SIGNED}
"""


TODAY = date(2026, 3, 25)


@pytest.fixture
def look(tmp_path):
    """`look(text)`: the lines about the section `limits` of a charter."""

    def make(text):
        path = tmp_path / "project.yaml"
        path.write_text(text, encoding="utf-8")
        answers = Answers(*read_charter(path), today=TODAY)
        return [line for line in review(answers) if " limits" in line]

    return make


def test_answers_that_are_there_and_hold_are_not_told(look):
    assert look(LIMITS) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("50.0", "TODO at most", "2 limits.latency_ms is to do: at most"),
        ("50.0", "", "2 limits.latency_ms is to do"),
        ("  latency_ms: 50.0\n", "", "2 limits.latency_ms is missing"),
        ("50.0", "fast", "2 limits.latency_ms must be a number, not 'fast'"),
        ("50.0", "yes", "2 limits.latency_ms must be a number, not True"),
        ("50.0", "-1.0", "2 limits.latency_ms must be a number above 0, not -1.0"),
        ("online", "sometimes", "5 limits.mode must be online or batch, not 'sometimes'"),
        ("mode: online", "mode: online\n  spede: 3", "6 limits.spede is not asked for"),
        (
            "mode: online",
            "mode: online\n  modes: 3",
            "6 limits.modes is not asked for: did you mean",
        ),
        (
            "2027-01-05",
            "soon",
            "6 limits.signed.until must be a date such as 2027-01-31, not 'soon'",
        ),
        (
            "2026-01-05",
            "2026-03-26",
            "6 limits.signed.since must not be in the future, but is 2026-03-26",
        ),
        ("2027-01-05", "2026-01-04", "6 limits.signed ends on 2026-01-04, before it was signed"),
        ("2027-01-05", "2026-02-01", "6 limits.signed was valid until 2026-02-01: ask Ada again"),
        ("by: Ada", "by: TODO", "6 limits.signed is to do: by"),
        ("by: Ada", "by: x1", "6 limits.signed is to do: by"),
        (SIGNED, "TODO", "6 limits.signed is to do"),
        (SIGNED, "Ada", "6 limits.signed must be a mapping with by, since, until, not 'Ada'"),
        (f"  signed: {SIGNED}\n", "", "2 limits.signed is to do: by, since, until"),
    ],
)
def test_each_place_is_told_once_with_its_line_and_its_form(look, old, new, told):
    (line,) = look(LIMITS.replace(old, new))
    assert line.startswith(f"project.yaml:{told}")


def test_all_that_is_missing_is_told_in_one_run(look):
    lines = look("limits:\n  latency_ms: TODO\n  signed: {by: TODO, since: TODO, until: TODO}\n")
    assert [line.partition(" ")[2] for line in lines] == [
        "limits.latency_ms is to do",
        "limits.memory_mb is missing",
        "limits.requests_per_second is missing",
        "limits.mode is missing",
        "limits.signed is to do: by, since, until",
    ]
    assert len(look("problem: {}\n")) == 5


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (
            "data.groups",
            "x1",
            "must be a mapping of groups to their shares, such as {label=7: 0.1},",
        ),
        ("data.groups", ["label=7"], "must be a mapping of groups to their shares"),
        ("data.groups.label=7", "a tenth", "must be a number, not 'a tenth'"),
        ("data.groups.label=7", 1.5, "must be a number of 1 or less, not 1.5"),
        ("success.costs", "high", "must be a list of rows, such as [[0, 1], [5, 0]], or []"),
        ("success.costs.0", 1.0, "must be a list, not 1.0"),
        ("problem.classes", "cats", "must be a list of classes, or [] for a number, not 'cats'"),
        ("problem.classes.0", 7, "must be text; put quotes around it, not 7"),
        ("people.contact", "Ada", "must be an e-mail address or a @name, as CODEOWNERS has it"),
        ("budgets.currency", "euros", "must be an ISO 4217 code, such as EUR, not 'euros'"),
        ("data.label_check.sheet", "x1", "must be the 12 characters that `labels` prints"),
        ("data.sources.0", "a disk", "must be a mapping with name, licence, owner, link"),
        ("data.sources.0.licence", "x1", "must be a licence that SPDX lists, such as CC-BY-4.0,"),
        ("people.experts", [], "must be a list of one or more"),
        ("milestones.0.due", "soon", "must be a date such as 2027-01-31, not 'soon'"),
        ("risks.0.level", "x1", "must be low, medium or high, not 'x1'"),
        ("serving.max_age_days", 1.5, "must be a whole number, not 1.5"),
    ],
)
def test_a_mistake_names_one_place_and_the_form_that_it_asks_for(complete, key, value, told):
    put(complete, key, value)
    (line,) = review(Answers(complete, {}, TODAY))
    assert line.startswith(f"project.yaml:1 {key} {told}")


def test_an_empty_list_where_one_is_needed_is_told(look, tmp_path):
    look(LIMITS + "milestones: []\n")
    lines = review(Answers(*read_charter(tmp_path / "project.yaml")))
    assert "project.yaml:7 milestones must be a list of one or more" in lines


def test_a_date_that_cannot_be_is_a_sentence(look):
    with pytest.raises(UserError, match="has an invalid date: month must be in"):
        look(LIMITS.replace("2026-01-05", "2026-13-05"))


def test_the_command_exits_with_a_sentence_while_a_line_is_open(project, capsys):
    Path("project.yaml").unlink()
    Path("project.yaml").write_text("problem:\n  statement: TODO one sentence\n")
    with pytest.raises(UserError, match=r"\d+ answers of project.yaml are missing"):
        run([], PROJECT)
    told = capsys.readouterr().out.splitlines()
    assert "project.yaml:1 need.expected_gain is missing" in told
    assert "project.yaml:2 problem.statement is to do: one sentence" in told


def test_the_command_is_content_with_a_complete_charter(project, capsys, monkeypatch):
    monkeypatch.setattr(module, "review", lambda answers: [])
    run([], PROJECT)
    assert "answers are given and valid" in capsys.readouterr().out
