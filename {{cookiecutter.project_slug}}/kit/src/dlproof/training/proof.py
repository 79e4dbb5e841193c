"""Proves in a few steps that training repeats, resumes and stops as it should; in `sanity`."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch
from lightning.pytorch import LightningModule
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ..files import read_json
from .checkpoints import ResumeCheckpoint
from .guard import NonFiniteError
from .resume import find_checkpoint
from .trainer import build_trainer

if TYPE_CHECKING:
    from ..project import Project

BATCHES = 3  # an epoch, of two
ITEMS = 16  # a batch
POISONED = 2  # the step whose outputs become NaN
TRAINER = {
    "accelerator": "cpu",
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "sync_batchnorm": False,
    "precision": "32-true",
    "max_epochs": 2,
    "max_steps": -1,
    "accumulate_grad_batches": 1,
    "limit_train_batches": BATCHES,
    "limit_val_batches": 1,
    "overfit_batches": 0.0,
    "fast_dev_run": False,
    "detect_anomaly": False,
    "enable_progress_bar": False,
}


def prove_training(project: "Project", cfg: DictConfig) -> dict[str, Any]:
    """Two equal runs of two short epochs, the second once more from a state of it, and a NaN.

    Returns:
        `reproduces`: the two ended with the same weights, bit for bit; `resumes`: so did what went
        on from `resumed_at`; `stopped_at`: the step at which a NaN of step `poisoned_at` stopped
        the run, or None; `items_named`: of that step's batch.
    """
    short = shorten(cfg)
    data = project.open_data(short)
    steps = 2 * min(BATCHES, data.count_batches(world_size=1))
    resumed_at = max(1, steps - 2)
    short.callbacks.resume.every_n_train_steps = resumed_at
    with TemporaryDirectory() as folder:
        first = train_briefly(project, short, Path(folder, "first"))
        second = train_briefly(project, short, Path(folder, "second"))
        rest = train_briefly(project, short, Path(folder, "second"), goes_on=True)
        with suppress(NonFiniteError):
            train_briefly(project, short, Path(folder, "third"), poisoned=True)
        note = Path(folder, "third", "nonfinite.json")
        noted = read_json(note) if note.exists() else {"step": None, "items": []}
    return {
        "steps": steps,
        "reproduces": equal_weights(first, second),
        "resumed_at": resumed_at,
        "resumes": equal_weights(second, rest),
        "poisoned_at": POISONED,
        "stopped_at": noted["step"],
        "items_named": len(noted["items"]),
    }


def shorten(cfg: DictConfig) -> DictConfig:
    """The config with small batches and few steps on the CPU, watched only by what is proved."""
    short = OmegaConf.merge(cfg, {"trainer": TRAINER, "loader": {"num_workers": 0}})
    assert isinstance(short, DictConfig)
    OmegaConf.set_struct(short, False)
    short.loader.batch_size = min(ITEMS, cfg.loader.batch_size)
    short.logger = {}
    short.callbacks = {
        "gradient_norm": {"_target_": f"{__package__}.callbacks.GradientNorm"},
        "non_finite": {"_target_": f"{__package__}.guard.NonFiniteGuard"},
        "resume": {
            "_target_": f"{__package__}.checkpoints.{ResumeCheckpoint.__name__}",
            "every_seconds": 3600,
        },
    }
    return short


def train_briefly(
    project: "Project",
    cfg: DictConfig,
    folder: Path,
    *,
    goes_on: bool = False,
    poisoned: bool = False,
) -> dict[str, Tensor]:
    """Trains a module as `train` does, or resumes it.

    Returns:
        The weights after the last step.

    Raises:
        NonFiniteError: The guard stopped it.
    """
    start_afresh(cfg.seed)
    data = project.open_data(cfg)
    module = project.build_module(cfg, data, world_size=1)
    if poisoned:
        poison(module)
    trainer = build_trainer(cfg, folder)
    state = find_checkpoint(folder) if goes_on else None
    trainer.fit(module, datamodule=data, ckpt_path=state, weights_only=True)
    network: Any = module.network
    weights: dict[str, Tensor] = network.state_dict()
    return weights


def start_afresh(seed: int) -> None:
    """Seeds all generators, as `train` does before it builds the network."""
    pl.seed_everything(seed, workers=True, verbose=False)


def poison(module: LightningModule) -> None:
    """Makes the outputs of one training step NaN."""
    calls = iter(range(1, 100))

    def spoil(network: torch.nn.Module, _: Any, outputs: Tensor) -> Tensor:
        """NaN in place of the outputs of one step."""
        is_due = network.training and next(calls) == POISONED
        return outputs * float("nan") if is_due else outputs

    network: Any = module.network
    network.register_forward_hook(spoil)


def equal_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two sets of weights are the same bits."""
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)
