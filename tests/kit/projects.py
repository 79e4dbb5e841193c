"""Small projects to test on: the toy, or the project's own modules as they lie in the template.

Neither is generated: the own modules hold no Jinja and are copied under the name `own`; of the
other files, those that hold some are rendered one by one.
"""

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from cookiecutter.prompt import prompt_for_config
from dlproof import Project, Report
from dlproof.project import load_project
from jinja2 import Environment
from projects import write_stripes

TEMPLATE = Path(__file__).resolve().parents[2]
GENERATED = TEMPLATE / "{{cookiecutter.project_slug}}"
KIT = GENERATED / "kit"
OWN = GENERATED / "src" / "{{cookiecutter.package_name}}"
TOY = Path(__file__).parent / "toy"
SORTS = ("image-classification", "tabular-classification", "tabular-regression")
IMAGE, TABLE, REGRESSION = SORTS
# Groups of configs of which the toy has all options itself.
TOYS_GROUPS = ("augmentation", "data", "experiment", "model", "preprocess", "schedule", "task")
NOT_TOYS = ("samples", "smote")  # options that name classes which the toy has not
FOLDERS: list[Path] = []  # made here, removed by conftest.py
DATA_PHASE = ("ingest", "clean", "split", "preprocess")


def make_folder(prefix: str) -> Path:
    """A folder that goes when the tests end."""
    FOLDERS.append(Path(tempfile.mkdtemp(prefix=prefix)))
    return FOLDERS[-1]


def share_own_modules() -> None:
    """Puts a copy of the project's own modules on the path, as the package `own`."""
    if "own" not in sys.modules and importlib.util.find_spec("own") is None:
        folder = make_folder("kit-")
        shutil.copytree(OWN, folder / "own", ignore=shutil.ignore_patterns("__pycache__"))
        sys.path.insert(0, str(folder))


@cache
def own_folder() -> Path:
    """Where the package `own` lies."""
    found = importlib.util.find_spec("own")
    assert found is not None
    return Path(str(found.origin)).parents[1]


def python_path() -> str:
    """What a process of its own needs to import either package, and the kit."""
    folders = [own_folder(), TOY / "src", KIT / "src", TEMPLATE / "tests"]
    return os.pathsep.join(map(str, folders))


@cache
def answers(package: str, sort: str) -> dict[str, Any]:
    """What cookiecutter knows of a project of this sort; of the toy, with the toy's defaults."""
    data_type, task = sort.split("-")
    chosen = {"data_type": data_type, "task": task, "license": "MIT", "project_slug": package}
    asked = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    found = dict(prompt_for_config({"cookiecutter": asked | chosen}, no_input=True))
    if package == "toy":
        found["__default_data"] = "folder" if sort == IMAGE else "csv"
        found |= {"__default_model": "small", "__default_augmentation": "none"}
    return found


def unchosen(values: dict[str, Any]) -> set[str]:
    """What the hook removes from a project with these answers."""
    path = TEMPLATE / "hooks" / "post_gen_project.py"
    found = importlib.util.spec_from_file_location("post_gen_project", path)
    assert found is not None
    assert found.loader is not None
    hook = importlib.util.module_from_spec(found)
    found.loader.exec_module(hook)
    return set(hook.unchosen_paths(values))


def render(folder: Path, package: str, sort: str, *names: str) -> None:
    """Writes files of the generated project below a folder, as they would be generated."""
    values = answers(package, sort)
    left_out, asked = unchosen(values), json.loads((TEMPLATE / "cookiecutter.json").read_text())
    environment = Environment(keep_trailing_newline=True, autoescape=False)
    for name in names:
        place = GENERATED / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            relative = path.relative_to(GENERATED).as_posix()
            if not path.is_file() or relative in left_out or "__pycache__" in path.parts:
                continue
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            shutil.copymode(path, target)
            if not any(fnmatch(relative, pattern) for pattern in asked["_copy_without_render"]):
                template = environment.from_string(path.read_text(encoding="utf-8"))
                target.write_text(template.render(cookiecutter=values), encoding="utf-8")


@cache
def configs(package: str, sort: str) -> Path:
    """A folder with the configs of a package, and what lies beside them; to be read only."""
    folder = make_folder(f"kit-{package}-")
    render(folder, package, sort, "configs", "expectations", "project.yaml", "checklist.yaml")
    if package == "toy":
        for group in TOYS_GROUPS:
            shutil.rmtree(folder / "configs" / group, ignore_errors=True)
        for name in NOT_TOYS:
            for path in (folder / "configs").glob(f"*/{name}.yaml"):
                path.unlink()
        left_out = unchosen(answers("toy", sort))
        for path in TOY.rglob("*.yaml"):
            name = path.relative_to(TOY).as_posix()
            if name not in left_out:
                (folder / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(path, folder / name)
    return folder


def make_table(path: Path, rows: int = 120, *, numbers: bool = False) -> None:
    """Two numbers and a text column, some cells missing; the target follows from them."""
    import pandas as pd

    generator = np.random.default_rng(0)
    width, height = generator.normal(10, 3, (2, rows))
    colour = generator.choice(["red", "green"], rows)
    value = width - height + 4 * (colour == "red") + generator.normal(0, 0.5, rows)
    target = value.round(3) if numbers else np.where(value > 2, "big", "small")
    table = pd.DataFrame({"width": width, "height": height, "colour": colour, "target": target})
    table.loc[::20, "width"] = np.nan
    table.loc[5::20, "colour"] = None
    table.to_csv(path, index=False)


def make_project(folder: Path, package: str, sort: str) -> None:
    """Configs and small raw data."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("configs", "project.yaml", "checklist.yaml"):
        (folder / name).symlink_to(configs(package, sort) / name)
    if sort == IMAGE:
        write_stripes(folder / "raw")
    else:
        make_table(folder / "raw.csv", numbers=sort == REGRESSION)


def choose_small(sort: str) -> tuple[str, str]:
    """Overrides that choose the small data."""
    return ("data=folder", "data.root=raw") if sort == IMAGE else ("data=csv", "data.path=raw.csv")


def merge(*overrides: str) -> list[str]:
    """Overrides, of which a later one wins over an earlier one of the same key."""
    return list({override.partition("=")[0]: override for override in overrides}.values())


def run_small(package: str, sort: str, command: str, *overrides: str) -> Report:
    """Runs a stage in this process on the small data, which is all that the toy's configs know."""
    given = () if package == "toy" else choose_small(sort)
    return find_project(package).run(command, merge(*given, *overrides))


def find_project(package: str) -> Project:
    """The table of a package."""
    return load_project(package)
