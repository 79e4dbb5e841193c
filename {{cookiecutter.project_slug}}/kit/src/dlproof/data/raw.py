"""Brings the raw data in place and puts it under DVC. Run: `raw` (the pipeline begins with it)."""

import subprocess
import sys
from pathlib import Path

from omegaconf import DictConfig

from ..config import build
from ..errors import UserError


def provide(cfg: DictConfig) -> None:
    """Writes the embedded set where it is asked for and missing.

    Raises:
        UserError: The raw data is in DVC but not in this clone; it must be pulled, not replaced.
    """
    place = Path(cfg.data.get("root") or cfg.data.path)
    pointer = Path(f"{place}.dvc")
    if not place.exists() and pointer.exists() and cfg.data.embedded is None:
        raise UserError(f"{place} is not here, and {pointer} says that DVC has it: run `dvc pull`.")
    build(cfg.data).provide()


def bring_raw(cfg: DictConfig) -> None:
    """Writes the embedded set where it is missing; tracks raw data inside the project by DVC.

    Raw data that lies outside the project stays where it is: DVC watches it as a dependency.

    Raises:
        UserError: The raw data is missing, or DVC refuses it.
    """
    provide(cfg)
    place = Path(cfg.data.get("root") or cfg.data.path)
    if not place.exists():
        raise UserError(
            f"{place} does not exist: put the raw data in place or correct configs/data/."
        )
    inside = place.resolve().is_relative_to(Path.cwd())
    if inside and Path(".dvc").is_dir() and not Path(f"{place}.dvc").exists():
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "add", str(place)],
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
        )
        if done.returncode:
            raise UserError(f"DVC cannot add {place}: {done.stderr.strip().splitlines()[-1]}")
    print(f"raw: {place} is in place")
