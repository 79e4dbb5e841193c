"""Faults in what `ablate` compared: runs left out, other seeds, another table."""

from typing import Any

from faults.harness import Fault, Workspace


def forget(component: str):
    """A fault that leaves a component's runs out."""

    def apply(work: Workspace) -> None:
        work.edit_report("ablate", lambda figures: figures["components"].pop(component))

    return apply


def change_row(component: str, **values: Any):
    """A fault that changes what was found for a component."""

    def apply(work: Workspace) -> None:
        work.edit_report("ablate", lambda found: found["components"][component].update(values))

    return apply


def shorten_the_interval(work: Workspace) -> None:
    def change(figures: dict[str, Any]) -> None:
        row = figures["components"]["dropout"]
        row["interval"] = [row["gain"] + 0.01, row["gain"] + 0.02]

    work.edit_report("ablate", change)


def skip_what_is_on(work: Workspace) -> None:
    """As if `ablate` took every component for one that is off, and none were left."""

    def change(figures: dict[str, Any]) -> None:
        figures["left_out"] |= dict.fromkeys(figures["components"], "off already")
        figures["components"] = {}

    work.edit_report("ablate", change)


def lose_the_table(work: Workspace) -> None:
    work.remove("reports/ablate.md")


def praise_without_support(work: Workspace) -> None:
    lines = (work.root / "reports" / "ablate.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith("| weight_decay |"))
    said = row.rpartition(" | ")[2]
    other = "hurt |" if said.startswith("helped") else "helped |"
    work.edit("reports/ablate.md", row, row.removesuffix(said) + other)


FAULTS = [
    Fault("DL-18.4", "no runs without augmentation", forget("augmentation"), also=("DL-32.1",)),
    Fault("DL-32.1", "a component never left out", forget("weight_decay")),
    Fault("DL-32.1", "other seeds without it", change_row("dropout", seeds=[1, 2])),
    Fault(
        "DL-32.1",
        "an interval that the seeds do not give",
        shorten_the_interval,
        also=("DL-32.2",),
    ),
    Fault("DL-32.1", "all taken for off", skip_what_is_on, also=("DL-18.4",)),
    Fault("DL-32.2", "no table", lose_the_table),
    Fault("DL-32.2", "a verdict without support", praise_without_support),
]
