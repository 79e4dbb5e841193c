"""Trains a run in processes that are killed, and compares its end with that of one that is not."""

import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

# A state every third step, and the state behind every epoch to compare.
SETTINGS = (
    "trainer.accelerator=cpu",
    "trainer.max_epochs=6",
    "loader.batch_size=8",
    "logger=[csv]",
    "callbacks.resume.every_n_train_steps=3",
    "callbacks.periodic.every_n_epochs=1",
    "callbacks.early_stopping.patience=50",
)
TIMED = ("train/data_wait", "train/items_per_second")  # never repeat


@dataclass
class Trial:
    """One run that was killed at a step and went on from another, and whether it ended alike."""

    workers: int
    killed_at: int
    resumed_from: int
    same_weights: bool
    same_log: bool


def live(package: str, folder: Path, overrides: Sequence[str], beat: Any) -> None:
    """One life of a run, in a process of its own; `beat` counts its steps."""
    os.chdir(folder)
    multiprocessing.set_start_method("fork", force=True)  # of a loader's workers, as in a real run
    torch.set_num_threads(1)  # bits differ between numbers of threads
    from dlproof.project import load_project
    from dlproof.training.callbacks import StepSeed

    seed = StepSeed.on_train_batch_start

    def count(self: StepSeed, trainer: Any, *rest: Any) -> None:
        beat.value = trainer.fit_loop.total_batch_idx + 1
        seed(self, trainer, *rest)

    StepSeed.on_train_batch_start = count
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        load_project(package).run("train", [*overrides, *SETTINGS])


class Nursery:
    """Starts lives from a process that has imported everything once."""

    def __init__(self, package: str, folder: Path, overrides: Sequence[str]) -> None:
        from dlproof.project import load_project

        self.package, self.folder, self.overrides = package, folder, list(overrides)
        train = load_project(package).stages["train"]
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([f"{train.package}.{train.module}"])

    def live(self, *overrides: str, kill_at: int | None = None, delay: float = 0.0) -> int:
        """Lets one life end by itself, or kills it that many seconds into a step.

        Returns:
            The last step that began.
        """
        beat = self.context.Value("q", 0)
        arguments = (self.package, self.folder, [*self.overrides, *overrides], beat)
        process = self.context.Process(target=live, args=arguments)
        process.start()
        while kill_at is not None and beat.value < kill_at and process.is_alive():
            time.sleep(0.0005)
        if kill_at is not None:
            time.sleep(delay)
            process.kill()
        process.join(120)
        if kill_at is None:
            assert process.exitcode == 0, f"the run failed with {process.exitcode}"
        return beat.value

    def newest(self) -> Path:
        """The newest run's folder."""
        return max((self.folder / "runs").glob("exp-*"))

    def try_kill(self, workers: int, whole: Path, generator: random.Random) -> Trial:
        """Kills a run at a random moment, goes on with it, and compares."""
        steps = 1 + read_end(whole)["step"]
        setting = f"loader.num_workers={workers}"
        kill_at, delay = generator.randint(1, steps), generator.uniform(0, 0.03)
        killed_at = self.live(setting, kill_at=kill_at, delay=delay)
        run = self.newest()
        self.live(setting, "resume=latest")
        assert self.newest() == run, "it went on elsewhere"
        resumed_from = pd.read_json(run / "record.json", typ="series")["resumed"][-1]["step"]
        same = same_end(whole, run)
        shutil.rmtree(run)
        return Trial(workers, killed_at, resumed_from, *same)


def read_end(run: Path) -> dict[str, Any]:
    """Weights, optimizer and schedule behind the last epoch, and the last step."""
    content = torch.load(max((run / "checkpoints").glob("epoch-*.ckpt")), weights_only=True)
    kept = {name: content[name] for name in ("state_dict", "optimizer_states", "lr_schedulers")}
    return kept | {"step": content["global_step"] - 1}


def read_log(run: Path) -> pd.DataFrame:
    """What was logged, less what is a time."""
    return pd.read_csv(run / "metrics.csv").drop(columns=list(TIMED))


def same_end(one: Path, other: Path) -> tuple[bool, bool]:
    """Whether two runs ended with the same bits, and wrote the same log."""
    return equal(read_end(one), read_end(other)), read_log(one).equals(read_log(other))


def equal(one: Any, other: Any) -> bool:
    """Whether nested containers of tensors are the same, bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other
