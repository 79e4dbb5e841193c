"""What `find_lr` and `ablate` measured: is the rate near it, does the table say what they found?"""

from dataclasses import replace
from math import log10
from pathlib import Path

import numpy as np

from ..config import to_plain, vary
from ..intervals import corrected_interval
from .evidence import Evidence
from .verdict import Finding, check_below

SHORTEST_CURVE = 10  # steps
DECADES, SPREAD = 1.0, 0.15  # to the suggestion, which varies with the seed and the processor
TOLERANCE = 1e-6


def rate_is_near_the_suggestion(project: Evidence) -> Finding:
    """The rate is within a decade of the range test's suggestion, which is on its curve's fall."""
    figures, chosen = project.figures("find_lr"), project.cfg.optimizer.lr
    rates, losses = figures.get("rates", []), figures.get("losses", [])
    suggestion = figures["suggestion"]
    if len(losses) < SHORTEST_CURVE or len(rates) != len(losses):
        return Finding(False, f"{suggestion:g} is suggested, but without a curve")
    if not rates[0] < suggestion < rates[int(np.argmin(losses))]:
        return Finding(False, f"the suggestion {suggestion:g} is not where the loss falls")
    if chosen == "auto":
        chosen = project.run["optimizer"]["lr"]
    apart = abs(log10(chosen / suggestion)) if chosen else float("inf")
    figure = f"optimizer.lr={chosen:g}, suggested {suggestion:g}: {apart:.2f} decades apart"
    found = check_below(apart, DECADES, SPREAD, figure, "find_lr.png")
    return replace(found, choices=("optimizer.lr",))


def augmentation_is_ablated(project: Evidence) -> Finding:
    """Training items are augmented, and runs without show by how much that helps."""
    name = project.cfg.augmentation.name
    row = project.figures("ablate")["components"].get("augmentation")
    if name == "none" or row is None:
        return Finding(False, f"augmentation={name}; no runs without it are compared")
    low, high = row["interval"]
    figure = f"{name} {row['verdict']}: {row['gain']:+.3g} [{low:.3g}, {high:.3g}]"
    return Finding(True, figure)


def every_component_is_taken_away(project: Evidence) -> Finding:
    """Each component that is on was left out once, on the seeds of the whole config."""
    figures, cfg = project.figures("ablate"), project.cfg
    rows, seeds = figures["components"], figures["seeds"]
    for name in cfg.ablate.components.keys() - rows.keys():
        own = vary(cfg, cfg.ablate.components[name])
        if own is not None and to_plain(own) != to_plain(cfg):
            return Finding(False, f"no runs without {name}")
    for name, row in rows.items():
        if row["seeds"] != seeds or len(row["scores"]) != len(figures["scores"]):
            return Finding(False, f"without {name}, other seeds were used than with everything")
        sign = 1 if cfg.task.mode == "max" else -1
        gains = sign * (np.array(figures["scores"]) - row["scores"])
        least = corrected_interval(gains, 0.0, cfg.evaluate.confidence)  # items add to it
        off = max(row["interval"][0] - least[0], least[1] - row["interval"][1])
        if max(off, abs(row["gain"] - gains.mean())) > TOLERANCE * (1 + abs(row["gain"])):
            return Finding(False, f"the gain of {name} does not follow from its scores")
    return Finding(len(seeds) > 1, f"without {', '.join(rows)}; {len(seeds)} seeds each")


def table_says_what_helped(project: Evidence) -> Finding:
    """The table has each component's verdict, as its interval has it."""
    figures = project.figures("ablate")
    path = Path(project.cfg.paths.reports_dir, "ablate.md")
    if not path.exists():
        return Finding(False, f"{path.as_posix()} is missing: run `ablate`")
    cells = [
        line.strip("| ").split(" | ")
        for line in project.file("ablate", path).read_text("utf-8").splitlines()
    ]
    told = {row[0]: row[-1] for row in cells if len(row) > 1}
    for name, row in figures["components"].items():
        low, high = row["interval"]
        least = figures["negligible"]
        verdict = "helped" if low > least else "hurt" if high < -least else "no effect"
        if told.get(name) != verdict:
            said = f"{name}: {told.get(name, 'nothing')}"
            return Finding(False, f"{said}, where [{low:.3g}, {high:.3g}] says {verdict}")
    return Finding(True, "; ".join(f"{name} {told[name]}" for name in figures["components"]))
