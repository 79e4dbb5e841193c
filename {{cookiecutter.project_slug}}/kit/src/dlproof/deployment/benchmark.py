"""`benchmark`: how long the exported model takes, how many items a second, in how much memory."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from omegaconf import DictConfig

from ..report import Report
from ..types import Arrays
from .runtime import MODEL, Model, open_validation

if TYPE_CHECKING:
    from ..project import Project

WARM_UP_SHARE = 0.2  # of the repeats, run before and not counted
MEGABYTE = 1e6


def run(cfg: DictConfig, project: "Project") -> Report:
    """Measures every batch size of `benchmark.batches` on validation items."""
    process = psutil.Process()
    before = process.memory_info().rss
    model = Model(cfg.paths.models_dir)
    store, rows = open_validation(cfg.paths.data_dir, model.data_version)
    batches = {}
    peak = before
    for size in cfg.benchmark.batches:
        chosen = np.resize(rows, size)  # repeats items where the split is smaller
        measured = measure_batch(model, store.take(chosen), cfg.benchmark.repeats)
        memory = process.memory_info().rss
        batches[str(size)] = measured | {"memory_megabytes": round(memory / MEGABYTE, 1)}
        peak = max(peak, memory)
    one = model.data_type.read(store.items.iloc[rows[:1]])
    request = time_calls(lambda: model.predict(one), cfg.benchmark.repeats)
    best = max(batches, key=lambda size: batches[size]["items_per_second"])
    figures: dict[str, Any] = {
        "version": model.version,
        "cpu_cores": os.cpu_count(),
        "repeats": len(request),
        "warm_up": count_warm_ups(cfg.benchmark.repeats),
        "model_megabytes": round((Path(cfg.paths.models_dir) / MODEL).stat().st_size / MEGABYTE, 3),
        "batches": batches,
        "best_batch": int(best),
        "raw_item": describe_times(request),
        "memory_megabytes": {
            "before": round(before / MEGABYTE, 1),
            "peak": round(peak / MEGABYTE, 1),
        },
    }
    return Report(
        stage="benchmark",
        figures=figures,
        summary=f"one raw item in {figures['raw_item']['p50_ms']} ms, "
        f"at most {batches[best]['items_per_second']:,.0f} encoded items per second, {best} at "
        "once",
    )


def measure_batch(model: Model, arrays: Arrays, repeats: int) -> dict[str, float]:
    """Latency of one batch size, and items a second at its median."""
    seconds = time_calls(lambda: model.run(arrays), repeats)
    size = len(next(iter(arrays.values())))
    return describe_times(seconds) | {
        "items_per_second": round(size / float(np.median(seconds)), 1)
    }


def time_calls(call: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of each call, after a warm-up."""
    for _ in range(count_warm_ups(repeats)):
        call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


def count_warm_ups(repeats: int) -> int:
    """Calls that are not counted, since the first ones pay for allocation."""
    return max(1, round(repeats * WARM_UP_SHARE))


def describe_times(seconds: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    milliseconds = np.quantile(seconds, [0.5, 0.95, 0.99]) * 1000
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), milliseconds.round(3).tolist(), strict=True))
