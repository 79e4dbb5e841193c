"""`train`."""

import lightning.pytorch as pl
from dlproof.training import open_run

from .data.loaders import open_data
from .module import build_module
from .project import PROJECT


def run(cfg):
    """Trains and keeps the best epoch."""
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    data = open_data(cfg)
    with open_run(PROJECT, cfg, data) as going:
        trainer = pl.Trainer(**going.options)
        module = build_module(going.cfg, data, trainer.world_size)
        if cfg.trainer.compile:
            module.network.compile()
        trainer.fit(module, datamodule=data, ckpt_path=going.checkpoint, weights_only=True)
    return going.report(data)
