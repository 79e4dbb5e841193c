"""The test split opens once for each model, or with a reason; the ledger is a chain."""

import json
import subprocess

import pytest
from dlproof.errors import UserError
from dlproof.evaluation.ledger import EVALUATION, PREDICTIONS, Ledger


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """Two models that met the test split."""
    monkeypatch.chdir(tmp_path)
    ledger = Ledger("reports")
    for model in ("first", "second"):
        ledger.open("data", model, f"exp-{model}", reason="")
        ledger.add("data", model, **{PREDICTIONS: "p"})
        ledger.add("data", model, **{EVALUATION: "e"})
    return ledger


def rewrite(ledger, change):
    lines = [json.loads(line) for line in ledger.path.read_text().splitlines()]
    changed = change(lines)
    ledger.path.write_text("".join(json.dumps(line) + "\n" for line in changed))


def test_a_second_opening_needs_a_reason(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.open("data", "model", "exp-1", reason="")
    ledger.open("data", "model", "exp-1", reason="")  # as after a failure: nothing was predicted
    assert len(ledger.entries()) == 1
    ledger.add("data", "model", predictions="0")
    with pytest.raises(UserError, match="exp-1 was evaluated on this test split"):
        ledger.open("data", "model", "exp-1", reason="")
    ledger.open("data", "model", "exp-1", reason="the picture was lost")
    assert [entry["reason"] for entry in ledger.entries()] == ["", "the picture was lost"]


def test_another_model_or_other_data_is_no_repeat(tmp_path):
    ledger = Ledger(tmp_path)
    for data, model in (("data", "model"), ("data", "other"), ("new", "model")):
        ledger.open(data, model, "exp-1", reason="")
    assert len(ledger.entries()) == 3


def test_what_was_predicted_and_found_is_told_of_each_model(ledger):
    assert len(ledger.entries()) == 2
    assert ledger.find("data", "first", PREDICTIONS)[PREDICTIONS] == "p"
    assert ledger.find("data", "third", PREDICTIONS) is None
    assert ledger.find_break() == ""


@pytest.mark.parametrize("place", range(5))
def test_a_line_that_is_changed_or_taken_out_breaks_the_chain(ledger, place):
    rewrite(ledger, lambda lines: [*lines[:place], *lines[place + 1 :]])
    assert "changed or removed" in ledger.find_break()


@pytest.mark.parametrize("place", range(5))
def test_a_line_that_is_rewritten_breaks_the_chain(ledger, place):
    rewrite(
        ledger,
        lambda lines: [
            line | {"run": "me"} if n == place else line for n, line in enumerate(lines)
        ],
    )
    assert "changed or removed" in ledger.find_break()


def test_what_two_branches_added_holds_in_any_order(ledger):
    text = ledger.path.read_text()
    ledger.open("data", "mine", "exp-mine", reason="")
    mine = ledger.path.read_text().removeprefix(text)
    ledger.path.write_text(text)
    ledger.open("data", "theirs", "exp-theirs", reason="")
    theirs = ledger.path.read_text().removeprefix(text)
    for merged in (mine + theirs, theirs + mine):
        ledger.path.write_text(text + merged)
        assert ledger.find_break() == ""
        assert {entry["model"] for entry in ledger.entries()[2:]} == {"mine", "theirs"}


def test_a_line_that_git_has_may_not_go(ledger):
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], check=True)
    ledger.open("data", "third", "exp-third", reason="")
    assert ledger.find_break() == ""
    rewrite(ledger, lambda lines: lines[:5])  # the chain of what is left is whole
    assert ledger.find_break() == "lines that git has were changed or removed: 1"


def test_lines_of_an_older_version_are_no_break(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = Ledger("reports")
    ledger.path.parent.mkdir()
    old = {
        "time": "t",
        "run": "exp-1",
        "data": "data",
        "model": "old",
        "commit": None,
        "reason": "",
    }
    ledger.path.write_text(json.dumps(old) + "\n")
    ledger.open("data", "new", "exp-2", reason="")
    assert ledger.find_break() == ""
    assert len(ledger.entries()) == 2


def test_a_damaged_ledger_is_refused(ledger):
    ledger.path.write_text("<<<<<<< ours\n")
    with pytest.raises(UserError, match="restore it from git"):
        ledger.entries()
