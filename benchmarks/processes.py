"""Holds a run of two processes against the same run in one: items, weights, metric.

Run `python benchmarks/processes.py`. Both take the same items a step: two processes have half the
batch each. On the CPU over gloo, with one thread a process.
"""

import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from projects import PACKAGE, SMALL, prepare_stripes
from torch import nn

CASES = {
    "uneven, of 16": (),
    "accumulate 2": ("trainer.accumulate_grad_batches=2",),
    "balance=weighted_sampler": ("balance=weighted_sampler",),
}
# Without momentum, whose steps would enlarge the last bit in which sums differ; batch norm has
# statistics of each process's share, and dropout and augmentation draw for each process.
SETTINGS = (
    "model._target_=processes.Plain",
    "+model.width=32",
    "augmentation=none",
    "optimizer=sgd",
    "optimizer.momentum=0",
    "optimizer.nesterov=false",
    "logger=[csv]",
    "trainer.max_epochs=4",
    "trainer.accelerator=cpu",
    "callbacks.periodic.every_n_epochs=1",
    "callbacks.early_stopping=null",
    "+callbacks.items._target_=processes.Items",
)
BATCH, LARGEST_DIFFERENCE = 16, 1e-6


class Plain(nn.Module):
    """One hidden layer over all pixels of an image."""

    def __init__(self, state: dict[str, Any], num_outputs: int, width: int, **_: Any) -> None:
        super().__init__()
        pixels = math.prod(state["shapes"]["image"])
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.Tanh())
        self.head = nn.Linear(width, num_outputs)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, num_outputs)."""
        return self.head(self.layers(image))


class Items(Callback):
    """Writes down which items this process sees in each step."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        """A step's items are known."""
        self.rows.append(batch["rows"].tolist())

    def on_train_end(self, trainer: Any, module: Any) -> None:
        """All are."""
        path = Path(trainer.default_root_dir, f"items-{trainer.global_rank}.json")
        path.write_text(json.dumps(self.rows))


def start(package: str, processes: int, *overrides: str) -> subprocess.Popen[str]:
    """A run below the working directory, in a session of its own."""
    several = ("trainer=ddp", f"trainer.devices={processes}") if processes > 1 else ()
    return subprocess.Popen(
        [sys.executable, "-m", package, "train", *several, *SETTINGS, *overrides],
        env=describe_environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def describe_environment() -> dict[str, str]:
    """One thread, and this module within reach."""
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(folders)}


def train(package: str, processes: int, *overrides: str) -> Path:
    """The folder of a run that ended well."""
    process = start(package, processes, *overrides)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return newest_run()


def newest_run() -> Path:
    """The folder of the run that started last."""
    return max(Path("runs").glob("exp-*"))


def read_items(run: Path) -> list[list[int]]:
    """The items of each step, over all processes, in order of their number."""
    shares = [json.loads(path.read_text()) for path in sorted(run.glob("items-*.json"))]
    return [sorted(itertools.chain(*step)) for step in zip(*shares, strict=True)]


def read_weights(run: Path) -> dict[str, torch.Tensor]:
    """Weights behind the last epoch."""
    newest = max((run / "checkpoints").glob("epoch-*.ckpt"))
    content: dict[str, Any] = torch.load(newest, weights_only=True)
    return {name: w for name, w in content["state_dict"].items() if name.startswith("network.")}


def largest_difference(one: Path, other: Path) -> float:
    """Between the weights of two runs."""
    pairs = zip(read_weights(one).values(), read_weights(other).values(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


def compare(package: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Holds two processes, each with half a batch, against one."""
    runs = [train(package, n, f"loader.batch_size={BATCH // n}", *overrides) for n in (1, 2)]
    one, two = (json.loads((run / "record.json").read_text()) for run in runs)
    assert (one["processes"], two["processes"]) == (1, 2)
    (key,) = (key for key in one if key.startswith("best_val_"))
    items = [read_items(run) for run in runs]
    return {
        "steps": two["steps"],
        "same items": items[0] == items[1] and len(items[0]) >= one["steps"],
        "largest difference": largest_difference(*runs),
        "same metric": one[key] == two[key],
    }


def main() -> None:
    """Generates a project and prints a row a case."""
    print("| case | steps | same items | largest weight difference | same metric |")
    print("| --- | ---: | --- | ---: | --- |", flush=True)
    is_good = True
    with tempfile.TemporaryDirectory() as folder, chdir(prepare_stripes(Path(folder))):
        for name, overrides in CASES.items():
            row = compare(PACKAGE, (*SMALL, *overrides))
            items, metric = ("yes" if row[key] else "NO" for key in ("same items", "same metric"))
            difference = row["largest difference"]
            print(
                f"| {name} | {row['steps']} | {items} | {difference:.1e} | {metric} |", flush=True
            )
            is_good &= row["same items"] and row["same metric"]
            is_good &= difference <= LARGEST_DIFFERENCE
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
