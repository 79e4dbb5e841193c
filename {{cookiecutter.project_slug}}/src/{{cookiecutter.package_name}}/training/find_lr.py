"""The learning-rate range test (Smith 2015, arXiv:1506.01186). Run: `find_lr`.

The configured model trains some steps, as `train` would train it, at rates that grow by the same
factor, until the loss is far above its best. Nothing of it is kept but the curve.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf

from ..errors import UserError
from ..files import atomic
from ..report import Report
from .rate import set_rate
from .train import build_module, open_data
from .trainer import build_trainer

SMOOTHING = 0.9  # of the moving average: about ten steps
DIVERGED = 4.0  # times the best smoothed loss, as in fastai and Lightning
FALLEN = 0.99  # share of the first loss, above which nothing was learned
PICTURE = "find_lr.png"
ALONE = {  # one process, no limits, no validation
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "limit_train_batches": 1.0,
    "limit_val_batches": 0,
    "overfit_batches": 0.0,
    "fast_dev_run": False,
}


class SmoothedLoss(Callback):
    """Keeps the moving average of the loss at every optimizer step; stops where it diverges."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._mean, self._parts = 0.0, list[float]()

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Notes a step once the batches that it accumulates are through."""
        self._parts.append(float(outputs["loss"]) * trainer.accumulate_grad_batches)
        if trainer.global_step == len(self.losses):
            return
        self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * float(np.mean(self._parts))
        self._parts = []
        smoothed = self._mean / (1 - SMOOTHING ** (len(self.losses) + 1))
        if smoothed <= DIVERGED * min(self.losses, default=math.inf):  # NaN is not
            self.losses.append(smoothed)
        else:
            trainer.should_stop = True


def rise(step: int, total: int, *, factor: float) -> float:
    """Schedule in closed form: from 1 to `factor`, by the same factor each step."""
    return float(factor ** (step / max(1, total - 1)))


def run(cfg: DictConfig) -> Report:
    """Measures the loss at growing rates and suggests one.

    Raises:
        UserError: The loss falls nowhere, or the range is empty.
    """
    low, high, steps = (cfg.find_lr[key] for key in ("low", "high", "steps"))
    if low >= high:
        raise UserError(f"find_lr.low={low:g} must lie below find_lr.high={high:g}.")
    own = make_quiet(set_rate(cfg, low))
    own.schedule = {"_target_": f"{__name__}.rise", "_partial_": True, "factor": high / low}
    # One process takes the batches of all, one after another, for each step.
    own.trainer.accumulate_grad_batches *= build_trainer(own, Path()).world_size
    seen = SmoothedLoss()
    train_alone(own, seen, steps)
    rates = [low * rise(step, steps, factor=high / low) for step in range(len(seen.losses))]
    start, middle, end = find_valley(seen.losses)
    if end - start < 2 or seen.losses[end] > FALLEN * seen.losses[0]:
        raise UserError(f"the loss falls at no rate from {low:g} to {high:g}: see `sanity`.")
    suggestion, chosen = float(f"{rates[middle]:.2g}"), cfg.optimizer.lr
    marks = {"suggestion": suggestion} | ({} if chosen == "auto" else {"optimizer.lr": chosen})
    labels = ("learning rate", "training loss, smoothed")
    draw_curve(Path(cfg.paths.reports_dir, PICTURE), rates, seen.losses, marks, labels)
    return Report(
        "find_lr",
        {
            "rates": rates,
            "losses": seen.losses,
            "valley": [rates[start], rates[end]],
            "suggestion": suggestion,
        },
        pictures=[PICTURE],
        summary=f"suggests {suggestion:g} for {cfg.optimizer.name}; optimizer.lr is {chosen}",
    )


def make_quiet(cfg: DictConfig) -> DictConfig:
    """A copy of the config in which nothing watches or records a run."""
    own = cfg.copy()
    OmegaConf.set_struct(own, False)
    own.callbacks, own.logger, own.resume = {}, {}, None
    own.trainer.enable_progress_bar = False
    return own


def train_alone(own: DictConfig, watcher: Callback, steps: int) -> Trainer:
    """Trains some steps in this process, with one callback; their weights are not kept."""
    own.trainer.update(ALONE | {"max_epochs": steps, "max_steps": steps})
    pl.seed_everything(own.seed, workers=True, verbose=False)
    with TemporaryDirectory() as folder:
        trainer, data = build_trainer(own, Path(folder)), open_data(own)
        trainer.callbacks.append(watcher)  # type: ignore[attr-defined]
        trainer.fit(build_module(own, data, world_size=1), datamodule=data)
    return trainer


def find_valley(losses: Sequence[float]) -> tuple[int, int, int]:
    """Start, middle and end of the loss's fall, by fastai's default method (`valley`, from ESRI).

    It ends where the longest sequence of ever lower losses ends, and is as many steps long as that
    has losses. Its middle is the rate to take: the loss falls there, far from diverging.
    """
    length = [1] * len(losses)
    for i, loss in enumerate(losses):
        length[i] += max((length[j] for j in range(i) if loss < losses[j]), default=0)
    end = int(np.argmax(length)) if losses else 0
    start = max(0, end - max(length, default=0))
    return start, (start + end) // 2, end


def draw_curve(path: Path, x: Any, y: Any, marks: dict[str, float], labels: Any) -> None:
    """Draws a curve over a logarithmic axis, with named places on it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    axes.plot(x, y, marker=".")
    for (name, place), colour in zip(marks.items(), ("tab:green", "black"), strict=False):
        axes.axvline(place, color=colour, linestyle="--", label=f"{name} {place:g}")
    axes.set(xscale="log", xlabel=labels[0], ylabel=labels[1])
    axes.legend()
    with atomic(path) as draft:
        figure.savefig(draft, dpi=90)
    plt.close(figure)
