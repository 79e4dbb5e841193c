"""Faults of phase 2 in labels: nobody looks, or nothing would be seen."""

from pathlib import Path
from typing import Any

from faults.harness import TABLES, Fault, Workspace
from faults.problem import answer


def flip_labels_and_suspect_none(work: Workspace) -> None:
    """5% of the files move to the next class, and the detector sees nothing in any of them."""
    for path in sorted((work.root / "data/raw").rglob("*.png"))[::20]:
        label = (int(path.parent.name) + 1) % 10
        work.write(f"data/raw/{label}/moved-{path.parent.name}-{path.name}", path.read_bytes())
        path.unlink()
    suspect_none(work)
    work.run("ingest", "explore", "clean", "labels")


def suspect_none(work: Workspace) -> None:
    find = work.module("data.labels").find_suspects

    def find_nothing(*arguments: Any) -> Any:
        found, agreement = find(*arguments)
        return found.iloc[:0], agreement

    work.patch("data.labels", "find_suspects", find_nothing)


def suspect_none_in_a_table(work: Workspace) -> None:
    suspect_none(work)
    work.run("labels")


def relabel_a_checked_item(work: Workspace) -> None:
    """A picture of the signed sheet is another class now: another sheet, which nobody signed."""
    rows = Path("reports/labels_spot_check.csv").read_text().splitlines()
    item = rows[1].partition(",")[0]
    path = work.root / "data/raw" / item
    work.write(f"data/raw/9/{path.name[:-4]}-again.png", path.read_bytes())
    path.unlink()
    work.run("ingest", "explore", "clean", "labels")


def check_a_few(work: Workspace) -> None:
    work.charter(**{"data.label_check.checked": 5})


FAULTS = [
    Fault("DL-08.4", "5% of labels flipped, none suspected", flip_labels_and_suspect_none),
    Fault("DL-08.4", "none suspected", suspect_none_in_a_table, option_set=TABLES),
    Fault("DL-08.4", "another sheet than the signed one", relabel_a_checked_item),
    Fault("DL-08.4", "five checked", check_a_few),
    Fault("DL-08.4", "nobody signed", answer("data.label_check.how", "TODO"), becomes="to do"),
]
