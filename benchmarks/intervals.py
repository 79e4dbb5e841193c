"""Seconds of all metrics' bootstrap intervals, and how they grow with the items.

Run `python benchmarks/intervals.py`: ten classes and numbers, 1,000 draws each, beside scipy's
bootstrap of one metric by scikit-learn, which is called once a draw.
"""

import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
from projects import PACKAGE, import_project
from scipy import stats
from sklearn.metrics import f1_score

SIZES = (1_000, 10_000, 100_000)
CLASSES, RESAMPLES, CONFIDENCE = 10, 1_000, 0.95
BAR_SECONDS = 20  # of 10,000 items, all intervals of `evaluate`


def make_classes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets (N,) and float32 probabilities (N, classes) of which two thirds are right."""
    generator = np.random.default_rng(count)
    targets = generator.integers(CLASSES, size=count)
    outputs = generator.normal(size=(count, CLASSES)) + 2 * np.eye(CLASSES)[targets]
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    return targets, shares.astype(np.float32)


def make_numbers(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets (N,) and predictions (N,) with an error."""
    generator = np.random.default_rng(count)
    targets = generator.normal(size=count)
    return targets, targets + generator.normal(size=count) / 2


def measure(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def call_each(targets: np.ndarray, predictions: np.ndarray) -> None:
    """Macro F1's interval by scipy and scikit-learn."""
    chosen = predictions.argmax(axis=1)
    stats.bootstrap(
        (np.arange(len(targets)),),
        lambda rows: f1_score(targets[rows], chosen[rows], average="macro"),
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
    )


def main() -> None:
    """Prints a row for each size, and the exponents of growth."""
    with tempfile.TemporaryDirectory() as folder:
        import_project(Path(folder))
        from dlproof.intervals import bootstrap_all
        from dlproof.tasks import mae, mse, r2, rmse

        task = import_module(f"{PACKAGE}.problem.classification").Classification
        scores = [metric.score for metric in task.METRICS.values()]
        how = {"resamples": RESAMPLES, "confidence": CONFIDENCE, "seed": 0}
        times = []
        print(f"{'items':>8}{'classes, s':>12}{'numbers, s':>12}{'scipy, macro F1 alone, s':>26}")
        for count in SIZES:
            data, numbers = make_classes(count), make_numbers(count)
            times.append(measure(lambda data=data: bootstrap_all(scores, *data, **how)))
            four = measure(
                lambda numbers=numbers: bootstrap_all([mae, mse, rmse, r2], *numbers, **how)
            )
            theirs = measure(lambda data=data: call_each(*data)) if count <= 10_000 else np.nan
            print(f"{count:>8,}{times[-1]:>12.2f}{four:>12.2f}{theirs:>26.2f}", flush=True)
        steps = np.diff(np.log(times)) / np.diff(np.log(SIZES))
        print(
            f"exponents {', '.join(f'{step:.2f}' for step in steps)}; bar {BAR_SECONDS} s at 10,000"
        )


if __name__ == "__main__":
    main()
