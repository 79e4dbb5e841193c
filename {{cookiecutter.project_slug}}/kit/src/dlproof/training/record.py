"""The record of a run: a folder with everything needed to repeat and to understand it."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from ..config import keeps_results, to_plain
from ..files import atomic, hash_file, read_json, write_json
from ..revision import describe_revision, read_diff
from ..types import State
from .runs import seal_record


def create_run_dir(runs_dir: str | Path) -> Path:
    """A new folder `exp-YYYY-MM-DD-NNN`; two runs started at once get two numbers."""
    day = datetime.now(UTC).strftime("exp-%Y-%m-%d")
    Path(runs_dir).mkdir(parents=True, exist_ok=True)
    names = [re.fullmatch(rf"{day}-(\d+)", path.name) for path in Path(runs_dir).iterdir()]
    number = max((int(name[1]) for name in names if name), default=0) + 1
    while True:
        folder = Path(runs_dir) / f"{day}-{number:03d}"
        try:
            folder.mkdir()  # fails when another run has just taken the number
        except FileExistsError:
            number += 1
        else:
            return folder


def start_record(
    run_dir: Path, cfg: DictConfig, state: State, weights: dict[str, str] | None
) -> dict[str, Any]:
    """Writes the config, the uncommitted change and what is known before the first step."""
    with atomic(run_dir / "config.yaml") as draft:
        draft.write_text(OmegaConf.to_yaml(cfg, resolve=True), encoding="utf-8")
    with atomic(run_dir / "diff.patch") as draft:
        draft.write_bytes(read_diff())
    lock = Path("requirements.lock")
    record = {
        "id": run_dir.name,
        "status": "running",
        "debug": not keeps_results(cfg),
        "goal": cfg.goal,
        "change": cfg.change,
        "architecture": cfg.model.name,
        "weights": weights,
        "dataset": cfg.data.name,
        "data_version": state["version"],
        "data_dvc": state["dvc"],
        "optimizer": to_plain(cfg.optimizer),
        "schedule": to_plain(cfg.schedule),
        "batch_size": cfg.loader.batch_size,
        "seed": cfg.seed,
        **describe_revision(),
        "lock": hash_file(lock) if lock.exists() else None,
        "hardware": describe_hardware(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(run_dir / "record.json", record)
    return record


def resume_record(run_dir: Path, step: int) -> dict[str, Any]:
    """Notes in a run's record that it was resumed at an optimizer step."""
    record: dict[str, Any] = read_json(run_dir / "record.json")
    life = {"step": step, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    record |= {"status": "running", "resumed": [*record.get("resumed", []), life]}
    write_json(run_dir / "record.json", record)
    return record


def finish_record(run_dir: Path, record: dict[str, Any], **outcome: Any) -> None:
    """Adds how the run ended, status, metrics and duration, and seals what it leaves."""
    record |= outcome
    record["seal"] = seal_record(run_dir, record)
    write_json(run_dir / "record.json", record)


def describe_hardware() -> dict[str, Any]:
    """What the run had: cores, threads, GPUs, versions."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": gpus,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
