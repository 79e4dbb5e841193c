"""Checks of the ML Test Score's model section that no bullet of the checklist makes."""

from pathlib import Path

from omegaconf import OmegaConf

from ..cheatsheet import load_cheatsheet
from .evidence import Evidence
from .verdict import Finding

FEWEST_TRIALS, FEWEST_KEYS, FEWEST_SHARES = 8, 3, 3
SHEET, TUNED = Path("configs/cheatsheet.yaml"), Path("configs/experiment/tuned.yaml")


def hyperparameters_are_tuned(project: Evidence) -> Finding:
    """A search on validation over whole ranges of the cheat sheet; its winner is at hand or in use.

    Where the config has taken the winner's values over, the search is held against the config
    with the values from before.
    """
    figures = project.raw_report("tune").figures
    best, default = figures["best"], figures["default"]
    used = {key: OmegaConf.select(project.cfg, key) for key in best["values"]}
    if used == best["values"] != default["values"]:
        before = Evidence(project.project)
        asked = {key: value for key, value in default["asked"].items() if key in best["values"]}
        values = (default["values"] | asked).items()
        before.cfg = project.project.compose(
            [f"{key.removesuffix('.name')}={value}" for key, value in values]
        )
        before.figures("tune")
    else:
        project.figures("tune")
    rows = {key: row for row in load_cheatsheet(SHEET) for key in row["keys"]}
    whole = [
        key
        for key, ends in figures["space"].items()
        if "options" in rows[key] or [ends[0], ends[-1]] == rows[key]["range"]
    ]
    done = [trial for trial in figures["trials"] if trial["state"] != "fail"]
    at_hand = used == best["values"] or TUNED.exists()
    told = f"{figures['metric']} {best['value']:.4g}, best of {len(done)} trials over {len(whole)} "
    told += "whole ranges; " + ("in use" if used == best["values"] else str(TUNED))
    enough = len(done) >= FEWEST_TRIALS and len(whole) >= FEWEST_KEYS
    on_validation = figures["metric"] == f"val/{project.cfg.task.metric}"
    return Finding(enough and at_hand and on_validation, told + ("" if at_hand else " is gone"))


def effect_of_an_old_model_is_known(project: Evidence) -> Finding:
    """Older or smaller shares of the training items were trained on, and judged on the newest.

    Where items have a time, the oldest ones; and validation then is newer than all of them.
    """
    figures = project.figures("staleness")
    rows, by = figures["shares"], "time" if project.cfg.data.time else "share"
    shares, items = [row["share"] for row in rows], project.figures("preprocess")["items"]
    if figures["by"] != by or shares != sorted(shares) or len(rows) < FEWEST_SHARES:
        return Finding(False, f"{len(rows)} shares by {figures['by']}, in place of by {by}")
    if rows[-1]["train_items"] != items["train"] or figures["items"] != items["validation"]:
        return Finding(False, "the largest share is not the whole training split")
    low, high = rows[0]["interval"]
    which = f"the oldest {shares[0]:.0%}" if by == "time" else f"{shares[0]:.0%}"
    told = (
        f"{figures['metric']} worse by {rows[0]['gain']:.4g} [{low:.4g}, {high:.4g}] with {which}"
    )
    if by == "time" and project.cfg.split.name != "temporal":
        return Finding(False, f"{told}; split=temporal would judge it on the newest items")
    return Finding(True, f"{told} of the training items", "staleness.png")
