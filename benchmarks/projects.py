"""Projects that benchmarks generate, and what they use of a project's own tests."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
PREPARE = """
from pathlib import Path
from conftest import CHECKS, DATA_PHASE, make_project, run_small

make_project(Path.cwd())
for command in (*DATA_PHASE, *CHECKS):
    run_small(command)
"""


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


def import_project(folder: Path, **answers: str) -> Path:
    """Generates a project whose package `generated` can be imported, and returns its folder."""
    project = generate(folder, package_name="generated", **answers)
    sys.path.insert(0, str(project / "src"))
    return project


def run_on_small_data(program: str, *arguments: object) -> int:
    """Runs a program that may import the modules of a project's tests; one thread a process.

    Its folder holds the small data of the tests, ready for training.

    Returns:
        How it ended.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = generate(folder)
        (small := folder / "small").mkdir()
        paths = [project / "src", project / "tests", project / "tests" / "training"]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "OMP_NUM_THREADS": "1",
        }
        for text, given in ((PREPARE, ()), (program, arguments)):
            (folder / "program.py").write_text(text)
            command = [sys.executable, str(folder / "program.py"), *map(str, given)]
            done = subprocess.run(command, cwd=small, env=environment, check=False)
            if done.returncode:
                break
    return done.returncode
