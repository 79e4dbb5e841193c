"""`split`: assigns every usable item to train, validation or test in `data/splits.csv`."""

from pathlib import Path

import pandas as pd
from dlproof import Report, UserError, build, read_table
from dlproof.data import (
    SPLITS,
    TEST,
    assign_by_shares,
    assign_by_time,
    link_items,
    parse_times,
    read_assignment,
    split,
)
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Splits by the method that `split` names; items that belong together stay together.

    Items keep their split as long as method, shares and seed stay the same (except by `temporal`,
    where newer items move the cuts): remove `data/splits.csv` to split afresh.

    Raises:
        UserError: The shares do not sum to 1, there are too few items, the labels do not suit the
            task, or a time or a predefined split is faulty.
    """
    bins = choose_bins(cfg.split)
    items = gather(cfg)
    history = split.recall(cfg, items, bins)
    items["bin"], warnings = assign(items, cfg, bins, history.was)
    return split.write(cfg, items, bins, history, warnings)


def choose_bins(settings: DictConfig) -> dict[str, float]:
    """Bin -> share: the splits, or the test split and every fold; empty for `predefined`.

    Raises:
        UserError: The shares do not sum to 1, a bin would be empty, or there is no such fold.
    """
    if settings.name == "predefined":
        return {}
    if settings.name != "kfold":
        return split.check_shares({name: float(settings[name]) for name in SPLITS})
    if settings.fold >= settings.folds:
        raise UserError(
            f"split.fold={settings.fold} does not exist: {settings.folds} folds count from 0."
        )
    share = (1 - settings.test) / settings.folds
    folds = {str(fold): share for fold in range(settings.folds)}
    return split.check_shares({TEST: settings.test} | folds)


def gather(cfg: DictConfig) -> pd.DataFrame:
    """The usable items, with the columns that decide their splits.

    Returns:
        The items with `stratum`, whose shares every split keeps, and `unit`: near duplicates and
        items of one group (`data.group`, such as a patient) form one unit, which is never split.

    Raises:
        UserError: The labels do not suit the task, or a time is missing or does not parse.
    """
    items = read_table(Path(cfg.paths.data_dir, "clean.csv"), "clean")
    task = build(cfg.task)
    task.refuse_unsuitable(items["label"])  # before anything relies on them
    if cfg.data.time:
        parse_times(items)  # likewise, whatever the method
    elif cfg.split.name == "temporal":
        raise UserError("split=temporal needs to know when an item was taken: set data.time.")
    return items.assign(stratum=task.strata(items["label"]), unit=link_items(items))


def assign(
    items: pd.DataFrame, cfg: DictConfig, bins: dict[str, float], was: pd.Series
) -> tuple[pd.Series, list[str]]:
    """The bin of every item by the chosen method, empty if it is left out, and warnings.

    Raises:
        UserError: A time does not parse, a predefined split is faulty or lacks an item, or items
            that were tested would be trained on.
    """
    if cfg.split.name == "temporal":
        return assign_by_time(items, bins), []
    if cfg.split.name == "predefined":
        listed = read_table(Path(cfg.paths.data_dir, "items.csv"), "ingest")["id"]
        found = items["id"].map(read_assignment(Path(cfg.split.path), SPLITS, set(listed)))
        if found.isna().any():
            lost = items["id"][found.isna()].iloc[0]
            raise UserError(f"{cfg.split.path} has no row for {lost!r}: add one.")
        return found, []
    kept, warnings = split.find_kept(items, bins, was, cfg.split.moved)
    items = items.assign(kept=kept, **{"stratum": "all"} if cfg.split.name == "random" else {})
    found = assign_by_shares(items, bins, cfg.seed, cfg.split.per_class)
    return found, warnings + split.find_misses(found, items["stratum"], bins)
