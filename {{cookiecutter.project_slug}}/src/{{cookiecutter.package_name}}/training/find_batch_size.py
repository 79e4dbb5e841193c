"""The batch size from which on training gets no faster. Run: `find_batch_size`.

Real training steps are timed, with their loading, at `loader.batch_size` and at its doubles, until
items a second stop growing, memory is out, or a batch holds all training items.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.memory import is_oom_error
from omegaconf import DictConfig, OmegaConf

from ..errors import UserError
from ..report import Report
from .find_lr import ALONE, draw_curve
from .rate import set_rate
from .train import build_module, open_data
from .trainer import build_trainer

WARM_UP = 3  # steps that are not timed: memory is claimed, kernels are chosen
PICTURE = "find_batch_size.png"
Row = dict[str, Any]


class StepTimes(Callback):
    """Notes when each step is through, on the device too."""

    def __init__(self) -> None:
        self.ended: list[float] = []
        self.items: list[int] = []

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Waits for the device."""
        if module.device.type == "cuda":
            torch.cuda.synchronize(module.device)
        self.ended.append(time.perf_counter())
        self.items.append(len(batch["rows"]))


def run(cfg: DictConfig) -> Report:
    """Times steps at growing sizes and suggests one.

    Raises:
        UserError: Not even a batch of one item fits into memory.
    """
    items = len(open_data(cfg).targets)
    gain = cfg.find_batch_size.min_gain
    rows = climb(lambda size: time_steps(cfg, size), cfg.loader.batch_size, items, gain)
    best = choose(rows, gain)
    sizes, speeds = zip(*((r["batch_size"], r["items_per_second"]) for r in rows), strict=True)
    marks = {f"suggestion {best['batch_size']}": best["batch_size"]}
    path = Path(cfg.paths.reports_dir, PICTURE)
    draw_curve(path, sizes, speeds, marks, ("batch size", "items a second"))
    return Report(
        "find_batch_size",
        {"training_items": items, "sizes": rows, "suggestion": best["batch_size"]},
        pictures=[PICTURE],
        summary=f"{best['batch_size']} items a batch: {best['items_per_second']:,.0f} items a "
        f"second; loader.batch_size is {cfg.loader.batch_size} (another rate may suit: `find_lr`)",
    )


def climb(measure: Callable[[int], Row | None], size: int, most: int, gain: float) -> list[Row]:
    """Measures a size and its doubles while they gain; halves a first one that does not fit.

    Args:
        measure: Size -> its row, or None where memory is out.
        size: The first.
        most: No size is above it.
        gain: In items a second, as a share.

    Raises:
        UserError: No size fits.
    """
    rows: list[Row] = []
    size, limit = min(size, most), most + 1
    while 0 < size < limit and (len(rows) < 2 or choose(rows, gain) is rows[-1]):
        row = measure(size)
        if row is None and rows:
            break
        if row is None:
            limit, size = size, size // 2
        else:
            rows.append(row)
            size *= 2
    if not rows:
        raise UserError("no batch fits into memory: take a smaller model or items.")
    return rows


def choose(rows: list[Row], gain: float) -> Row:
    """The last row, unless it gains too little over the one before."""
    if len(rows) < 2:
        return rows[-1]
    before, last = rows[-2:]
    return last if last["items_per_second"] >= (1 + gain) * before["items_per_second"] else before


def time_steps(cfg: DictConfig, size: int) -> Row | None:
    """Median milliseconds of a step, items a second and peak memory; None where it is out."""
    own = set_rate(cfg, 0.0)  # all the work of a step, and weights that stay as they are
    OmegaConf.set_struct(own, False)
    own.callbacks, own.logger, own.resume, own.loader.batch_size = {}, {}, None, size
    steps = WARM_UP + cfg.find_batch_size.steps
    own.trainer.update(ALONE | {"max_steps": steps, "max_epochs": steps})
    own.trainer.accumulate_grad_batches = 1
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    gc.collect()  # what the size before has left
    torch.cuda.empty_cache()
    try:
        with TemporaryDirectory() as folder:
            trainer, data, times = build_trainer(own, Path(folder)), open_data(own), StepTimes()
            trainer.callbacks.append(times)  # type: ignore[attr-defined]
            device = trainer.strategy.root_device
            on_gpu = device.type == "cuda"
            if on_gpu:
                torch.cuda.reset_peak_memory_stats(device)
            trainer.fit(build_module(own, data, world_size=1), datamodule=data)
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or is_oom_error(error):
            return None
        raise
    seconds = float(np.median(np.diff(times.ended[WARM_UP - 1 :])))
    peak = torch.cuda.max_memory_allocated(device) / 1e6 if on_gpu else None
    return {
        "batch_size": size,
        "ms_a_step": 1e3 * seconds,
        "items_per_second": float(np.median(times.items)) / seconds,
        "peak_megabytes": peak,
    }
