"""Versions of packages: the installed ones, and the lock's where they differ."""

import pytest
from dlproof import packages
from dlproof.packages import describe_packages, describe_version

VERSIONS = {"torch": "2.9.1+cpu", "scikit-learn": "1.8.0"}


@pytest.fixture
def at_versions(tmp_path, monkeypatch):
    """The working directory, with what is installed; a test writes the lock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packages, "find_version", VERSIONS.__getitem__)
    return tmp_path


def test_imports_are_told_by_the_package_that_brings_them():
    assert {"scikit-learn", "numpy", "pillow"} <= set(
        describe_packages(["sklearn", "numpy", "PIL"])
    )


@pytest.mark.parametrize("name", ["os", "__future__", "matplotlib", "omegaconf", "nobody_has_this"])
def test_what_is_pythons_or_makes_no_figure_or_is_not_there_is_left_out(name):
    assert describe_packages([name]) == {}


def test_the_build_of_a_version_does_not_count(at_versions):
    assert describe_version("torch") == "2.9.1"


@pytest.mark.parametrize(
    ("lock", "told"),
    [
        ("torch==2.9.1 \\\n    --hash=sha256:0\n", "2.9.1"),
        ("torch==2.10.0 \\\n    --hash=sha256:0\n", "2.9.1, locked 2.10.0"),
        (
            "torch==2.9.1 ; sys_platform == 'linux'\ntorch==2.9.0 ; sys_platform == 'darwin'\n",
            "2.9.1",
        ),
        ("torchvision==1.0\n", "2.9.1"),
    ],
)
def test_a_lock_that_pins_another_version_is_told(at_versions, lock, told):
    (at_versions / "requirements.lock").write_text(lock)
    assert describe_version("torch") == told


def test_names_are_compared_as_pep_503_writes_them(at_versions):
    (at_versions / "requirements.lock").write_text("Scikit_Learn==1.7.0\n")
    assert describe_version("scikit-learn") == "1.8.0, locked 1.7.0"
