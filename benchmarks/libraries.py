"""Own code beside a library that does the same: rich's tables, Lightning's Tuner, kornia.

Run `python benchmarks/libraries.py`; kornia is measured where it is installed. Each row is ours and
theirs in one process, one thread, in turns.
"""

import importlib.util
import io
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from projects import import_project, run_python

ROUNDS = 30
STAGES = ("ingest", "clean", "split", "preprocess")
SEEDS = range(5)


def time_in_turns(**calls: Callable[[], Any]) -> dict[str, float]:
    """Median milliseconds of each call, after one of each to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return {name: 1e3 * statistics.median(found) for name, found in seconds.items()}


def time_import(module: str) -> float:
    """Milliseconds of CPU until a fresh Python has imported a module."""
    code = f"import {module}, time; print(time.process_time())"
    empty = "import time; print(time.process_time())"
    whole, bare = (
        float(subprocess.run([sys.executable, "-c", c], capture_output=True, check=True).stdout)
        for c in (code, empty)
    )
    return 1e3 * (whole - bare)


def draw_tables(project: Any) -> None:
    """The checklist's table: ours, and rich's of the same rows."""
    from dlproof.checklist.bullets import load_checklist
    from dlproof.checklist.evidence import Evidence
    from dlproof.checklist.standing import judge_project
    from dlproof.checklist.text import draw_table
    from rich.console import Console
    from rich.table import Table

    standing = judge_project(load_checklist(), Evidence(project))

    def draw_with_rich() -> None:
        table = Table()
        for name in ("bullet", "item", "status", "figure"):
            table.add_column(name)
        for name, bullet in standing.checklist.bullets.items():
            verdict = standing.verdicts[name]
            table.add_row(name, bullet.item, verdict.status, verdict.figure)
        Console(file=io.StringIO(), width=160).print(table)

    found = time_in_turns(ours=lambda: draw_table(standing), theirs=draw_with_rich)
    print(
        f"| the checklist's table | {found['ours']:.1f} ms | rich: {found['theirs']:.1f} ms, and "
        f"{time_import('rich.console, rich.table'):.0f} ms to import it |"
    )


def suggest_rates(project: Any) -> None:
    """The rate for the default network on five seeds: `find_lr` and Lightning's `lr_find`."""
    from dlproof.training import find_lr

    ours, theirs = [], []
    for seed in SEEDS:
        cfg = project.compose([f"seed={seed}", "trainer=cpu"])
        ours.append(find_lr.run(cfg, project).figures["suggestion"])
        theirs.append(suggest_with_lightning(project, cfg))
    print(
        f"| spread of five seeds' rates | {spread(ours):.2f} decades ({min(ours):g} to "
        f"{max(ours):g}) | Tuner.lr_find: {spread(theirs):.2f} decades ({min(theirs):.2g} to "
        f"{max(theirs):.2g}) |"
    )


def spread(rates: Sequence[float]) -> float:
    """From the lowest to the highest, in powers of ten."""
    return math.log10(max(rates) / min(rates))


def suggest_with_lightning(project: Any, cfg: Any) -> float:
    """What `Tuner.lr_find` suggests over the same range and number of steps."""
    import lightning.pytorch as pl
    from dlproof.training import build_optimizer
    from generated.training.module import LitModel, group_parameters
    from lightning.pytorch.tuner import Tuner

    class Bare(LitModel):
        """Without the schedule, whose place the test's own takes."""

        lr = 1e-3

        def configure_optimizers(self) -> torch.optim.Optimizer:
            """The configured optimizer at the rate that the Tuner sets."""
            settings = self.hparams["optimizer"] | {"lr": self.lr}
            groups = group_parameters(self.network, settings["weight_decay"], self.dims)
            return build_optimizer(settings, list(groups))

    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    data = project.open_data(cfg)
    known = project.build_module(cfg, data, world_size=1).hparams
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    with tempfile.TemporaryDirectory() as folder:
        trainer = pl.Trainer(accelerator="cpu", max_epochs=100, default_root_dir=folder, **quiet)
        finder = Tuner(trainer).lr_find(
            Bare(**known),
            datamodule=data,
            min_lr=cfg.find_lr.low,
            max_lr=cfg.find_lr.high,
            num_training=cfg.find_lr.steps,
            update_attr=True,
            attr_name="lr",
        )
    return float(finder.suggestion())


def augment() -> None:
    """Crop, mirror, turn and light a batch: ours and kornia's, images a second."""
    if importlib.util.find_spec("kornia") is None:
        print("| augmentation | not measured | kornia is not installed |")
        return
    from generated.data.image_augment import ImageAugmentation
    from kornia import augmentation as kornia

    own = ImageAugmentation(
        {"task": {"classes": ["a", "b"]}},
        crop=0.125,
        flip=True,
        rotate_degrees=15,
        brightness=0.2,
        contrast=0.2,
        saturation=0.2,
    )
    other = kornia.AugmentationSequential(
        kornia.RandomCrop((32, 32), padding=4),
        kornia.RandomHorizontalFlip(),
        kornia.RandomRotation(15.0, p=1.0),
        kornia.ColorJitter(0.2, 0.2, 0.2, p=1.0),
        data_keys=["input"],
    )
    batch = torch.randint(0, 256, (128, 3, 32, 32), dtype=torch.uint8)
    found = time_in_turns(ours=lambda: own.change(batch), theirs=lambda: other(batch / 255))
    ours, theirs = (128e3 / found[whose] for whose in ("ours", "theirs"))
    print(f"| augmented images a second, 32x32 | {ours:,.0f} | kornia: {theirs:,.0f} |")


def main() -> None:
    """Prints a row a library."""
    warnings.filterwarnings("ignore")
    os.environ["TQDM_DISABLE"] = "1"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        project = import_project(Path(folder))
        for stage in STAGES:
            run_python(project, "-m", "generated", stage, environment=dict(os.environ))
        os.chdir(project)
        from generated.project import PROJECT

        print("| what | ours | the library's |\n| --- | --- | --- |")
        draw_tables(PROJECT)
        augment()
        suggest_rates(PROJECT)
        os.chdir(folder)


if __name__ == "__main__":
    main()
