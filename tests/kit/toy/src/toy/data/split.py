"""`split`: by shares or by folds."""

from pathlib import Path

from dlproof import build, read_table
from dlproof.data import SPLITS, TEST, assign_by_shares, link_items, split


def run(cfg):
    """Writes `splits.csv`."""
    items = read_table(Path(cfg.paths.data_dir, "clean.csv"), "clean")
    strata = build(cfg.task).strata(items["label"])
    items = items.assign(stratum=strata, unit=link_items(items))
    if cfg.split.name == "kfold":
        share = (1 - cfg.split.test) / cfg.split.folds
        bins = {TEST: cfg.split.test} | {str(fold): share for fold in range(cfg.split.folds)}
    else:
        bins = {name: cfg.split[name] for name in SPLITS}
    history = split.recall(cfg, items, bins)
    items["kept"], warnings = split.find_kept(items, bins, history.was, cfg.split.moved)
    items["bin"] = assign_by_shares(items, bins, cfg.seed)
    return split.write(cfg, items, bins, history, warnings)
