"""`reports/runs.html`: every run in one table, the best first; `train` rewrites it."""

import html
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from ..files import atomic
from ..page import write_number
from .runs import read_records

COLUMNS = {
    "id": "run",
    "change": "change",
    "architecture": "model",
    "parameters": "parameters",
    "dataset": "data",
    "batch_size": "batch",
    "epochs": "epochs",
    "seconds": "seconds",
    "seed": "seed",
    "status": "status",
}
format_cell = partial(write_number, nothing="-")
STYLE = (
    ":root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{margin:1.5rem}"
    "div{overflow-x:auto}table{border-collapse:collapse}caption{text-align:left;padding:.5rem 0}"
    "th,td{text-align:left;padding:.3rem .7rem;border-bottom:1px solid #8885;vertical-align:top}"
)


def write_runs_page(runs_dir: str | Path, reports_dir: str | Path, task: DictConfig) -> Path:
    """Writes the page, sorted by the task's metric on validation."""
    metric = f"best_val_{task.metric}"
    sign = -1 if task.mode == "max" else 1

    def rank(record: dict[str, Any]) -> tuple[bool, float]:
        value = record.get(metric)
        return value is None, sign * (value or 0.0)

    rows = "\n".join(
        row([record["id"], format_cell(record.get(metric)), *cells(record)])
        for record in sorted(read_records(runs_dir), key=rank)
    )
    names = list(COLUMNS.values())
    head = row([names[0], f"best val/{task.metric}", *names[1:], "items/s", "rate", "commit"], "th")
    path = Path(reports_dir) / "runs.html"
    with atomic(path) as draft:
        draft.write_text(
            '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>Runs</title><style>{STYLE}</style>\n<h1>Runs</h1>\n"
            f"<div><table><caption>The best val/{task.metric} first; each run's folder below "
            f"<code>{html.escape(str(runs_dir))}/</code> has its config and curves.</caption>\n"
            f"<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody></table></div></html>\n",
            encoding="utf-8",
        )
    return path


def cells(record: dict[str, Any]) -> list[str]:
    """The cells of a run after its id and metric."""
    shown = [format_cell(record.get(key)) for key in list(COLUMNS)[1:]]
    items = format_cell(record.get("metrics", {}).get("train/items_per_second"))
    commit = (record.get("commit") or "-")[:8] + (" and a change" if record.get("dirty") else "")
    return [*shown, items, format_cell(record["optimizer"]["lr"]), commit]


def row(values: list[str], tag: str = "td") -> str:
    """One line of the table."""
    return "<tr>" + "".join(f"<{tag}>{html.escape(value)}</{tag}>" for value in values) + "</tr>"
