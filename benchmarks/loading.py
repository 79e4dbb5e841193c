"""Items a second of an augmented epoch at 32x32: whole batches against one item at a time.

Run `python benchmarks/loading.py`. Both sides draw their augmentation anew for each item.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from cookiecutter.main import cookiecutter
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

TEMPLATE = Path(__file__).resolve().parents[1]
BATCH_SIZE = 64
STATE = {"shapes": {"image": [3, 32, 32]}, "mean": [0.5] * 3, "std": [0.25] * 3}
SETTINGS = {
    "shift": 0.1,
    "rotate_degrees": 10.0,
    "scale": 0.1,
    "brightness": 0.1,
    "contrast": 0.1,
    "flip": True,
}


class PerItem(Dataset):
    """Images in memory, transformed one by one."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.transform = v2.Compose(
            [
                v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1)),
                v2.RandomHorizontalFlip(),
                v2.ColorJitter(brightness=0.1, contrast=0.1),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([0.5] * 3, [0.25] * 3),
            ]
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """One transformed image and a label."""
        return self.transform(Image.fromarray(self.images[index].transpose(1, 2, 0))), 0


def import_project(folder: Path) -> None:
    """Generates a project and makes its package importable."""
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        default_config=True,
        output_dir=str(folder),
        extra_context={"package_name": "generated"},
    )
    sys.path.insert(0, str(Path(project) / "src"))


def make_batchwise(images: np.ndarray) -> Callable[[], Iterable[torch.Tensor]]:
    """The generated project's loader, augmentation and normaliser."""
    import pandas as pd
    from generated.data.augment import ImageAugmentation
    from generated.data.balance import Balance
    from generated.data.load import SplitData
    from generated.data.store import Store
    from generated.model.normaliser import ImageNormaliser

    items = pd.DataFrame({"split": ["train"] * len(images)})
    targets = np.zeros(len(images), np.int64)
    store = Store(Path(), items, {"image": images}, targets, {"data": STATE})
    loader = SimpleNamespace(batch_size=BATCH_SIZE, num_workers=0, pin_memory=False)
    data = SplitData(store, loader, Balance(), seed=0)
    augment, normalise = ImageAugmentation(STATE, **SETTINGS), ImageNormaliser(STATE)

    def epoch() -> Iterable[torch.Tensor]:
        for batch in data.train_dataloader():
            yield normalise(**augment(batch["inputs"]))[0]

    return epoch


def measure(epoch: Callable[[], Iterable[torch.Tensor]]) -> float:
    """Items a second of one epoch."""
    started = time.perf_counter()
    items = sum(len(batch) for batch in epoch())
    return items / (time.perf_counter() - started)


def main() -> None:
    """Prints items a second of both and their ratio, best of three rounds each, alternating."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    size = parser.parse_args().items
    images = np.random.default_rng(0).integers(0, 256, (size, 3, 32, 32), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        import_project(Path(folder))
        batchwise = make_batchwise(images)
        tempfile.tempdir = None
    peritem = partial(DataLoader, PerItem(images), BATCH_SIZE, shuffle=True)
    loaders = {workers: peritem(num_workers=workers) for workers in (0, 2)}
    rates: dict[str, list[float]] = {}
    for _ in range(3):
        rates.setdefault("batch-wise", []).append(measure(batchwise))
        for workers, loader in loaders.items():
            name = f"per item, {workers} workers"
            rates.setdefault(name, []).append(measure(lambda: (b for b, _ in loader)))  # noqa: B023
    best = {name: max(values) for name, values in rates.items()}
    for name, rate in best.items():
        print(f"{name:<20}{rate:>10,.0f} items/s   {best['batch-wise'] / rate:5.1f}x")


if __name__ == "__main__":
    main()
