"""The learning-rate range test (Smith 2015, arXiv:1506.01186). Run: `find_lr`.

The configured model trains some steps, as `train` would train it, at rates that grow by the same
factor, until the loss is far above its best. Nothing of it is kept but the curve. Lightning's
`Tuner.lr_find` suggests the steepest point of a curve that it hardly smooths: on five seeds of the
default network its rates are a decade apart, these a fifth of one.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf

from ..errors import UserError
from ..figure import figure, save
from ..report import Report
from .rate import set_rate
from .trainer import build_trainer

if TYPE_CHECKING:
    from ..project import Project

SMOOTHING = 0.9  # of the moving average that tells divergence: about ten steps
DIVERGED = 4.0  # times the best average, as in fastai and Lightning
FALLEN = 0.99  # share of the first loss, above which nothing was learned
UNDER_WAY = 0.25  # of the whole fall is done at the suggested rate
PICTURE = "find_lr.png"
ALONE = {  # one process, no limits, no validation, no profile
    "devices": 1,
    "num_nodes": 1,
    "strategy": "auto",
    "limit_train_batches": 1.0,
    "limit_val_batches": 0,
    "overfit_batches": 0.0,
    "fast_dev_run": False,
    "check_val_every_n_epoch": 1,
    "val_check_interval": None,
    **dict.fromkeys(("max_time", "min_epochs", "min_steps", "profiler")),
}


class LossCurve(Callback):
    """Keeps the loss of every optimizer step; stops where its moving average diverges."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._mean, self._best, self._parts = 0.0, math.inf, list[float]()

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Notes a step once the batches that it accumulates are through."""
        self._parts.append(float(outputs["loss"]) * trainer.accumulate_grad_batches)
        if trainer.global_step == len(self.losses):
            return
        loss, self._parts = float(np.mean(self._parts)), []
        self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * loss
        average = self._mean / (1 - SMOOTHING ** (len(self.losses) + 1))
        if average <= DIVERGED * self._best:  # NaN is not
            self._best = min(self._best, average)
            self.losses.append(loss)
        else:
            trainer.should_stop = True


def rise(step: int, total: int, *, factor: float) -> float:
    """Schedule in closed form: from 1 to `factor`, by the same factor each step."""
    return float(factor ** (step / max(1, total - 1)))


def run(cfg: DictConfig, project: "Project") -> Report:
    """Measures the loss at growing rates and suggests one.

    Raises:
        UserError: The loss falls nowhere or is NaN at once, or the range is empty.
    """
    low, high, steps = (cfg.find_lr[key] for key in ("low", "high", "steps"))
    if low >= high:
        raise UserError(f"find_lr.low={low:g} must lie below find_lr.high={high:g}.")
    own = make_quiet(set_rate(cfg, low))
    own.schedule = {"_target_": f"{__name__}.rise", "_partial_": True, "factor": high / low}
    # One process takes the batches of all, one after another, for each step.
    own.trainer.accumulate_grad_batches *= build_trainer(own, Path()).world_size
    seen = LossCurve()
    train_alone(project, own, seen, steps)
    if not seen.losses:
        raise UserError("the very first loss is NaN: see `sanity`.")
    rates = [low * rise(step, steps, factor=high / low) for step in range(len(seen.losses))]
    losses = smooth(seen.losses, (steps - 1) / math.log10(high / low))
    place, end = find_valley(losses)
    if not losses[end] < FALLEN * losses[0]:  # infinities neither
        raise UserError(f"the loss falls at no rate from {low:g} to {high:g}: see `sanity`.")
    suggestion, chosen = float(f"{rates[place]:.2g}"), cfg.optimizer.lr
    marks = {"suggestion": suggestion} | ({} if chosen == "auto" else {"optimizer.lr": chosen})
    labels = ("learning rate", "training loss, smoothed")
    picture = Path(cfg.paths.reports_dir, PICTURE)
    draw_curve(picture, rates, losses, marks, labels)
    report = Report(
        "find_lr",
        {
            "rates": rates,
            "losses": losses,
            "suggestion": suggestion,
        },
        summary=f"suggests {suggestion:g} for {cfg.optimizer.name}; optimizer.lr is {chosen}",
    )
    report.add_picture(picture)
    return report


def make_quiet(cfg: DictConfig) -> DictConfig:
    """A copy of the config in which nothing watches or records a run."""
    own = cfg.copy()
    OmegaConf.set_struct(own, False)
    own.callbacks, own.logger, own.resume = {}, {}, None
    own.trainer.enable_progress_bar = False
    return own


def train_alone(project: "Project", own: DictConfig, watcher: Callback, steps: int) -> Trainer:
    """Trains some steps in this process, with one callback; their weights are not kept."""
    own.trainer.update(ALONE | {"max_epochs": steps, "max_steps": steps})
    pl.seed_everything(own.seed, workers=True, verbose=False)
    with TemporaryDirectory() as folder:
        trainer, data = build_trainer(own, Path(folder)), project.open_data(own)
        trainer.callbacks.append(watcher)  # type: ignore[attr-defined]
        trainer.fit(project.build_module(own, data, world_size=1), datamodule=data)
    return trainer


def smooth(losses: Sequence[float], steps_per_decade: float) -> list[float]:
    """Means weighted over a decade of rates to either side, by a Hann window.

    A moving average looks back alone: of 100 steps over seven decades it lags by more than half a
    decade, and what it is late by goes into the suggestion.
    """
    reach = math.ceil(steps_per_decade)
    window = np.hanning(2 * reach + 3)[1:-1]  # whose ends are 0
    sums, weights = (
        np.convolve(values, window)[reach : reach + len(losses)]
        for values in (losses, np.ones(len(losses)))
    )
    return list(map(float, sums / weights))


def find_valley(losses: Sequence[float]) -> tuple[int, int]:
    """The step at whose rate the loss's fall is well under way, and the one where it ends.

    That is the last step before the end with less than a quarter of the fall behind it. A level is
    crossed at about the same rate on every seed and processor, where the steepest point, the lowest
    one or the longest descent jump about; and early in the fall, since a test this short needs
    higher rates for the same fall than training does.
    """
    end = int(np.argmin(losses))
    level = losses[0] - UNDER_WAY * (losses[0] - losses[end])
    return max((step for step in range(end) if losses[step] > level), default=0), end


def draw_curve(path: Path, x: Any, y: Any, marks: dict[str, float], labels: Any) -> None:
    """Draws a curve over a logarithmic axis, with named places on it."""
    canvas, axes = figure((7, 4.5))
    axes.plot(x, y, marker=".")
    for (name, place), colour in zip(marks.items(), ("tab:green", "black"), strict=False):
        axes.axvline(place, color=colour, linestyle="--", label=f"{name} {place:g}")
    axes.set(xscale="log", xlabel=labels[0], ylabel=labels[1])
    axes.legend()
    save(canvas, path, dpi=90)
