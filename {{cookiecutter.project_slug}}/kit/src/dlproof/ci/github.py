"""The workflows of GitHub: what their jobs run at every push and every pull request."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .script import PUSH, REQUEST, Script, fill, is_true, read_yaml

ALWAYS = re.compile(r"(\$\{\{)?\s*(always\(\)|success\(\)|!\s*cancelled\(\)|true)\s*(\}\})?")
EVENT = re.compile(r"(\$\{\{)?\s*github\.event_name\s*==\s*'(push|pull_request)'\s*(\}\})?")
MATRIX = r"\$\{\{\s*matrix\.NAME\s*\}\}"


def read_github(
    path: Path, triggers: frozenset[str] | None = None, callers: frozenset[Path] = frozenset()
) -> Iterator[Script]:
    """The scripts of a workflow of GitHub's, and of the local ones that it calls.

    Args:
        path: The workflow.
        triggers: When it is called; None: at what it says itself.
        callers: The workflows that call it, of which it may be one.
    """
    if path.resolve() in callers:
        return
    workflow = read_yaml(path)
    when = read_triggers(workflow.get("on")) if triggers is None else triggers
    for job in (workflow.get("jobs") or {}).values():
        called = str(job.get("uses", ""))
        at = limit(job, when)
        if called.startswith("./") and Path(called).is_file():
            yield from read_github(Path(called), at, callers | {path.resolve()})
        usual = (job.get("defaults") or workflow.get("defaults") or {}).get("run", {}).get("shell")
        for step in list_steps(job.get("steps") or []):
            shell = str(step.get("shell", usual or ""))
            for text in fill(str(step.get("run", "")), read_matrix(job), MATRIX):
                yield Script(path.name, text, limit(step, at), shell.startswith("bash"))


def list_steps(
    steps: list[dict[str, Any]], callers: frozenset[Path] = frozenset()
) -> Iterator[dict[str, Any]]:
    """Steps, with those of local actions in place of their call, but within themselves."""
    for step in steps:
        folder = Path(str(step.get("uses", "")))
        files = [folder / name for name in ("action.yml", "action.yaml")]
        action = next((path for path in files if path.is_file()), None)
        if str(step.get("uses", "")).startswith("./") and action:
            place = action.resolve()
            inner = read_yaml(action).get("runs", {}).get("steps") or []
            parts = list_steps(inner, callers | {place}) if place not in callers else ()
            yield from ({**part, **pick(step)} for part in parts)
        else:
            yield step


def pick(step: dict[str, Any]) -> dict[str, Any]:
    """Of a step, what says whether it runs and counts."""
    return {key: step[key] for key in ("if", "continue-on-error") if key in step}


def read_triggers(events: Any) -> frozenset[str]:
    """At what a workflow runs every time: events that take all branches and all files."""
    names = [events] if isinstance(events, str) else events or []
    found = set()
    for name in names:
        how = (names.get(name) if isinstance(names, dict) else None) or {}
        some = any(path != "**" for path in how.get("paths", ()))
        kinds = how.get("types", ["synchronize"])
        if name == "push" and not some and ("branches" in how or "tags" not in how):
            found.add(PUSH)
        if name in ("pull_request", "pull_request_target") and not some and "synchronize" in kinds:
            found.add(REQUEST)
    return frozenset(found)


def limit(part: dict[str, Any], when: frozenset[str]) -> frozenset[str]:
    """When a job or step runs and counts: never where it may fail, or a condition is its own."""
    if is_true(part.get("continue-on-error")):
        return frozenset()
    condition = str(part.get("if", "true"))
    if event := EVENT.fullmatch(condition):
        return when & {PUSH if event[2] == "push" else REQUEST}
    return when if ALWAYS.fullmatch(condition) else frozenset()


def read_matrix(job: dict[str, Any]) -> dict[str, list[Any]]:
    """The values of each name of a job's matrix."""
    matrix = (job.get("strategy") or {}).get("matrix")
    found: dict[str, list[Any]] = {}
    if isinstance(matrix, dict):
        rows = matrix.get("include")
        found = {name: [*values] for name, values in matrix.items() if isinstance(values, list)}
        for row in rows if isinstance(rows, list) else []:
            for name, value in row.items():
                found.setdefault(name, []).append(value)
    return found
