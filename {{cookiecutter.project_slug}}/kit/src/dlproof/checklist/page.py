"""The page `reports/checklist.html`: the whole checklist in one file. Run: `checklist`."""

import tomllib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from ..page import embed, fill_template
from ..stages import PHASES
from .bullets import PROOFS, Bullet
from .evidence import Evidence
from .history import record
from .map import by_item
from .places import locate, show_path
from .standing import Standing, Totals, describe_share, find_commands, say_waiting
from .verdict import MET, STATUSES, Status, Verdict

NAME = "checklist.html"
LARGEST_EMBEDDED = 400_000  # bytes of a picture; larger ones are linked
LONGEST_TREND = 40  # commits
# What a status means, in the words of the legend.
MEANINGS: dict[Status, str] = {
    "verified": "a check found that the work was done, and it is still valid",
    "present": "a check found that it exists, not that it works",
    "attested": "a person answered, waived a rule of thumb or chose against it with a reason",
    "failing": "a check found the opposite, or a date has passed",
    "stale": "something changed since the evidence was made",
    "to do": "no evidence or no answer yet",
    "n/a": "does not apply to this data or task",
    "to come": "the template cannot prove it yet; not counted",
}
# From the bottom of a column of the trend to its top, and around the rings.
STACK: tuple[Status, ...] = (*PROOFS, "stale", "failing", "to do")


def write_page(standing: Standing, evidence: Evidence) -> Path:
    """Writes the page and the present commit's line of the history; returns the page's path."""
    folder = Path(evidence.cfg.paths.reports_dir)
    history = record(standing, folder)
    return fill_template(
        Path(__file__).with_name("page.html"),
        folder / NAME,
        project=describe_project(),
        now=history[-1],
        statuses=STATUSES,
        meanings=MEANINGS,
        stack=STACK,
        totals=standing.count(),
        share=describe_share(standing.count()),
        waiting=say_waiting(standing.count()["to come"]),
        phases=[describe_phase(standing, number, folder, evidence) for number in PHASES],
        gates=[
            {
                "name": name,
                "needed": len(gate.bullets) - len(standing.waiting(name)),
                "missing": standing.missing(name),
                "accepts": " or ".join(gate.accepts),
            }
            for name, gate in standing.checklist.gates.items()
        ],
        score=standing.score,
        score_tests=standing.checklist.score_tests,
        trend=[draw_column(line) for line in history[-LONGEST_TREND:]],
    )


def describe_project() -> dict[str, str]:
    """The project's name and what it is for, from pyproject.toml."""
    path = Path("pyproject.toml")
    content = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    table = content.get("project", {})
    return {
        "name": table.get("name", Path.cwd().name),
        "description": table.get("description", ""),
    }


def describe_phase(
    standing: Standing, number: int, folder: Path, evidence: Evidence
) -> dict[str, Any]:
    """A phase for the template: its ring, its pictures, its items with their bullets."""
    pairs = {
        bullet.id: describe_row(bullet, verdict, folder, evidence)
        for bullet, verdict in standing.of_phase(number)
    }
    bullets = [standing.checklist.bullets[name] for name in pairs]
    totals = standing.count(number)
    return {
        "number": number,
        "title": PHASES[number],
        "totals": totals,
        "share": describe_share(totals),
        "ring": list(draw_ring(totals)),
        "rows": list(pairs.values()),
        "items": [
            {"id": name, "title": group[0].item, "rows": [pairs[bullet.id] for bullet in group]}
            for name, group in by_item(bullets)
        ],
        "pictures": find_pictures(pairs, folder),
    }


def describe_row(
    bullet: Bullet, verdict: Verdict, folder: Path, evidence: Evidence
) -> dict[str, Any]:
    """A bullet for the template."""
    project = evidence.project
    places = [*bullet.where, *(f"project.yaml#{key}" for key in bullet.answers)]
    return {
        "id": bullet.id,
        "asks": bullet.asks,
        "verdict": verdict,
        "remedy": say_remedy(bullet, verdict, project.stages),
        "places": {
            place: show_path(place, project, folder) if locate(place, project).exists() else ""
            for place in places
        },
    }


def say_remedy(bullet: Bullet, verdict: Verdict, stages: Container[str]) -> str:
    """What to do where a bullet is not met: a command as code, other words as they are."""
    if verdict.status in (*MET, "to come") or bullet.run in verdict.figure:
        return ""
    commands = " and ".join(f"`{command}`" for command in find_commands(bullet.run, stages))
    return f"run {commands}" if commands else bullet.run


def draw_ring(totals: Totals) -> Iterator[tuple[Status, float, float]]:
    """Arcs of a ring whose circumference is 100: status, start, length."""
    applicable = sum(totals[status] for status in STACK)
    start = 0.0
    for status in STACK:
        length = 100 * totals[status] / max(applicable, 1)
        if length:
            yield status, round(start, 2), round(length, 2)
        start += length


def draw_column(line: dict[str, Any]) -> dict[str, Any]:
    """A commit of the trend: its parts from the bottom up, each with start and height in %."""
    totals = {status: int(line["totals"].get(status, 0)) for status in STATUSES}
    parts = list(draw_ring(totals))
    return line | {"totals": totals, "parts": parts, "share": describe_share(totals)}


def find_pictures(rows: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The pictures behind a phase's verdicts, each once, with the bullets that it shows."""
    found: dict[str, dict[str, Any]] = {}
    for name, row in rows.items():
        picture = row["verdict"].picture
        path = next((p for p in (folder / picture, Path(picture)) if p.is_file()), None)
        if picture and path:
            source = embed(path, LARGEST_EMBEDDED)
            entry = found.setdefault(
                path.name, {"name": path.name, "source": source, "bullets": []}
            )
            entry["bullets"].append(name)
            row["picture"] = path.name
    return list(found.values())
