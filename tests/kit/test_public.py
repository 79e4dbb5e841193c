"""Every public name is there, in the package and in each room; another is an AttributeError."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from .projects import KIT, OWN, TOY

FOUND = (KIT / "src" / "dlproof").glob("*/__init__.py")
LISTED = [path for path in sorted(FOUND) if "PUBLIC" in path.read_text(encoding="utf-8")]
ROOMS = ["dlproof", *(f"dlproof.{path.parent.name}" for path in LISTED)]
NAMES = [(room, name) for room in ROOMS for name in importlib.import_module(room).PUBLIC]


@pytest.mark.parametrize(("room", "name"), NAMES, ids=lambda part: part)
def test_every_public_name_is_there(room, name):
    assert getattr(importlib.import_module(room), name) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_another_name_is_an_attribute_error(room):
    module = importlib.import_module(room)
    with pytest.raises(AttributeError, match=f"{room}.*'unicorn'"):
        _ = module.unicorn
    with pytest.raises(ImportError):
        exec(f"from {room} import unicorn")


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_listed_in_order(room):
    names = list(importlib.import_module(room).PUBLIC)
    assert names == sorted(names, key=str.lower)


def test_rooms_bring_no_torch():
    code = f"import sys; import {', '.join(ROOMS)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def imported(folder: Path):
    """(room, name) of everything that the files of a project import from the kit."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlproof"):
                yield from ((path.name, node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("folder", [OWN, TOY], ids=["own", "toy"])
def test_a_project_imports_public_names_and_rooms_modules_alone(folder):
    found = list(imported(folder))
    assert found
    for file, room, name in found:
        assert room in [*ROOMS, "dlproof.evaluation", "dlproof.problem"], file
        is_public = name in getattr(importlib.import_module(room), "PUBLIC", {})
        is_module = (KIT / "src" / Path(*room.split(".")) / f"{name}.py").exists()
        assert is_public or is_module, f"{file}: {room}.{name}"


def test_the_kit_imports_no_project():
    for path in (KIT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            assert not {"own", "toy"} & {name.partition(".")[0] for name in names}, path
