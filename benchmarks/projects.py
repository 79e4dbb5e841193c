"""Projects that benchmarks generate, and data for them."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from cookiecutter.main import cookiecutter
from PIL import Image

if TYPE_CHECKING:
    import pandas as pd

TEMPLATE = Path(__file__).resolve().parents[1]
PACKAGE = "generated"
SMALL = ("data=folder", "data.root=raw")  # chooses the stripes
BEFORE_TRAINING = ("ingest", "clean", "split", "preprocess", "sanity", "find_lr")


def generate(folder: Path, **answers: str) -> Path:
    """Generates a project into a folder, and returns its own."""
    tempfile.tempdir = str(folder)  # cookiecutter leaves every rendered hook behind
    try:
        made = cookiecutter(
            str(TEMPLATE),
            no_input=True,
            default_config=True,
            output_dir=str(folder),
            extra_context=answers,
        )
    finally:
        tempfile.tempdir = None
    return Path(made)


def list_sources(project: Path) -> list[str]:
    """The folders of a project's two packages, its own and the kit."""
    return [str(project / "src"), str(project / "kit" / "src")]


def run_python(project: Path, *arguments: object, environment: dict[str, str]) -> str:
    """What Python prints in a project; where it fails, this process ends with its words."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def import_project(folder: Path, **answers: str) -> Path:
    """Generates a project whose packages can be imported, and returns its folder.

    They are found here and in processes that are started from here.
    """
    project = generate(folder, package_name=PACKAGE, **answers)
    sys.path[:0] = list_sources(project)
    known = filter(None, [os.environ.get("PYTHONPATH")])
    os.environ["PYTHONPATH"] = os.pathsep.join([*list_sources(project), *known])
    return project


def prepare_stripes(folder: Path) -> Path:
    """As `import_project`, with small images prepared, for training with one thread a process."""
    os.environ["OMP_NUM_THREADS"] = "1"
    project = import_project(folder)
    write_stripes(project / "raw")
    for stage in BEFORE_TRAINING:
        run_python(project, "-m", PACKAGE, stage, *SMALL, environment=dict(os.environ))
    return project


def write_stripes(root: Path, per_class: int = 30) -> None:
    """Three classes of grey stripes, 8x8, that a small network learns in seconds."""
    generator = np.random.default_rng(0)
    for number, name in enumerate(("down", "across", "plain")):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            pixels = generator.integers(0, 60, (8, 8))
            if number < 2:
                pixels[(slice(None), slice(index % 3, None, 3))[:: 1 - 2 * number]] += 180
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{index:02d}.png")


def write_processed(
    data_dir: Path,
    items: "pd.DataFrame",
    arrays: dict[str, np.ndarray],
    targets: np.ndarray,
    state: dict[str, Any],
) -> None:
    """Writes what a project's datamodule reads, as `preprocess` leaves it."""
    folder = data_dir / "processed"
    folder.mkdir(parents=True, exist_ok=True)
    items.to_csv(folder / "items.csv", index=False)
    for name, array in {**arrays, "targets": targets}.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "state.json").write_text(json.dumps(state))
