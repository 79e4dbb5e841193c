"""The checklist as text: the table, the explanation of a bullet, what a gate lacks.

rich would draw the table in 85 ms where this takes 1.5, and log files need no boxes.
"""

import os
import shutil
import sys
from collections.abc import Container, Iterator
from pathlib import Path

from ..charter.charter import CHARTER
from ..stages import KIT, PHASES
from .bullets import Bullet
from .evidence import Evidence
from .places import find_line, show_path
from .standing import Standing, Totals, describe_share, find_commands, say_waiting
from .verdict import STATUSES, Status, Verdict, format_answer, judge, shorten

COLOURS: dict[Status, int] = {
    "verified": 32,
    "present": 34,
    "attested": 36,
    "failing": 31,
    "stale": 33,
}
TITLE = 12  # columns of a phase's name in the totals
NO_TERMINAL = 160  # columns, so that a log keeps the figures


def draw_table(standing: Standing) -> str:
    """Bullet, item, status and figure by phase; then the totals and the ML Test Score."""
    lines = []
    for phase, title in PHASES.items():
        met, applicable = describe_share(standing.count(phase))
        lines.append(f"\n{phase} {title}: {met} of {applicable} met")
        lines += [draw_row(bullet, verdict) for bullet, verdict in standing.of_phase(phase)]
    lines += ["", *draw_totals(standing), "", *draw_score(standing)]
    return "\n".join([*lines, *standing.refused]).lstrip()


def draw_row(bullet: Bullet, verdict: Verdict) -> str:
    """One line of the table, as wide as the terminal at most."""
    width = shutil.get_terminal_size((NO_TERMINAL, 0)).columns
    start = f"  {bullet.id:<9}{cut(bullet.item, 24):<25}"
    room = width - len(start) - 10
    return f"{start}{paint(verdict.status)} {cut(verdict.figure, max(room, 20))}".rstrip()


def draw_totals(standing: Standing) -> Iterator[str]:
    """One line per phase, one column per status."""
    yield " " * TITLE + "".join(f"  {status}" for status in STATUSES)
    for phase, title in PHASES.items():
        yield draw_counts(f"{phase} {title}", standing.count(phase))
    totals = standing.count()
    yield draw_counts("All", totals)
    if waiting := say_waiting(totals["to come"]):
        yield f"{waiting}."


def draw_counts(title: str, totals: Totals) -> str:
    """One line of the totals."""
    counts = "".join(f"{totals[status]:>{len(status) + 2}}" for status in STATUSES)
    return f"{title:<{TITLE}}{counts}"


def draw_score(standing: Standing) -> Iterator[str]:
    """The ML Test Score: its sections, their minimum, what would raise it."""
    score = standing.score
    sections = ", ".join(f"{name} {value:g}" for name, value in score.sections.items())
    yield f"ML Test Score {score.total:g} ({sections})"
    if score.next:
        yield f"  next: {score.next}"


def explain(bullet: Bullet, evidence: Evidence) -> str:
    """Everything about one bullet: asks, status, figure, where, answers, what to run."""
    verdict, project = judge(bullet, evidence), evidence.project
    lines = [f"{bullet.id}  {bullet.item}, phase {bullet.phase} {PHASES[bullet.phase]}"]
    lines += [f"  asks     {bullet.asks}", f"  status   {paint(verdict.status).rstrip()}"]
    lines += [f"  figure   {verdict.figure}"] if verdict.figure else []
    lines += [f"  picture  {verdict.picture}"] if verdict.picture else []
    lines += [
        f"  where    {show_path(place, project)}:{find_line(place, project)}"
        for place in bullet.where
    ]
    if bullet.check:
        module, _, function = bullet.check.rpartition(".")
        own = module == "checks"
        place = f"checks.py#{function}" if own else f"{KIT}/checklist/{module}.py#{function}"
        lines.append(
            f"  check    {function} in {show_path(place, project)}:{find_line(place, project)}"
        )
    lines += [f"  answer   {say_answer(key, evidence)}" for key in bullet.answers]
    return "\n".join([*lines, f"  run      {say_command(bullet.run, project.stages)}"])


def say_answer(key: str, evidence: Evidence) -> str:
    """The charter's answer with its state, and who signed it until when."""
    answer = evidence.charter.get(key)
    if answer.state != "done":
        return f"{CHARTER}:{answer.line} {answer.place or key}: {answer.reason}"
    said = shorten(format_answer(answer.value))
    signed = evidence.charter.get(f"{key.partition('.')[0]}.signed").value
    if isinstance(signed, dict):
        said += f" (signed by {signed.get('by')}, valid until {signed.get('until')})"
    return f"{CHARTER}:{answer.line} {key}: {said}"


def say_command(run: str, stages: Container[str]) -> str:
    """Commands as they are typed here; other words as they are."""
    caller = Path(sys.argv[0])
    name = f"python -m {caller.parent.name}" if caller.suffix == ".py" else caller.name
    typed = " && ".join(f"{name} {command}" for command in find_commands(run, stages))
    return typed or run or "nothing: it is proven already"


def say_missing(bullet: Bullet, verdict: Verdict) -> str:
    """One line for a bullet that is not met, with what to do unless its figure says so."""
    told = bullet.run in verdict.figure or "run `" in verdict.figure
    return f"{bullet.id:<9}{verdict.status:<9}{verdict.figure}{'' if told else f' [{bullet.run}]'}"


def cut(text: str, length: int) -> str:
    """A text in one line of at most `length` columns."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def paint(status: Status) -> str:
    """The status in nine columns; coloured on a terminal, where `NO_COLOR` is not set."""
    word = f"{status:<9}"
    if status not in COLOURS or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return word
    return f"\033[{COLOURS[status]}m{word}\033[0m"
