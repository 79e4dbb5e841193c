"""Seconds from Enter to the end of the first training step, against another template's imports.

Run `python benchmarks/time_to_first_step.py`. Ours is the whole command `train` of a generated
project whose data is prepared, with its default callbacks and loggers: imports, composing, data,
network, one step. The other side is only what lightning-hydra-template's `src/train.py` (bddbc24)
imports for its MNIST example before it does anything; what is missing here is left out, in its
favour. The last row is the least that any training with PyTorch pays: an optimizer's first step
imports `torch._dynamo`. Both have their bytecode compiled, and each run is a process of its own.
"""

import argparse
import os
import statistics
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from projects import PACKAGE, generate, list_sources, run_python

STAGES = ("ingest", "clean", "split", "preprocess", "sanity", "find_lr")
BARE = """
import torch
from stop import tell
network = torch.nn.Linear(2, 2)
optimizer = torch.optim.AdamW(network.parameters())
network(torch.ones(1, 2)).sum().backward()
optimizer.step()
tell()
"""
STOP = """
import json, os, sys, time

def tell():
    spent = os.times()
    print("TOLD", json.dumps([time.time(), spent.user + spent.system]), flush=True)
    os._exit(0)
"""
CALLBACK = """
from lightning.pytorch import Callback
from stop import tell

class Stop(Callback):
    def on_train_batch_end(self, *rest):
        tell()
"""
# Imports of src/train.py, src/utils/*.py, and what instantiating its data and model imports.
THEIRS = """
import hydra
import lightning as L
import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf, open_dict
from lightning_utilities.core.rank_zero import rank_prefixed_message, rank_zero_only
import rich
import rich.syntax
import rich.tree
from hydra.core.hydra_config import HydraConfig
from rich.prompt import Prompt
from torch.utils.data import ConcatDataset, DataLoader, Dataset, random_split
from torchvision.datasets import MNIST
from torchvision.transforms import transforms
from torchmetrics import MaxMetric, MeanMetric
from torchmetrics.classification.accuracy import Accuracy
from stop import tell
tell()
"""
ALSO_THEIRS = ("rootutils", "hydra_colorlog")


def prepare(folder: Path) -> dict[str, list[str]]:
    """Generates a project, prepares its data, and gives the commands that are compared."""
    generate(folder, package_name=PACKAGE, project_slug="made")
    (folder / "stop.py").write_text(STOP)
    (folder / "first_step.py").write_text(CALLBACK)
    for stage in STAGES:
        run(["-m", PACKAGE, stage], folder)
    train = ["-m", PACKAGE, "train", "+callbacks.stop._target_=first_step.Stop"]
    return {
        "this project's first step": train,
        "the other's imports": ["-c", THEIRS],
        "this project's, logger=[csv]": [*train, "logger=[csv]"],
        "import lightning.pytorch": [
            "-c",
            "import lightning.pytorch; from stop import tell; tell()",
        ],
        "import torch": ["-c", "import torch; from stop import tell; tell()"],
        "import torch and one step": ["-c", BARE],
    }


def run(command: list[str], folder: Path) -> str:
    """What Python prints, in the project, with bytecode kept in the folder."""
    project = folder / "made"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([*list_sources(project), str(folder)]),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "WANDB_MODE": "offline",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return run_python(project, *command, environment=environment)


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds by the clock, and by the processor, which a busy machine changes less."""
    started = time.time()
    told = run(command, folder).rpartition("TOLD")[2]
    ended, spent = (float(number) for number in told.strip(" []\n").split(","))
    return ended - started, spent


def main() -> None:
    """Alternates all commands and prints medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = prepare(folder)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for number in range(rounds + 1):  # the first compiles bytecode
            for name, command in commands.items():
                measured = measure(command, folder)
                if number:
                    times[name].append(measured)
    missing = [name for name in ALSO_THEIRS if find_spec(name) is None]
    print(f"not installed and not counted for the other: {', '.join(missing) or 'nothing'}")
    print("| | clock s | core s | core s, from ... to |\n| --- | --- | --- | --- |")
    medians = {}
    for name, values in times.items():
        clock, core = (list(part) for part in zip(*values, strict=True))
        medians[name] = statistics.median(clock), statistics.median(core)
        shown = [f"{value:.2f}" for value in (*medians[name], min(core), max(core))]
        print(f"| {name} | {shown[0]} | {shown[1]} | {shown[2]} to {shown[3]} |")
    ours, theirs = list(medians.values())[:2]
    print(f"ours / theirs: {ours[0] / theirs[0]:.2f} by the clock, {ours[1] / theirs[1]:.2f} core")
    print("bar: at most 0.50")


if __name__ == "__main__":
    main()
