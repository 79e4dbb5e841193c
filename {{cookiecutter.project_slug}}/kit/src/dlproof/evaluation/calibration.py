"""What turns a trained model's predictions into answers: fitted on validation, at each use anew.

Evaluation and export both ask for it, so that what is scored is what is served.
"""

from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from ..charter.costs import read_costs
from ..data.store import VALIDATION, Store
from ..task import Task
from ..types import State
from .predictions import BuildNetwork, choose_device, predict

# What a calibrated state of a task has, costs aside.
CALIBRATED = ("temperature", "thresholds", "half_width", "confidence")


def calibrate(cfg: DictConfig, store: Store, task: Task, build_network: BuildNetwork) -> State:
    """What to add to the state of the task of `models/model.ckpt`, see `Task.calibrate`.

    Raises:
        UserError: The charter's costs do not suit the classes.
    """
    classes = store.state["task"].get("classes")
    costs = read_costs(classes) if classes else None
    path, rows = Path(cfg.paths.models_dir, "model.ckpt"), store.rows(VALIDATION)
    device = choose_device(cfg.trainer.accelerator)
    predictions, _ = predict(path, store, rows, task, build_network, device)
    targets = np.asarray(store.targets[rows])
    return task.calibrate(targets, predictions, costs, cfg.calibrate.confidence)
