"""Trains one run in several processes, and says what each saw and how the run ended."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from torch import nn

PACKAGE_NAME = "toy"
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


CRASH_AT = 9  # optimizer steps


class Plain(nn.Module):
    """One hidden layer over all numbers of an item."""

    def __init__(self, state: dict[str, Any], num_outputs: int, width: int, **_: Any) -> None:
        super().__init__()
        if "shapes" in state and "image" in state["shapes"]:
            numbers = math.prod(state["shapes"]["image"])
        else:
            numbers = len(state["numeric"]) + len(state["categories"])
        self.layers = nn.Sequential(nn.Linear(numbers, width), nn.Tanh())
        self.head = nn.Linear(width, num_outputs)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Any arrays (N, …) -> (N, num_outputs)."""
        return self.head(self.layers(torch.cat([i.flatten(1).float() for i in inputs], dim=1)))


class Items(Callback):
    """Writes down which items this process sees in each step."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.rows.append(batch["rows"].tolist())

    def on_train_end(self, trainer, module):
        path = Path(trainer.default_root_dir, f"items-{trainer.global_rank}.json")
        path.write_text(json.dumps(self.rows))


class Crash(Callback):
    """Kills the second process in the middle of a run, once."""

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        is_time = trainer.global_rank == 1 and trainer.global_step == CRASH_AT
        if is_time and not Path("crashed").exists():
            Path("crashed").touch()
            os.kill(os.getpid(), signal.SIGKILL)


def start(processes: int, *overrides: str, **environment: str) -> subprocess.Popen[str]:
    """A run below the working directory, in a session of its own."""
    several = ("trainer=ddp", f"trainer.devices={processes}") if processes > 1 else ()
    command = [sys.executable, "-m", PACKAGE_NAME, "train", *several, *SETTINGS, *overrides]
    return subprocess.Popen(
        command,
        env=describe_environment() | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def describe_environment() -> dict[str, str]:
    """One thread, and this module within reach."""
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(folders)}


def train(processes: int, *overrides: str) -> Path:
    """The folder of a run that ended well."""
    process = start(processes, *overrides)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return newest_run()


def newest_run() -> Path:
    """The folder of the run that started last."""
    return max(Path("runs").glob("exp-*"))


def kill_within(process: subprocess.Popen[str], state: str) -> None:
    """Kills all processes of a run at once, when it has saved the state."""
    deadline = time.monotonic() + 120
    while not list(Path("runs").glob(f"*/checkpoints/{state}")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the run saves no state"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


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


def compare(cases: dict[str, Sequence[str]], batch: int) -> list[dict[str, Any]]:
    """Holds two processes, each with half a batch, against one, for each case of overrides."""
    found = []
    for name, overrides in cases.items():
        one = train(1, f"loader.batch_size={batch}", *overrides)
        two = train(2, f"loader.batch_size={batch // 2}", *overrides)
        records = [json.loads((run / "record.json").read_text()) for run in (one, two)]
        (key,) = (key for key in records[0] if key.startswith("best_val_"))
        items = [read_items(run) for run in (one, two)]
        found.append(
            {
                "case": name,
                "steps": records[1]["steps"],
                "same items": items[0] == items[1] and len(items[0]) >= records[0]["steps"],
                "largest difference": largest_difference(one, two),
                "same metric": records[0][key] == records[1][key],
                "processes": [record["processes"] for record in records],
            }
        )
    return found
