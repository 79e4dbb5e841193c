"""What code a stage runs, and whose hash a changed byte of it changes."""

import shutil
import sys
from functools import cache

import pytest
from dlproof import closure, manifest
from dlproof.closure import Code, find_targets
from dlproof.config import to_plain
from dlproof.files import hash_file
from dlproof.imports import parse_module
from dlproof.project import load_project

from .projects import KIT, TOY, configs

PIPELINE = ("ingest", "clean", "split", "preprocess", "sanity", "find_lr", "train", "evaluate")
MADE_BEFORE_TRAINING = ("ingest", "explore", "clean", "labels", "split", "preprocess", "data_card")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the toy, as the package `playing`, whose files a test may change."""
    folder = tmp_path / "playing"
    shutil.copytree(TOY / "src" / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(configs("toy", "image-classification"))
    yield load_project("playing")
    for name in [name for name in sys.modules if name.partition(".")[0] == "playing"]:
        del sys.modules[name]


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A copy of the kit's files with a manifest, which hashing looks at in place of the kit."""
    root = tmp_path / "kit"
    shutil.copytree(KIT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(closure, "KIT_FOLDER", root / "src" / "dlproof")
    monkeypatch.setattr(manifest, "PACKAGE", root / "src" / "dlproof")
    monkeypatch.setattr(manifest, "ROOT", root)
    read = manifest.read_manifest.__wrapped__
    monkeypatch.setattr(closure, "read_manifest", lambda: read(root / "MANIFEST"))
    release(root)
    return root


def release(root, **numbers):
    """Writes the manifest of the files as they are; `run=2` raises the number of run.py."""
    lines = [
        f"{hash_file(path)} {numbers.get(path.stem, 1)} {path.relative_to(root)}"
        for path in sorted((root / "src").rglob("*.py"))
    ]
    (root / "MANIFEST").write_text("\n".join(lines) + "\n")


@cache
def compose(project):
    """The whole config as plain containers."""
    return to_plain(project.compose())


def find(project, name, **settings):
    """Names of the files that a stage reaches, by package."""
    cfg = compose(project)
    config = {"data": cfg["data"], "task": cfg["task"]} | settings
    found = Code(project).trace(project.stages[name], config)
    return {project.package: {*found.own}, "dlproof": {path.as_posix() for path in found.kit}}


def hashes(project):
    """The hash of each stage's own code, and of the kit's behind it."""
    return {
        name: Code(project).hash(project.stages[name], choose(project, name))
        for name in (*PIPELINE, *MADE_BEFORE_TRAINING, "export")
    }


def choose(project, name):
    """The part of the config that a stage reads."""
    cfg = compose(project)
    return {key: cfg[key] for key in ("data", "task", *project.stages[name].settings)}


def differ(before, after, part):
    """Stages of which a hash is another."""
    return {name for name in before if before[name][part] != after[name][part]}


def test_a_stage_reaches_its_own_files_and_what_they_name_of_the_kit(copied):
    reached = find(copied, "split")
    assert reached["playing"] == {"__init__.py", "data/__init__.py", "data/split.py"}
    assert {"data/split.py", "data/split_methods.py", "data/store.py"} <= reached["dlproof"]
    assert "training/run.py" not in reached["dlproof"]


def test_a_public_name_leads_to_the_module_that_has_it():
    text = "from dlproof.data import Rows\nfrom dlproof import Report\n"
    reached = parse_module(text, "toy.any", is_package=False)
    assert {"dlproof.data.load", "dlproof.report"} <= reached.modules


@pytest.mark.parametrize(
    ("text", "module", "is_package"),
    [
        ("def f():\n    from .b import g\n", "toy.a", False),
        ("from . import b\n", "toy.a", False),
        ("from .b import g\n", "toy", True),
        ("from ..b import g\n", "toy.room.a", False),
        ("import toy.b\n", "toy.a", False),
    ],
)
def test_imports_are_followed_wherever_they_stand(text, module, is_package):
    assert "toy.b" in parse_module(text, module, is_package).modules


def test_targets_are_found_at_any_depth():
    config = {"model": {"_target_": "toy.network.Dense"}, "x": [{"_target_": "torch.X"}]}
    assert set(find_targets(config)) == {"toy.network", "torch"}


def test_what_the_config_names_is_code_too(copied):
    change = {"augmentation": {"_target_": "playing.augment.Light"}}
    assert "augment.py" not in find(copied, "train")["playing"]
    assert "augment.py" in find(copied, "train", **change)["playing"]


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("sanity", {"data/loaders.py", "module.py", "network.py"}),
        ("find_lr", {"data/loaders.py", "module.py"}),
        ("probe", {"app.py"}),
        ("tune", {"train.py"}),
        ("crossvalidate", {"data/split.py", "data/preprocess.py", "train.py"}),
    ],
)
def test_a_tool_reaches_the_project_through_the_seams_and_stages_it_calls(copied, name, own):
    assert own <= find(copied, name)["playing"]


def test_a_tool_that_calls_no_seam_reaches_none(copied):
    assert not find(copied, "explore")["playing"]


def test_no_stage_reaches_the_table_or_what_carries_stages(copied):
    for name in copied.stages:
        reached = find(copied, name)
        assert "project.py" not in reached["playing"]
        assert not {"cli.py", "stage.py", "closure.py", "__init__.py"} & reached["dlproof"]


def test_a_byte_of_the_module_makes_training_stale_and_no_data(copied):
    before = hashes(copied)
    path = copied.folder / "module.py"
    path.write_text(path.read_text() + "# a byte\n")
    changed = differ(before, hashes(copied), "code")
    assert {"train", "sanity", "find_lr"} <= changed
    assert not changed & {*MADE_BEFORE_TRAINING}
    assert not differ(before, hashes(copied), "kit")


def test_a_byte_of_the_split_makes_the_split_stale_and_no_stage_beside_it(copied):
    before = hashes(copied)
    path = copied.folder / "data" / "split.py"
    path.write_text(path.read_text() + "# a byte\n")
    assert differ(before, hashes(copied), "code") == {"split"}


def test_an_own_file_that_nothing_reaches_changes_nothing(copied):
    before = hashes(copied)
    (copied.folder / "notebook.py").write_text("x = 1\n")
    assert hashes(copied) == before


def test_another_version_of_the_kit_that_promises_the_same_results_changes_nothing(copied, kit):
    before = hashes(copied)
    path = kit / "src" / "dlproof" / "training" / "run.py"
    path.write_text(path.read_text() + "# a comment\n")
    release(kit)
    assert hashes(copied) == before


def test_a_raised_number_changes_what_reaches_the_file_and_its_kit_hash_alone(copied, kit):
    before = hashes(copied)
    release(kit, run=2)
    assert differ(before, hashes(copied), "kit") == {"train"}
    assert not differ(before, hashes(copied), "code")


def test_a_file_that_was_patched_here_counts_by_its_bytes(copied, kit):
    before = hashes(copied)
    path = kit / "src" / "dlproof" / "data" / "split_methods.py"
    released = path.read_text()
    path.write_text(released + "# patched\n")
    patched = hashes(copied)
    assert "split" in differ(before, patched, "kit")
    assert "ingest" not in differ(before, patched, "kit")
    path.write_text(released + "# patched otherwise\n")
    assert "split" in differ(patched, hashes(copied), "kit")
    path.write_text(released)
    assert hashes(copied) == before


def test_a_kit_without_a_manifest_counts_by_its_bytes(copied, kit):
    before = hashes(copied)
    (kit / "MANIFEST").unlink()
    taken_over = hashes(copied)
    assert differ(before, taken_over, "kit") == set(before)
    path = kit / "src" / "dlproof" / "training" / "run.py"
    path.write_text(path.read_text() + "# a comment\n")
    assert differ(taken_over, hashes(copied), "kit") == {"train"}


def test_a_stage_whose_settings_are_read_is_not_run():
    text = "x = project.stages['train'].settings\ny = project.stages['split'].load().run(cfg)\n"
    assert parse_module(text, "toy.any", is_package=False).stages == {"split"}


def test_a_module_at_the_root_is_code_of_the_stages_that_import_it(copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where commands start, and Python looks
    shutil.copytree(configs("toy", "image-classification") / "configs", tmp_path / "configs")
    path = copied.folder / "data" / "split.py"
    path.write_text(path.read_text() + "\nfrom constants import SHARE\n")
    beside = tmp_path / "constants.py"
    beside.write_text("SHARE = 0.1\n")
    before = hashes(copied)
    beside.write_text("SHARE = 0.2\n")
    assert differ(before, hashes(copied), "code") == {"split"}


def test_a_package_beside_the_projects_is_followed_with_its_own_imports(copied):
    folder = copied.folder.parent / "shared"
    folder.mkdir()
    for name, text in (("__init__", ""), ("cut", "from .deep import X\n"), ("deep", "X = 1\n")):
        (folder / f"{name}.py").write_text(text)
    path = copied.folder / "data" / "split.py"
    path.write_text(path.read_text() + "\nimport shared.cut\n")
    before = hashes(copied)
    (folder / "deep.py").write_text("X = 2\n")
    changed = hashes(copied)
    assert differ(before, changed, "code") == {"split"}
    (folder / "__init__.py").write_text("X = 3\n")
    assert differ(changed, hashes(copied), "code") == {"split"}


@pytest.mark.parametrize("statement", ["import_module('playing.late')", "__init__"])
def test_code_that_runs_on_import_or_by_name_counts(copied, statement):
    path = copied.folder / "data" / "split.py"
    path.write_text(path.read_text() + f"\nimport importlib\nX = importlib.{statement}\n")
    name = "late.py" if "late" in statement else "data/__init__.py"
    (copied.folder / name).write_text('"""Late."""\n')
    before = hashes(copied)
    (copied.folder / name).write_text('"""Later."""\n')
    assert "split" in differ(before, hashes(copied), "code")


def test_a_file_that_code_names_beside_itself_counts(copied):
    path = copied.folder / "data" / "split.py"
    path.write_text(path.read_text() + "\nWORDS = Path(__file__).with_name('words.txt')\n")
    before = hashes(copied)
    (copied.folder / "data" / "words.txt").write_text("one\n")
    there = hashes(copied)
    assert differ(before, there, "code") == {"split"}
    (copied.folder / "data" / "words.txt").write_text("two\n")
    assert differ(there, hashes(copied), "code") == {"split"}


def test_a_constant_from_the_table_makes_the_table_count_and_the_table_alone_does_not(copied):
    table, split = copied.folder / "project.py", copied.folder / "data" / "split.py"
    before = hashes(copied)
    table.write_text(table.read_text() + "\nSHARE = 0.1\n")
    assert hashes(copied) == before
    split.write_text(split.read_text() + "\nfrom ..project import SHARE\n")
    before = hashes(copied)
    table.write_text(table.read_text().replace("SHARE = 0.1", "SHARE = 0.2"))
    assert differ(before, hashes(copied), "code") == {"split"}


def test_what_only_a_type_checker_imports_does_not_count():
    text = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import toy.types\nelse:\n    import toy.real\n"
    )
    assert "toy.types" not in parse_module(text, "toy.any", is_package=False).modules
    assert "toy.real" in parse_module(text, "toy.any", is_package=False).modules


def test_packages_are_those_that_the_stages_files_import(copied):
    packages = {name: set(found["packages"]) for name, found in hashes(copied).items()}
    assert {"torch", "lightning", "numpy"} <= packages["train"]
    assert not {"torch", "lightning", "torchmetrics"} & (packages["ingest"] | packages["split"])
    assert not {"ruff", "pytest", "matplotlib", "omegaconf", "dlproof"} & packages["train"]
    path = copied.folder / "data" / "split.py"
    path.write_text(path.read_text() + "\nimport sklearn\n")
    added = set(hashes(copied)["split"]["packages"]) - packages["split"]
    assert added <= {"scikit-learn"}
    assert "scikit-learn" in hashes(copied)["split"]["packages"]


@pytest.mark.parametrize("name", ["config", "files", "schema/config"])
def test_a_patched_module_at_the_kits_root_counts(copied, kit, name):
    before = hashes(copied)
    path = kit / "src" / "dlproof" / f"{name}.py"
    path.write_text(path.read_text() + "# patched\n")
    assert "train" in differ(before, hashes(copied), "kit")
