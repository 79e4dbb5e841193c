"""Tampering with the runs of a copy: their records and their logs."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from faults.harness import Workspace

Rows = list[dict[str, str]]


def current_run(work: Workspace) -> str:
    """The run that made the model."""
    return work.module("report").load_report("train", "reports").figures["run"]


def change_record(work: Workspace, change: Callable[[dict[str, Any]], Any]) -> None:
    """Changes the record of the current run."""
    path = f"runs/{current_run(work)}/record.json"
    record = json.loads((work.root / path).read_text())
    change(record)
    work.write(path, json.dumps(record))


def add_run(work: Workspace, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Adds a run like the current one, changed, that started on the day its name says."""
    source = work.root / "runs" / current_run(work)
    record = json.loads((source / "record.json").read_text())
    day = name.removeprefix("exp-").rpartition("-")[0]
    record |= {"id": name, "started": f"{day}T00:00:00+00:00"}
    change(record)
    for file in ("config.yaml", "diff.patch"):
        work.write(f"runs/{name}/{file}", (source / file).read_bytes(), settled=False)
    work.write(f"runs/{name}/record.json", json.dumps(record))
    task = work.project.compose().task
    work.module("training.runs_page").write_runs_page("runs", "reports", task)
    work.settle("reports/runs.html")


def change_log(work: Workspace, change: Callable[[Rows], Any]) -> None:
    """Changes the rows of the current run's log."""
    path = f"runs/{current_run(work)}/metrics.csv"
    rows = list(csv.DictReader(io.StringIO((work.root / path).read_text())))
    change(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    work.write(path, text.getvalue())


def rows_with(rows: Rows, column: str) -> Rows:
    """The rows in which a column has a value, in order of epochs."""
    return [row for row in rows if row[column]]
