"""Seconds, memory and growth of the six data stages on large tables.

Run `python benchmarks/tables.py`. A long table has 20 columns: numbers, whole numbers, categories
and dates, 2% of the cells missing; a wide one has 400 rows. Each stage is a process of its own, as
`pipeline` and DVC run it, so that its peak of memory is its own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from projects import PACKAGE, import_project

STAGES = ("ingest", "explore", "clean", "labels", "split", "preprocess")
SIZES = (100_000, 1_000_000)
BAR_SECONDS, BAR_MEGABYTES, BAR_EXPONENT = 90, 4_000, 1.1  # of a million rows, all stages together
WIDE_ROWS, WIDE_COLUMNS = 400, 2_000
MISSING = 0.02
DATES = ["data.drop=[visited,updated]", "data.time=visited"]


def write_long(path: Path, count: int) -> list[str]:
    """A table of 20 columns beside its target; returns the settings that it needs."""
    generator = np.random.default_rng(count)
    truth = generator.integers(0, 2, count)
    columns: dict[str, np.ndarray] = {}
    for number in range(8):
        columns[f"number_{number}"] = (generator.normal(size=count) + truth / 2).round(4)
    for number, most in enumerate((5, 50, 500, 100_000)):
        columns[f"whole_{number}"] = generator.integers(0, most, count).astype(float)
    for number, most in enumerate((2, 3, 5, 10, 20, 50)):
        columns[f"category_{number}"] = generator.integers(0, most, count)
    table = pd.DataFrame(columns)
    for name in table:
        cells = table[name]
        if name.startswith("whole"):
            cells = cells.astype(np.int64).astype("Int64")
        if name.startswith("category"):
            cells = "kind " + cells.astype(str)
        table[name] = cells.mask(generator.random(count) < MISSING)
    start = pd.Timestamp("2020-01-01")
    table["visited"] = start + pd.to_timedelta(np.arange(count) // 4, "min")
    table["updated"] = start + pd.to_timedelta(generator.integers(0, 900, count), "D")
    table["updated"] = (
        table["updated"].dt.strftime("%Y-%m-%d").mask(generator.random(count) < MISSING)
    )
    table["target"] = np.where(truth, "yes", "no")
    table.to_csv(path, index=False)
    return DATES


def write_wide(path: Path, columns: int) -> list[str]:
    """Numbers alone, of which one tells the target; returns the settings that it needs."""
    generator = np.random.default_rng(columns)
    truth = np.arange(WIDE_ROWS) % 2
    values = generator.normal(size=(WIDE_ROWS, columns)).round(4)
    values[:, 7] += 2 * truth
    table = pd.DataFrame(values, columns=[f"gene_{number}" for number in range(columns)])
    table.assign(target=np.where(truth, "yes", "no")).to_csv(path, index=False)
    return []


def measure(project: Path, stage: str, settings: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock and of the cores, and peak megabytes, of one stage.

    Where it fails, this process ends with its words.
    """
    command = [sys.executable, "-m", PACKAGE, stage, *settings]
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=project, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        told = output.read()
    if status:
        sys.exit(f"{stage} failed:\n{told[-3000:]}")
    megabytes = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    return seconds, used.ru_utime + used.ru_stime, megabytes


def run_stages(project: Path, label: str, settings: list[str]) -> float:
    """Runs every stage once and prints a row each; returns the seconds of cores of all together.

    Other work of the machine changes them little; by the clock it changes all.
    """
    settings = ["data=csv", "data.path=data/raw/table.csv", *settings]
    found = []
    for stage in STAGES:
        found.append(measure(project, stage, settings))
        print_row(label, stage, *found[-1])
    seconds, cores, megabytes = zip(*found, strict=True)
    print_row(label, "all", sum(seconds), sum(cores), max(megabytes))
    return sum(cores)


def print_row(label: str, stage: str, seconds: float, cores: float, megabytes: float) -> None:
    """Prints what one stage, or all of them, took."""
    print(
        f"{label:<16}{stage:<12}{seconds:>8.1f} s{cores:>8.1f} CPU s{megabytes:>8,.0f} MB",
        flush=True,
    )


def main() -> None:
    """Measures long tables of growing size, then a wide one, and holds them against the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="rows of long tables")
    parser.add_argument("--wide", type=int, default=WIDE_COLUMNS, help="columns; 0: none")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = import_project(Path(folder), data_type="tabular")
        path = project / "data" / "raw" / "table.csv"
        path.parent.mkdir(parents=True)
        times = []
        for count in chosen.sizes:
            settings = write_long(path, count)
            times.append(run_stages(project, f"{count:,} x 20", settings))
            (project / "data" / "splits.csv").unlink()
        if len(times) > 1:
            steps = np.diff(np.log(times)) / np.diff(np.log(chosen.sizes))
            print(
                f"exponent {steps[-1]:.2f} (CPU seconds, last step); bars: {BAR_SECONDS} s and "
                f"{BAR_MEGABYTES:,} MB for a million rows, exponent {BAR_EXPONENT}"
            )
        if chosen.wide:
            run_stages(project, f"{WIDE_ROWS} x {chosen.wide:,}", write_wide(path, chosen.wide))


if __name__ == "__main__":
    main()
