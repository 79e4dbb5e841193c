"""`checklist` tells where the project stands: to people, to CI, and in time."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from dlproof.checklist import command, formats, text
from dlproof.checklist.evidence import Evidence
from dlproof.checklist.standing import Standing
from dlproof.checklist.verdict import Verdict
from dlproof.cli import describe_commands
from dlproof.errors import UserError

# On a machine so slow, or so busy, that a million squares take more than 0.05 s, 40 times as long.
CALL = """
import sys, time
from own.project import PROJECT
PROJECT.main(["checklist"])
taken = time.process_time()
heavy = sorted({"torch", "lightning"} & set(sys.modules))
sum(number * number for number in range(1_000_000))
unit = time.process_time() - taken
print(f"{taken:.2f} s, {unit:.2f} s a million squares, {heavy}", file=sys.stderr)
sys.exit(bool(heavy) or taken > max(2, 40 * unit))
"""


def test_the_whole_checklist_takes_less_than_two_seconds_and_no_torch(untouched):
    done = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\033" not in done.stdout
    assert (untouched / "reports" / "checklist.html").exists()


def test_help_names_both_commands_and_their_options(declared, capsys):
    assert all(f"  {name} " in describe_commands(declared) for name in ("charter", "checklist"))
    with pytest.raises(SystemExit) as exit_info:
        command.run(["--help"], declared)
    assert exit_info.value.code == 0
    told = capsys.readouterr().out
    assert all(f"--{name}" in told for name in ("gate", "json", "html", "map"))


def test_the_table_says_every_status_in_words(standing):
    table = text.draw_table(standing)
    rows = [line for line in table.splitlines() if line.startswith(("  DL-", "  ML-"))]
    assert len(rows) == 179
    assert all(standing.verdicts[row.split()[0]].status in row for row in rows)
    assert f"All{standing.count()['verified']:>19}{standing.count()['present']:>9}" in table
    assert f"ML Test Score {standing.score.total:g}" in table


def test_the_table_fits_the_terminal(standing, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, text.draw_table(standing).splitlines()[:170])) <= 80


def test_colour_is_for_terminals_only(monkeypatch):
    assert text.paint("failing") == "failing  "
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert text.paint("failing") == "\033[31mfailing  \033[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert text.paint("failing") == "failing  "


def test_one_bullet_is_explained_with_lines_of_code_and_the_command(
    checklist, declared, untouched, monkeypatch
):
    monkeypatch.setattr(sys, "argv", ["/bin/tool"])
    bullet = checklist.bullets["DL-09.1"]
    told = text.explain(bullet, Evidence(declared))
    assert told.startswith(f"DL-09.1  {bullet.item}, phase 2 Data\n")
    assert bullet.asks in told
    assert "status   to do" in told
    assert "run      tool split" in told
    module, _, function = bullet.check.rpartition(".")
    (told_check,) = re.findall(r"^  check    (.*)$", told, re.MULTILINE)
    assert told_check.startswith(f"{function} in ")
    assert f"/dlproof/checklist/{module}.py:" in told_check
    assert not re.search(r":0$", told, re.MULTILINE)


def test_an_answer_is_explained_with_its_line_in_the_charter(checklist, declared, untouched):
    told = text.explain(checklist.bullets["DL-01.1"], Evidence(declared))
    assert re.search(r"answer   project.yaml:\d+ problem.statement: \w+", told)


def test_an_item_stands_for_its_bullets_in_any_case(checklist):
    assert [bullet.id for bullet in command.find_bullets("dl-09", checklist)] == [
        f"DL-09.{number}" for number in range(1, 5)
    ]
    with pytest.raises(UserError, match=r"no bullet DL-09\.33: did you mean DL-09\.3\?"):
        command.find_bullets("DL-09.33", checklist)


def test_a_closed_gate_names_what_is_missing_and_only_that(standing):
    with pytest.raises(UserError) as error:
        command.open_gate(standing, "release")
    told = str(error.value)
    unmet = [n for n, v in standing.verdicts.items() if v.status in ("failing", "stale", "to do")]
    waiting = standing.count()["to come"]
    assert f"{len(unmet)} of {179 - waiting} bullets missing" in told
    assert [line.split()[0] for line in told.splitlines()[1:]] == unmet


def test_a_gate_opens_when_all_it_needs_is_met_or_does_not_apply(standing):
    names = standing.checklist.gates["train"].bullets
    met = dict.fromkeys(names, Verdict("verified", "")) | {names[0]: Verdict("n/a", "")}
    open_standing = Standing(standing.checklist, standing.verdicts | met, standing.score)
    assert command.open_gate(open_standing, "train") == (
        f"The gate train is open: all {len(names)} bullets are met "
        f"({len(names) - 1} verified, 1 n/a)."
    )


def test_a_gate_asks_for_the_proof_that_it_names(standing):
    train = standing.checklist.gates["train"]
    shown = dict.fromkeys(train.bullets, Verdict("verified", "")) | {
        "DL-01.1": Verdict("attested", ""),
        "DL-12.1": Verdict("present", "32"),
    }
    gates = {"all": train, "strict": replace(train, accepts=("verified", "attested"))}
    asked = replace(standing.checklist, gates=gates)
    stands = Standing(asked, standing.verdicts | shown, standing.score)
    number = len(train.bullets)
    assert f"({number - 2} verified, 1 present, 1 attested)" in command.open_gate(stands, "all")
    told = rf"strict, which accepts verified or attested, is closed, 1 of {number} .*\n  DL-12\.1"
    with pytest.raises(UserError, match=told):
        command.open_gate(stands, "strict")


def test_an_unknown_gate_is_a_sentence_that_lists_the_gates(standing):
    with pytest.raises(UserError, match=r"no gate deplo: .*train, deploy, release"):
        command.open_gate(standing, "deplo")


def test_json_holds_every_bullet_the_totals_and_what_each_gate_lacks(standing):
    plain = json.loads(json.dumps(formats.to_plain(standing)))
    assert len(plain["bullets"]) == sum(plain["totals"].values()) == 179
    assert plain["bullets"]["DL-01.1"]["status"] == "verified"
    assert plain["gates"]["release"] == standing.missing("release")
    assert plain["accepts"]["release"] == ["verified", "present", "attested"]
    assert sum(sum(totals.values()) for totals in plain["phases"].values()) == 179
