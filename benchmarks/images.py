"""Seconds, CPU seconds and memory of the six data stages on image files, and how they grow.

Run `python benchmarks/images.py`. The images are 64x64 JPEG and PNG files with the spectrum of
photographs in ten class folders, a tenth of them near copies. Each stage is a command of its own,
as a user runs it; its memory is the most that it and its workers held at once. Give
`--executor dask` (or `ray`) to send the work there, where that is installed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from near_duplicates import change_thumbnails, make_thumbnails
from PIL import Image
from projects import PACKAGE, generate, list_sources

SIZES = (5_000, 20_000)
STAGES = ("ingest", "explore", "clean", "labels", "split", "preprocess")
CLASSES, SIDE, PART, COPIES = 10, 64, 1_000, 0.1
POLL_SECONDS = 0.2


def write_images(root: Path, count: int) -> None:
    """Class folders of colour JPEG files and, every fourth, grey PNG files."""
    generator = np.random.default_rng(count)
    for number in range(CLASSES):
        (root / f"class {number}").mkdir(parents=True)
    for start in range(0, count, PART):
        scenes = make_thumbnails(PART, SIDE, generator)
        copies = int(PART * COPIES)
        scenes[-copies:] = change_thumbnails(scenes[:copies], generator)
        for number, scene in enumerate(scenes[: count - start], start):
            path = root / f"class {number % CLASSES}" / f"{number:07d}"
            if number % 4:
                image = Image.fromarray(np.stack([scene, scene, scene[::-1]], axis=-1))
                image.save(path.with_suffix(".jpg"), quality=90)
            else:
                Image.fromarray(scene).save(path.with_suffix(".png"), compress_level=1)


class Meter(threading.Thread):
    """Watches the memory of a process and those that it starts."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.most = psutil.Process(process), 0
        self.spent: dict[int, float] = {}  # CPU seconds of each process so far

    def run(self) -> None:
        """Until the process ends."""
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            self.most = max(self.most, sum(map(self.measure, self.list_processes())))
            time.sleep(POLL_SECONDS)

    def list_processes(self) -> list[psutil.Process]:
        """The process and those below it."""
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def measure(self, process: psutil.Process) -> int:
        """Bytes of a process; pages that several share count once, as a share of each."""
        try:
            self.spent[process.pid] = sum(process.cpu_times()[:2])
            return int(process.memory_full_info().pss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return 0


def run_stage(project: Path, stage: str, options: list[str]) -> tuple[float, float, float]:
    """Seconds, CPU seconds and gigabytes of one command; its line is printed."""
    command = [sys.executable, "-m", PACKAGE, stage, "data=folder", "data.root=data/raw/own"]
    path = os.pathsep.join(list_sources(project))
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    running = subprocess.Popen([*command, *options], cwd=project, env=environment)
    meter = Meter(running.pid)
    meter.start()
    if running.wait():
        sys.exit(f"{stage} failed")
    return time.perf_counter() - started, sum(meter.spent.values()), meter.most / 1e9


def main() -> None:
    """Measures every size, then prints the exponent of the growth of CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--executor", default="local")
    parser.add_argument("--stages", nargs="+", default=STAGES)
    arguments = parser.parse_args()
    found: dict[str, list[float]] = {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = generate(Path(folder), package_name=PACKAGE, data_type="image")
            write_images(project / "data" / "raw" / "own", size)
            for stage in arguments.stages:
                figures = run_stage(project, stage, [f"executor={arguments.executor}"])
                found.setdefault(stage, []).append(figures[1])
                found.setdefault("all", []).append(figures[0])
                print(f"{size:>9,} {stage:<11}{figures[0]:>8.1f} s{figures[1]:>8.1f} CPU s"
                      f"{figures[2]:>7.2f} GB", flush=True)  # fmt: skip
            total = sum(found.pop("all"))
            print(f"{size:>9,} {'all':<11}{total:>8.1f} s", flush=True)
    if len(arguments.sizes) > 1:
        for stage, times in found.items():
            exponent = np.polyfit(np.log(arguments.sizes), np.log(times), 1)[0]
            print(f"{stage:<21} exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
