"""`baselines`."""

from dlproof import build
from dlproof.data import TRAIN, load_store
from dlproof.problem import baselines


def run(cfg):
    """Fits simple models."""
    data_type, task, store = build(cfg.data), build(cfg.task), load_store(cfg.paths.data_dir)
    rows = baselines.choose_rows(store.rows(TRAIN), cfg.baselines.max_items, cfg.seed)
    fitted = baselines.fit_all(store, data_type, task, rows, task.baselines(cfg.seed))
    return baselines.report(cfg, store, task, fitted, {})
