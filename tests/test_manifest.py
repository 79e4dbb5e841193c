"""The kit's manifest is that of its files, and somebody decided what each change promises."""

import shutil

import manifest
import pytest
from conftest import PROJECT
from versions import append, commit, git

KIT = PROJECT / "kit"


@pytest.fixture
def kit(tmp_path):
    """A copy of the kit in a repository."""
    git(tmp_path, "init", "--quiet")
    shutil.copytree(KIT, tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    commit(tmp_path, "Kit")
    return tmp_path / "kit"


def test_the_manifest_is_that_of_the_kits_files():
    assert not (told := manifest.judge()), told


def test_a_change_is_named_with_what_to_run(kit):
    assert manifest.judge(kit) == ""
    append(kit / "src/dlproof/data/near.py", "# new\n")
    append(kit / "src/dlproof/data/fresh.py", "# new\n")
    (kit / "src/dlproof/page.py").unlink()
    told = manifest.judge(kit)
    assert "src/dlproof/data/fresh.py, src/dlproof/data/near.py, src/dlproof/page.py" in told
    assert 'make manifest CHANGED="data/fresh.py data/near.py page.py"' in told


def test_other_results_raise_the_number_and_nothing_else_does(kit):
    name = "src/dlproof/data/near.py"
    (kit / manifest.NAME).write_text(manifest.render({name}, kit))
    append(kit / name, "# faster\n")
    rows = (line.split(maxsplit=2) for line in manifest.render(kit=kit).splitlines())
    numbers = {path: int(number) for _, number, path in rows}
    assert numbers.pop(name) == manifest.read_rows()[name][1] + 1
    assert numbers == {n: number for n, (_, number) in manifest.read_rows().items() if n != name}
    (kit / manifest.NAME).write_text(manifest.render(kit=kit))
    assert manifest.judge(kit) == ""


def test_caches_and_what_git_ignores_are_no_files_of_the_kit(kit):
    append(kit.parent / ".gitignore", "__pycache__/\n")
    append(kit / "src/dlproof/__pycache__/page.pyc", "bytes")
    assert manifest.judge(kit) == ""
