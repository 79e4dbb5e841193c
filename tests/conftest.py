"""What the tests share: the template, its option sets, and projects generated from them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
OPTION_SETS = {
    f"{data_type}-{task}": {"data_type": data_type, "task": task}
    for data_type, task in (
        ("image", "classification"),
        ("tabular", "classification"),
        ("tabular", "regression"),
    )
}
LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary")


def write_cookiecutter_config(folder: Path, **answers: str) -> Path:
    """Write a cookiecutter config that keeps replays and clones out of the home folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"replay_dir: {folder / 'replay'}", f"cookiecutters_dir: {folder / 'clones'}"]
    if answers:
        lines += ["default_context:", *(f"  {name}: {value}" for name, value in answers.items())]
    path = folder / "cookiecutter.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def bake(output_dir: Path, config_file: Path, **answers: object) -> Path:
    """Generate a project in this process, without questions, and return its folder."""
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        extra_context=answers,
        output_dir=str(output_dir),
        config_file=str(config_file),
    )
    return Path(project)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder: relative path -> content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(*command: object, project: Path, **options) -> subprocess.CompletedProcess:
    """Run Python with a generated project's package importable, in the project's folder.

    Args:
        command: what follows `python`, such as `-m package train`.
        project: the generated project.
        options: passed on to `subprocess.run`.
    """
    environment = os.environ | {"PYTHONPATH": str(project / "src")}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=project,
        env=environment,
        text=True,
        capture_output=True,
        **options,
    )


@pytest.fixture(scope="session")
def cookiecutter_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cookiecutter_config(tmp_path_factory.mktemp("cookiecutter"))


@pytest.fixture(scope="session")
def baked(
    tmp_path_factory: pytest.TempPathFactory, cookiecutter_config: Path
) -> Callable[..., Path]:
    """`baked("image-classification")`: a project that tests read and leave as it is."""
    projects: dict[str, Path] = {}

    def get(option_set: str, license_name: str = "MIT") -> Path:
        key = f"{option_set}-{license_name}"
        if key not in projects:
            answers = OPTION_SETS[option_set] | {"license": license_name}
            projects[key] = bake(tmp_path_factory.mktemp(key), cookiecutter_config, **answers)
        return projects[key]

    return get
