"""`experiments`: what was tried, what came of it, how runs differ, and what people say of them."""

import argparse
from datetime import UTC, datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import yaml

from ..errors import UserError
from ..page import write_number
from ..subcommands import Commands, parse
from .experiments import PEOPLES, find_experiment, read_experiments, write_file
from .runs_page import write_runs_page

if TYPE_CHECKING:
    from ..project import Project

MAX_WORDS = 60  # characters of a change or a conclusion in the list
# Of a record, what two runs are compared by, besides metrics and config.
COMPARED = (
    "goal",
    "change",
    "architecture",
    "parameters",
    "dataset",
    "data_version",
    "seed",
    "commit",
    "dirty",
    "lock",
    "hardware",
    "status",
    "epochs",
    "seconds",
    "conclusion",
)


def run(arguments: list[str], project: "Project") -> None:
    """Runs one of the subcommands.

    Raises:
        UserError: There is no such run, or no run at all, or a record is damaged.
    """
    chosen = parse("experiments", __doc__, COMMANDS, arguments)
    chosen.function(project, chosen)


def list_runs(project: "Project", chosen: argparse.Namespace) -> None:
    """Prints a line a run, the best first, and rewrites the page."""
    cfg = project.compose()
    runs = read_experiments(project, cfg)
    if not runs:
        raise UserError("there are no runs yet: `train` makes the first one.")
    metric = cfg.task.metric
    rows = [["run", f"val/{metric}", "seconds", "status", "goal and change", "conclusion"]]
    for each in runs:
        record = each.record
        figures = [write_number(record.get(key)) for key in (f"best_val_{metric}", "seconds")]
        asked = [record.get(key) or f"no {key} given" for key in ("goal", "change")]
        told = "no goal or change given" if not any(map(record.get, ("goal", "change"))) else ""
        words = [told or "; ".join(asked), record.get("conclusion") or "none yet"]
        shown = [shorten(part, MAX_WORDS, placeholder=" …") for part in words]
        rows.append([each.name, *figures, record.get("status", "-"), *shown])
    print("\n".join(align(rows)))
    print(f"The page: {write_runs_page(project, cfg)}")


def show_run(project: "Project", chosen: argparse.Namespace) -> None:
    """Prints all that is kept of a run, and where the rest is."""
    cfg = project.compose()
    found = find_experiment(read_experiments(project, cfg), chosen.run)
    first = {key: found.record.get(key) or f"no {key} yet" for key in PEOPLES}
    content = {"id": found.name, **first, **found.record, **first, "config": found.settings}
    print(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), end="")
    if found.folder is None:
        print(f"Its folder is not in {cfg.paths.runs_dir}/: curves and checkpoints are elsewhere.")
        return
    log = found.folder / "metrics.csv"
    print(f"curves: {log if log.exists() else 'none, since nothing was logged'}")
    for name in ("config.yaml", "diff.patch"):
        print(f"{name}: {found.folder / name}")


def compare_runs(project: "Project", chosen: argparse.Namespace) -> None:
    """Prints side by side what two runs have in different: metrics, record and config."""
    cfg = project.compose()
    runs = read_experiments(project, cfg)
    one, other = find_experiment(runs, chosen.run), find_experiment(runs, chosen.other)
    if one is other:
        raise UserError(f"{one.name} is compared with itself: name two runs.")
    records = one.record, other.record
    best, metrics = f"best_val_{cfg.task.metric}", [r.get("metrics", {}) for r in records]
    names = sorted({name for found in metrics for name in found})
    parts = {
        "metrics": [[best, *(record.get(best) for record in records)]]
        + [[name, *(found.get(name) for found in metrics)] for name in names],
        "record": [[key, *(record.get(key) for record in records)] for key in COMPARED],
        "config": [[key, *pair] for key, pair in one.differences(other).items()],
    }
    rows = [["", one.name, other.name]]
    for title, found in parts.items():
        differing = [[f"  {key}", show(a), show(b)] for key, a, b in found if a != b]
        rows += [[title, "", ""], *(differing or [["  all the same", "", ""]])]
    print("\n".join(align(rows)))


def note_run(project: "Project", chosen: argparse.Namespace) -> None:
    """Writes people's words into a run's file, and rewrites the page."""
    cfg = project.compose()
    found = find_experiment(read_experiments(project, cfg), chosen.run)
    words = {key: getattr(chosen, key) for key in ("goal", "change", "conclusion")}
    words = {key: text.strip() for key, text in words.items() if text is not None}
    note = (chosen.text or "").strip()
    if not (note or words):
        told = "a text, --goal, --change or --conclusion"
        raise UserError(f"there is nothing to note of {found.name}: give {told}.")
    dated = [f"{datetime.now(UTC):%Y-%m-%d}: {note}"] if note else []
    notes = [*(found.record.get("notes") or []), *dated]
    write_file(found.path, {**PEOPLES, **found.record, **words, "notes": notes}, found.config)
    write_runs_page(project, cfg)
    print(f"experiments: noted in {found.path}; commit it")


def show(value: Any) -> str:
    """A cell: a number, or a text of one line, cut where it is long."""
    return shorten(write_number(value), MAX_WORDS, placeholder=" …")


def align(rows: list[list[str]]) -> list[str]:
    """Rows of a table in columns of one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return [line.rstrip() for line in lines]


RUN = {"help": "its id, the first characters of it, or `latest`"}
# Function -> name, summary, and its arguments.
COMMANDS: Commands = {
    list_runs: ("list", "list all runs, the best first, and write reports/runs.html", {}),
    show_run: ("show", "show all that is kept of a run", {"run": RUN}),
    compare_runs: ("compare", "show how two runs differ", {"run": RUN, "other": RUN}),
    note_run: (
        "note",
        "add a dated note to a run, or write its goal, change or conclusion",
        {
            "run": RUN,
            "text": {"nargs": "?", "help": "the note"},
            "--goal": {"metavar": "TEXT", "help": "what the run was for"},
            "--change": {"metavar": "TEXT", "help": "what differed from the run before"},
            "--conclusion": {"metavar": "TEXT", "help": "what follows from it"},
        },
    ),
}
