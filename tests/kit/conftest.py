"""Small projects in temporary folders, of the toy unless a test module says otherwise."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from dlproof import Report
from hypothesis import settings

from .projects import (
    DATA_PHASE,
    FOLDERS,
    IMAGE,
    choose_small,
    configs,
    find_project,
    make_project,
    python_path,
    run_small,
    share_own_modules,
)

# Two test processes share the cores: threads that wait for each other take ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
CHECKS = ("sanity", "find_lr")  # that a training run waits for
share_own_modules()

# Machines that test are busy: an example may take its time, and there are enough of them.
settings.register_profile("kit", deadline=None, max_examples=50)
settings.load_profile("kit")


def pytest_unconfigure():
    """Leaves nothing behind."""
    for folder in FOLDERS:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def reachable(monkeypatch):
    """Processes of their own import what this one does."""
    monkeypatch.setenv("PYTHONPATH", python_path())


@pytest.fixture
def package(request):
    """The project under test: `toy`, or `own`, the template's own modules."""
    return getattr(request, "param", "toy")


@pytest.fixture
def sort(request):
    """Its kind of data and its task; parametrized, where all three matter."""
    return getattr(request, "param", IMAGE)


@pytest.fixture
def declared(package):
    """The project's table of stages and seams."""
    return find_project(package)


@pytest.fixture
def project(package, sort, tmp_path, monkeypatch):
    """The working directory: configs and small raw data, nothing run yet."""
    folder = tmp_path / "project"
    make_project(folder, package, sort)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def in_configs(package, sort, monkeypatch):
    """The working directory: configs alone, to be read only."""
    monkeypatch.chdir(configs(package, sort))
    return configs(package, sort)


@pytest.fixture
def small(sort):
    """Overrides that choose the small data, for commands in a process of their own."""
    return choose_small(sort)


@pytest.fixture
def run(package, sort):
    """`run("split", "seed=1")` runs a stage on the small data and returns its report."""
    return lambda command, *overrides: run_small(package, sort, command, *overrides)


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """`make_once("toy", sort)`: a small project whose data phase is done; to be copied."""
    made = {}

    def make(package, sort):
        if (package, sort) not in made:
            folder = tmp_path_factory.mktemp("processed") / "project"
            make_project(folder, package, sort)
            with contextlib.chdir(folder):
                for command in DATA_PHASE:
                    run_small(package, sort, command)
            made[package, sort] = folder
        return made[package, sort]

    return make


@pytest.fixture
def processed(make_once, package, sort, tmp_path, monkeypatch):
    """The working directory: a copy of a small project whose data phase is done."""
    folder = tmp_path / "processed"
    shutil.copytree(make_once(package, sort), folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def checked(processed):
    """As `processed`, and training may start: what comes before it takes seconds to run."""
    for stage in CHECKS:
        Report(stage).write("reports")
    return processed


@pytest.fixture
def every_option(in_configs):
    """`every_option("optimizer")`: names of a group's options."""
    return lambda group: sorted(path.stem for path in Path("configs", group).glob("*.yaml"))
