"""Trains the configured model; the best checkpoint becomes `models/model.ckpt`. Run: `train`."""

import torch
from dlproof import Report
from dlproof.training import open_run
from lightning.pytorch import Trainer, seed_everything
from omegaconf import DictConfig

from ..data.datamodule import open_data
from ..project import PROJECT
from .module import build_module


def run(cfg: DictConfig) -> Report:
    """Trains, keeps the record of the run, and reports the best epoch.

    `open_run` holds the run's lock, record and state. The block runs in every process of the run,
    what follows it only in the first.

    Raises:
        UserError: The data is not processed, the model does not build, or nothing was learned.
    """
    seed_everything(cfg.seed, workers=True, verbose=False)
    torch.set_float32_matmul_precision("high")  # TF32 on GPUs that have it
    data = open_data(cfg)
    with open_run(PROJECT, cfg, data) as going:
        trainer = Trainer(**going.options)
        module = build_module(going.cfg, data, trainer.world_size)
        if cfg.trainer.compile:
            module.network.compile()  # in place: torch.compile would change the weights' names
        trainer.fit(module, datamodule=data, ckpt_path=going.checkpoint, weights_only=True)
    return going.report(data)
