"""A project whose stages do next to nothing, and whose tests run in a process of their own."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof.files import read_json
from dlproof.stages import PHASES
from toy.project import PROJECT as TOY

from ..projects import python_path

OWN = [
    replace(stage, module=f"{PHASES[stage.phase].lower()}.{stage.name}")
    for stage in TOY.stages.values()
    if not stage.is_tool
]
ROW = '        Stage("{0.name}", {0.phase}, "{0.module}", "words", reads={0.reads}),\n'
TABLE = """\
from dlproof import Project, Stage

PROJECT = Project(
    package=__package__,
    config="",
    checks="",
    open_data="",
    build_module="",
    build_network="",
    create_app="deployment.app:create_app",
    stages=(
{rows}    ),
)
"""
STAGE = '''\
"""A stage."""


def run(number=0):
    """Returns the next number."""
    return number + 1


class Part:
    """Something to call."""

    def forward(self):
        """Is left as it is written."""
        return 1

    def double(self, number):
        """Twice the number."""
        return 2 * number
'''
APP = '''\
"""The service."""


def create_app():
    """An app of one route."""

    def predict(number):
        """The answer."""
        return number

    return predict
'''
SETTINGS = """\
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = ["-m", "not slow", "-p", "dlproof.testing.plugin", "-p", "no:cacheprovider"]
markers = ["slow: many seconds", "unit: in memory", "new_feature: by configuration"]
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The working directory: the project, without tests."""
    package = tmp_path / "src" / "tiny"
    rows = "".join(ROW.format(stage) for stage in OWN)
    write(package / "__init__.py", "")
    write(package / "project.py", TABLE.format(rows=rows))
    for stage in OWN:
        write(package.joinpath(*stage.module.split(".")).with_suffix(".py"), STAGE)
    write(package / "deployment" / "app.py", APP)
    for room in ("problem", "model", "monitoring"):
        write(package / room / "part.py", STAGE)
    write(tmp_path / "pyproject.toml", SETTINGS)
    monkeypatch.chdir(tmp_path)
    project = SimpleNamespace(folder=package, stages=TOY.stages, package="tiny")
    return SimpleNamespace(project=project)


@pytest.fixture
def run_tests(tiny):
    """`run_tests(text, "-k", "one")`: the rows of the record after a run of such tests."""

    def run(text, *arguments):
        write(Path("tests/test_it.py"), text)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(["src", python_path()])}
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1, 5), done.stdout + done.stderr
        path = Path("reports/tests.json")
        rows = read_json(path)["tests"] if path.exists() else {}
        return {name.partition("::")[2]: row for name, row in rows.items()}

    return run


def write(path, text):
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
