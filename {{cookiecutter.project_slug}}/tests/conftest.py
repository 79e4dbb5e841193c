"""Small projects in temporary folders: this project's configs, and raw data made on the fly."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from {{ cookiecutter.package_name }}.commands import STAGES
from {{ cookiecutter.package_name }}.report import Report
from {{ cookiecutter.package_name }}.stage import run_stage

# Two test processes share the cores: threads that wait for each other take ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
IMAGES = (ROOT / "configs" / "data" / "folder.yaml").exists()
NUMBERS = (ROOT / "configs" / "task" / "regression.yaml").exists()
DATA_PHASE = ("ingest", "clean", "split", "preprocess")
CHECKS = ("sanity", "find_lr")  # that a training run waits for
SMALL = ("data=folder", "data.root=raw") if IMAGES else ("data=csv", "data.path=raw.csv")

# Machines that test are busy: an example may take its time, and there are enough of them.
settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


def make_images(root, per_class=30):
    """Three classes of grey stripes, 8x8, that a small network learns in seconds."""
    from PIL import Image

    generator = np.random.default_rng(0)
    for number, name in enumerate(("down", "across", "plain")):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            pixels = generator.integers(0, 60, (8, 8))
            if number < 2:
                pixels[(slice(None), slice(index % 3, None, 3))[:: 1 - 2 * number]] += 180
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{index:02d}.png")


def make_table(path, rows=120):
    """Two numbers and a text column, some cells missing; the target follows from them."""
    import pandas as pd

    generator = np.random.default_rng(0)
    width, height = generator.normal(10, 3, (2, rows))
    colour = generator.choice(["red", "green"], rows)
    value = width - height + 4 * (colour == "red") + generator.normal(0, 0.5, rows)
    target = value.round(3) if NUMBERS else np.where(value > 2, "big", "small")
    table = pd.DataFrame({"width": width, "height": height, "colour": colour, "target": target})
    table.loc[::20, "width"] = np.nan
    table.loc[5::20, "colour"] = None
    table.to_csv(path, index=False)


def make_project(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("configs", "project.yaml"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    if IMAGES:
        make_images(folder / "raw")
    else:
        make_table(folder / "raw.csv")


def run_small(command, *overrides):
    """Runs a stage in this process on the small data; later overrides win over it."""
    merged = {override.partition("=")[0]: override for override in (*SMALL, *overrides)}
    return run_stage(STAGES[command], list(merged.values()))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The working directory: configs and small raw data, nothing run yet."""
    folder = tmp_path / "project"
    make_project(folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def small():
    """Overrides that choose the small data, for commands in a process of their own."""
    return SMALL


@pytest.fixture
def run():
    """`run("split", "seed=1")` runs a stage on the small data and returns its report."""
    return run_small


@pytest.fixture(scope="session")
def processed_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processed") / "project"
    make_project(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in DATA_PHASE:
            run_small(command)
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def checked(processed):
    """As `processed`, and training may start: what comes before it takes seconds to run."""
    for stage in CHECKS:
        Report(stage).write("reports")
    return processed


@pytest.fixture
def processed(processed_once, tmp_path, monkeypatch):
    """The working directory: a copy of a small project whose data phase is done."""
    folder = tmp_path / "processed"
    shutil.copytree(processed_once, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder
