"""`charter` says line by line what is missing, wrong or out of date."""

from datetime import date
from pathlib import Path

import pytest
from dlproof.charter import review as module
from dlproof.charter.charter import Answers, read_charter
from dlproof.charter.review import review, run
from dlproof.errors import UserError
from toy.project import PROJECT

SIGNED = "{by: Ada, since: 2026-01-05, until: 2027-01-05}"
LIMITS = f"""\
limits:
  latency_ms: 50.0
  memory_mb: 800.0
  requests_per_second: 20.0
  mode: online
  signed: {SIGNED}
"""


@pytest.fixture
def look(tmp_path):
    """`look(text)`: the lines about the section `limits` of a charter."""

    def make(text):
        path = tmp_path / "project.yaml"
        path.write_text(text, encoding="utf-8")
        answers = Answers(*read_charter(path), today=date(2026, 3, 25))
        return [line for line in review(answers) if " limits" in line]

    return make


def test_answers_that_are_there_and_hold_are_not_told(look):
    assert look(LIMITS) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("50.0", "TODO at most", "project.yaml:2 limits.latency_ms is to do: at most"),
        ("50.0", "", "project.yaml:2 limits.latency_ms is to do"),
        ("  latency_ms: 50.0\n", "", "project.yaml:2 limits.latency_ms is missing"),
        ("50.0", "fast", "project.yaml:2 limits.latency_ms is wrong: "),
        ("50.0", "-1.0", "project.yaml:2 limits.latency_ms is wrong: "),
        ("online", "sometimes", "project.yaml:5 limits.mode is wrong: "),
        ("mode: online", "mode: online\n  speed: 3", "project.yaml:6 limits.speed: Extra inputs"),
    ],
)
def test_each_open_answer_is_told_with_its_line(look, old, new, told):
    (line,) = look(LIMITS.replace(old, new))
    assert line.startswith(told)


def test_an_unsigned_section_and_an_old_signature_open_all_its_answers(look):
    unsigned = look(LIMITS.replace("by: Ada", "by: TODO"))
    assert len(unsigned) == 4
    assert all(line.endswith("is not signed") for line in unsigned)
    old = look(LIMITS.replace("2027-01-05", "2026-02-01"))
    assert len(old) == 4
    assert all("held until 2026-02-01: ask Ada again" in line for line in old)


def test_an_empty_list_where_one_is_needed_is_told(look, tmp_path):
    look(LIMITS + "milestones: []\n")
    lines = review(Answers(*read_charter(tmp_path / "project.yaml")))
    assert any(line.startswith("project.yaml:7 milestones: ") for line in lines)


def test_the_command_exits_with_a_sentence_while_a_line_is_open(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("project.yaml").write_text("problem:\n  statement: TODO one sentence\n")
    with pytest.raises(UserError, match=r"\d+ answers of project.yaml are missing"):
        run([], PROJECT)
    told = capsys.readouterr().out.splitlines()
    assert "project.yaml:1 need.expected_gain is missing" in told
    assert "project.yaml:2 problem.statement is to do: one sentence" in told


def test_the_command_is_content_with_a_complete_charter(project, capsys, monkeypatch):
    monkeypatch.setattr(module, "review", lambda answers: [])
    run([], PROJECT)
    assert "answers are there and hold" in capsys.readouterr().out
