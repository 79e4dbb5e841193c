"""`benchmark`: how long the exported model takes, how many items a second, in how much memory."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from omegaconf import DictConfig

from ..data.types import Arrays
from ..report import Report
from .runtime import MODEL, Model, open_validation

WARM_UP_SHARE = 0.2  # of the repeats, run before and not counted
MEGABYTE = 1e6


def run(cfg: DictConfig) -> Report:
    """Measures every batch size of `benchmark.batches` on validation items."""
    process = psutil.Process()
    before = process.memory_info().rss
    model = Model(cfg.paths.models_dir)
    store, rows = open_validation(cfg.paths.data_dir, model.data_version)
    batches = {}
    peak = before
    for size in cfg.benchmark.batches:
        chosen = np.resize(rows, size)  # repeats items where the split is smaller
        batches[str(size)] = measure_batch(model, store.take(chosen), cfg.benchmark.repeats)
        peak = max(peak, process.memory_info().rss)
    one = model.data_type.read(store.items.iloc[rows[:1]])
    request = time_calls(lambda: model.predict(one), cfg.benchmark.repeats)
    figures: dict[str, Any] = {
        "version": model.version,
        "cpu_cores": os.cpu_count(),
        "model_megabytes": round((Path(cfg.paths.models_dir) / MODEL).stat().st_size / MEGABYTE, 3),
        "batches": batches,
        "raw_item": describe_times(request),
        "memory_megabytes": {
            "before": round(before / MEGABYTE, 1),
            "peak": round(peak / MEGABYTE, 1),
        },
    }
    fastest = max(batch["items_per_second"] for batch in batches.values())
    return Report(
        stage="benchmark",
        figures=figures,
        summary=f"one raw item in {figures['raw_item']['p50_ms']} ms, "
        f"at most {fastest:,.0f} encoded items a second",
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
    for _ in range(max(1, round(repeats * WARM_UP_SHARE))):
        call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


def describe_times(seconds: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    milliseconds = np.quantile(seconds, [0.5, 0.95, 0.99]) * 1000
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), milliseconds.round(3).tolist(), strict=True))
