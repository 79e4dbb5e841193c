"""The batch size from which on training gets no faster. Run: `find_batch_size`.

Real training steps are timed, with their loading, at `loader.batch_size` and at its doubles, until
items a second stop growing, memory is out, or a batch holds all training items.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from ..errors import UserError, is_out_of_memory
from ..report import Report
from .find_lr import draw_curve, make_quiet, train_alone
from .rate import set_rate

if TYPE_CHECKING:
    from ..project import Project

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


def run(cfg: DictConfig, project: "Project") -> Report:
    """Times steps at growing sizes and suggests one.

    Raises:
        UserError: Not even a batch of one item fits into memory.
    """
    items = len(project.open_data(cfg).targets)
    gain = cfg.find_batch_size.min_gain
    rows = climb(lambda size: time_steps(project, cfg, size), cfg.loader.batch_size, items, gain)
    best = choose(rows, gain)
    sizes, speeds = ([row[key] for row in rows] for key in ("batch_size", "items_per_second"))
    marks = {"suggestion": best["batch_size"], "loader.batch_size": cfg.loader.batch_size}
    labels = ("batch size", "items a second")
    picture = Path(cfg.paths.reports_dir, PICTURE)
    draw_curve(picture, sizes, speeds, marks, labels)
    report = Report(
        "find_batch_size",
        {"training_items": items, "sizes": rows, "suggestion": best["batch_size"]},
        summary=(
            f"{best['batch_size']} items per batch: {best['items_per_second']:,.0f} items per "
            f"second; loader.batch_size is {cfg.loader.batch_size} (the learning rate may need to "
            "change: `find_lr`)"
        ),
    )
    report.add_picture(picture)
    return report


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
        raise UserError("no batch fits into memory: use a smaller model or smaller items.")
    return rows


def choose(rows: list[Row], gain: float) -> Row:
    """The last row, unless it gains too little over the one before."""
    if len(rows) < 2:
        return rows[-1]
    before, last = rows[-2:]
    return last if last["items_per_second"] >= (1 + gain) * before["items_per_second"] else before


def time_steps(project: "Project", cfg: DictConfig, size: int) -> Row | None:
    """Median milliseconds of a step, items a second and peak memory; None where it is out."""
    own, times = make_quiet(set_rate(cfg, 0.0)), StepTimes()  # a step's work, and no divergence
    own.loader.batch_size, own.trainer.accumulate_grad_batches = size, 1
    gc.collect()  # what the size before has left
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        trainer = train_alone(project, own, times, WARM_UP + cfg.find_batch_size.steps)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            return None
        raise
    seconds = float(np.median(np.diff(times.ended[WARM_UP - 1 :])))
    on_gpu = trainer.strategy.root_device.type == "cuda"
    return {
        "batch_size": size,
        "ms_a_step": 1e3 * seconds,
        "items_per_second": float(np.median(times.items)) / seconds,
        "peak_megabytes": torch.cuda.max_memory_allocated() / 1e6 if on_gpu else None,
    }
