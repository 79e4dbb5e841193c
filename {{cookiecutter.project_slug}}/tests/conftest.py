"""Small projects in temporary folders: this project's configs, and raw data made on the fly.

They run with `configs/experiment/tests.yaml`, a copy of the file beside this one. It sets all that
matters to the tests, so the choices in configs/ may change.
"""

import contextlib
import os
import shutil
from pathlib import Path

import pytest
import small_{{ cookiecutter.data_type }} as small
from hypothesis import settings

from {{ cookiecutter.package_name }}.project import PROJECT

# Two test processes share the cores: threads that wait for each other take ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
GIVEN = ("experiment=tests", "debug=[]")

# Test machines are busy: no deadline for an example, and fewer of them.
settings.register_profile("project", deadline=None, max_examples=30)
settings.load_profile("project")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests of the finished project share a process, so that it is made only once."""
    for item in items:
        if "finished_once" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("finished"))


def make_project(folder):
    """Configs and small raw data; no stage has run yet."""
    shutil.copytree(ROOT / "configs", folder / "configs")
    experiments = folder / "configs" / "experiment"
    experiments.mkdir(exist_ok=True)
    shutil.copy(Path(small.__file__).with_suffix(".yaml"), experiments / "tests.yaml")
    small.make_raw(folder)
    return folder


def run_small(command, *overrides):
    """Runs a stage on the small data, in this process."""
    return PROJECT.run(command, [*GIVEN, *overrides])


def in_order(names):
    """Stages and all that they read, each after what it reads."""
    found = {}
    for name in names:
        found |= dict.fromkeys([*in_order(PROJECT.stages[name].reads), name])
    return list(found)


@pytest.fixture(scope="session")
def processed_once(tmp_path_factory):
    folder = make_project(tmp_path_factory.mktemp("processed") / "project")
    with contextlib.chdir(folder):
        for command in in_order(["preprocess"]):
            run_small(command)
    return folder


@pytest.fixture(scope="session")
def finished_once(processed_once, tmp_path_factory):
    folder = shutil.copytree(processed_once, tmp_path_factory.mktemp("finished") / "project")
    own = [s.name for s in PROJECT.stages.values() if s.in_pipeline and not s.is_tool]
    with contextlib.chdir(folder):
        for command in in_order(own):
            if command not in in_order(["preprocess"]):
                run_small(command)
    return folder


@pytest.fixture
def run():
    """`run("split", "seed=1")` runs a stage on the small data and returns its report."""
    return run_small


@pytest.fixture
def compose():
    """`compose("seed=1")` composes the config of the small project."""
    return lambda *overrides: PROJECT.compose([*GIVEN, *overrides])


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The working directory: configs and small raw data; no stage has run yet."""
    monkeypatch.chdir(make_project(tmp_path / "project"))


@pytest.fixture
def processed(processed_once, tmp_path, monkeypatch):
    """The working directory: a copy of a small project whose data phase is done."""
    monkeypatch.chdir(shutil.copytree(processed_once, tmp_path / "project"))


@pytest.fixture
def finished(finished_once, tmp_path, monkeypatch):
    """The working directory: a copy of a small project where every stage is done."""
    monkeypatch.chdir(shutil.copytree(finished_once, tmp_path / "project"))
