"""The totals over the last commits: one line a commit in `reports/checklist_history.jsonl`."""

import json
from pathlib import Path
from typing import Any

from ..files import atomic
from ..revision import describe_revision, run_git
from .standing import Standing

NAME = "checklist_history.jsonl"


def record(standing: Standing, reports_dir: Path | str) -> list[dict[str, Any]]:
    """Writes the line of the present commit, in place of an older one of it.

    Returns:
        All lines, the oldest first: commit, date, totals and score.
    """
    path = Path(reports_dir) / NAME
    now = describe_now() | {"totals": standing.count(), "score": standing.score.total}
    before = read_history(path)
    lines = [line for line in before if line.get("commit") != now["commit"]] + [now]
    if lines != before:
        with atomic(path) as draft:
            draft.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return lines


def describe_now() -> dict[str, Any]:
    """The commit and its date; nothing outside git, where all lines are of one commit."""
    commit = describe_revision()["commit"]
    return {"commit": commit, "date": run_git("show", "-s", "--format=%cs", "HEAD")}


def read_history(path: Path) -> list[dict[str, Any]]:
    """The lines of a history; lines that are not JSON (merge marks) are left out."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return [line for line in lines if isinstance(line, dict) and "totals" in line]
