"""Items a second of an augmented epoch at 32x32: whole batches against one item at a time.

Run `python benchmarks/loading.py`. Both sides make the same changes and draw them anew for each
item. The other side is the data module of lightning-hydra-template: a torchvision data set of
images, transforms an item, the default collate, a `DataLoader` with batches of 64.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import chdir
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image
from projects import import_project, write_processed
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

BATCH_SIZE = 64
MEAN, STD = [0.5] * 3, [0.25] * 3
STATE = {
    "data": {"mean": MEAN, "std": STD, "shapes": {"image": [3, 32, 32]}},
    "task": {"classes": list(range(10))},
}
BASIC = {"crop": 0.125, "flip": True, "brightness": 0.1, "contrast": 0.1}
SETS = {
    "crop, flip, brightness, contrast": BASIC,
    "... and turn and zoom": BASIC | {"rotate_degrees": 10.0, "scale": 0.1},
}
Epoch = Callable[[], Iterable[torch.Tensor]]


class PerItem(Dataset):
    """Images in memory, transformed one by one, as torchvision's own data sets are."""

    def __init__(self, images: np.ndarray, settings: dict) -> None:
        self.images = images.transpose(0, 2, 3, 1).copy()
        changes = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        if "rotate_degrees" in settings:
            changes.append(transforms.RandomAffine(10, scale=(0.9, 1.1)))
        self.transform = transforms.Compose(
            [
                *changes,
                transforms.ColorJitter(settings["brightness"], settings["contrast"]),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """One transformed image and a label."""
        return self.transform(Image.fromarray(self.images[index])), 0


def make_batchwise(images: np.ndarray, settings: dict, threads: int) -> Epoch:
    """The generated project's loader, augmentation and normaliser; within it."""
    import pandas as pd
    from generated.data.datamodule import SplitData
    from generated.data.image_augment import ImageAugmentation
    from generated.model.image_normaliser import ImageNormaliser
    from generated.project import PROJECT

    cfg = PROJECT.compose([f"loader.batch_size={BATCH_SIZE}", "loader.num_workers=0"])
    items, targets = pd.DataFrame({"split": ["train"] * len(images)}), np.zeros(len(images), int)
    write_processed(Path(cfg.paths.data_dir), items, {"image": images}, targets, STATE)
    data = SplitData(cfg)
    augment, normalise = ImageAugmentation(STATE, **settings), ImageNormaliser(STATE["data"])

    def epoch() -> Iterable[torch.Tensor]:
        torch.set_num_threads(threads)
        for batch in data.train_dataloader():
            inputs, _ = augment(batch["inputs"], batch["targets"])
            yield normalise(**inputs)[0]

    return epoch


def make_peritem(images: np.ndarray, settings: dict, workers: int) -> Epoch:
    """The other template's loader; its workers stay between epochs, to its favour."""
    loader = DataLoader(
        PerItem(images, settings),
        BATCH_SIZE,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    return lambda: (batch for batch, _ in loader)


def measure(epoch: Epoch) -> tuple[float, float]:
    """Items of one epoch a second, and a second of a core: a busy machine changes that less."""
    started, worked = time.perf_counter(), count_work()
    items = sum(len(batch) for batch in epoch())
    return items / (time.perf_counter() - started), items / (count_work() - worked)


def count_work() -> float:
    """Seconds that cores have spent on this process and its workers."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


def compare(contenders: dict[str, Epoch], rounds: int) -> None:
    """Prints each one's best rates of rounds that alternate, and how many times the best is."""
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):  # the first starts the workers
        for name, epoch in contenders.items():
            rates[name].append(measure(epoch))
    best = {name: np.max(values[1:], axis=0) for name, values in rates.items()}
    ours = np.max([rate for name, rate in best.items() if name.startswith("batch-wise")], axis=0)
    print(f"  {'':<24}{'items/s':>10}{'ours':>8}{'items/core-s':>16}{'ours':>8}")
    for name, (rate, by_core) in best.items():
        times, by_core_times = ours / (rate, by_core)
        print(f"  {name:<24}{rate:>10,.0f}{times:>7.1f}x{by_core:>16,.0f}{by_core_times:>7.1f}x")


def main() -> None:
    """Compares both sides, each as it is fastest, for both sets of changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    shape = (arguments.items, 3, 32, 32)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder, chdir(import_project(Path(folder))):
        for name, settings in SETS.items():
            ours, theirs = (partial(f, images, settings) for f in (make_batchwise, make_peritem))
            contenders = {f"batch-wise, {n} threads": ours(n) for n in sorted({1, cores})}
            contenders |= {f"per item, {n} workers": theirs(n) for n in (0, cores)}
            print(f"{name}, on {cores} cores:")
            compare(contenders, arguments.rounds)


if __name__ == "__main__":
    main()
