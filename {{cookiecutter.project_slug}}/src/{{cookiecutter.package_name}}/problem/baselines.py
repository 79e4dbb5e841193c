"""`baselines`: what chance, a constant and classical models reach on the validation split."""

from dlproof import DataType, Report, Task, build
from dlproof.data import TRAIN, load_store
from dlproof.model import probe_backbone
from dlproof.problem import baselines
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Fits each baseline on train, scores it on validation and keeps the fitted estimators.

    The task's `baselines` says which models; this stage decides what they see: at most
    `baselines.max_items` training items, and never the test split.
    """
    data_type: DataType = build(cfg.data)
    task: Task = build(cfg.task)
    store = load_store(cfg.paths.data_dir)
    rows = baselines.choose_rows(store.rows(TRAIN), cfg.baselines.max_items, cfg.seed)
    fitted = baselines.fit_all(store, data_type, task, rows, task.baselines(cfg.seed))
    pretrained = probe_backbone(cfg, store, task, rows)
    return baselines.report(cfg, store, task, fitted, pretrained)
