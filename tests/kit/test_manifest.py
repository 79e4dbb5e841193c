"""The manifest names every file of the kit, and says what a release promises of results."""

import pytest
from dlproof import manifest
from dlproof.errors import UserError
from dlproof.files import hash_file
from dlproof.manifest import Manifest, read_manifest

from .projects import KIT

CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}  # of tools that read the kit where it lies


def test_every_file_of_the_kit_is_listed_as_it_is():
    listed = read_manifest()
    shipped = {
        path.relative_to(KIT).as_posix()
        for path in KIT.rglob("*")
        if path.is_file() and not CACHES & {*path.parts} and path.name != "MANIFEST"
    }
    assert set(listed.files) == shipped
    assert listed.find_patched(KIT) == []
    assert listed.find_unreleased() == []


def test_a_released_file_says_nothing_until_its_number_is_raised():
    path = "errors.py"
    name, content = f"src/dlproof/{path}", hash_file(KIT / "src" / "dlproof" / path)
    file = manifest.PACKAGE / path
    found = file.relative_to(manifest.PACKAGE)
    assert Manifest({name: (content, 1)}).find_deviation(found) is None
    assert Manifest({name: (content, 3)}).find_deviation(found) == (path, 3)


def test_a_changed_or_unlisted_file_is_told_by_its_bytes():
    content = hash_file(manifest.PACKAGE / "errors.py")
    for files in ({}, {"src/dlproof/errors.py": ("0" * 64, 1)}):
        found = Manifest(files).find_deviation(
            (manifest.PACKAGE / "errors.py").relative_to(manifest.PACKAGE)
        )
        assert found == ("errors.py", content)


def test_changed_and_lost_files_are_patched():
    listed = read_manifest()
    changed = Manifest(
        listed.files
        | {"src/dlproof/errors.py": ("0" * 64, 1), "src/dlproof/gone.py": ("0" * 64, 1)}
    )
    assert changed.find_unreleased() == [manifest.PACKAGE / "errors.py"]
    assert changed.find_patched(KIT) == ["src/dlproof/errors.py", "src/dlproof/gone.py"]


def test_without_a_manifest_nothing_is_promised(tmp_path):
    assert read_manifest(tmp_path / "MANIFEST").files == {}


def test_files_that_are_in_no_release_are_found_where_the_kit_is_installed(monkeypatch, tmp_path):
    """A wheel has the manifest in the package, and no folder `src` around it."""
    package = tmp_path / "site-packages" / "dlproof"
    package.mkdir(parents=True)
    for name, text in (("same.py", "A = 1\n"), ("changed.py", "A = 2\n"), ("added.py", "A = 3\n")):
        (package / name).write_text(text)
    released = {
        "src/dlproof/same.py": (hash_file(package / "same.py"), 1),
        "src/dlproof/changed.py": ("0" * 64, 1),
        "pyproject.toml": ("0" * 64, 1),
    }
    monkeypatch.setattr(manifest, "PACKAGE", package)
    found = [path.name for path in Manifest(released).find_unreleased()]
    assert found == ["added.py", "changed.py"]


def test_a_line_that_is_none_is_a_sentence(tmp_path):
    (tmp_path / "MANIFEST").write_text("<<<<<<< ours\n")
    with pytest.raises(UserError, match="has a line without hash, number and path"):
        read_manifest(tmp_path / "MANIFEST")
