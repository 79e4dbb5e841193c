"""A command runs the code of the project it stands in, whatever its environment was made for."""

import shutil
import subprocess
import sys

import pytest
from dlproof.origin import find_foreign
from toy.project import PROJECT

from .projects import KIT, TOY

SKIP = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def copy(project):
    """The working directory: a project with own code and a kit, as a git worktree has them."""
    shutil.copytree(TOY / "src", project / "src", ignore=SKIP)
    shutil.copytree(KIT / "src", project / "kit" / "src", ignore=SKIP)
    for path in ("src/toy/data/ingest.py", "kit/src/dlproof/data/ingest.py"):
        with (project / path).open("a") as stream:
            stream.write(f"\nprint('here: {path}')\n")
    return project


def call(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("inside", ["", "src/toy"])
def test_a_copy_runs_its_own_code_in_the_first_ones_environment(copy, inside):
    done = call(sys.executable, "-m", "toy", "ingest", cwd=copy / inside)
    assert sorted(done.stdout.splitlines())[:2] == [
        "here: kit/src/dlproof/data/ingest.py",
        "here: src/toy/data/ingest.py",
    ]
    assert (copy / "reports" / "ingest.json").exists()


def test_a_script_that_calls_a_command_is_not_started_again(copy):
    with pytest.raises(SystemExit):
        PROJECT.main(["ingest"])
    assert not (copy / "reports").exists()


def test_python_that_reads_no_environment_is_told_what_to_do(copy, monkeypatch):
    source = f"import sys; sys.path[:0] = {[str(TOY / 'src'), str(KIT / 'src')]};"
    code = f"{source} from toy.project import PROJECT; PROJECT.main()"
    done = call(sys.executable, "-I", "-c", code, "ingest")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"ingest: toy is imported from {TOY / 'src' / 'toy'}" in done.stderr
    assert f"the project in {copy} has its own: run `make setup` there" in done.stderr


def test_a_copy_is_not_updated_by_the_kit_of_another(copy):
    done = call(sys.executable, "-m", "dlproof.template", "check")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"template check: dlproof is imported from {KIT / 'src' / 'dlproof'}" in done.stderr


def test_the_command_of_another_project_is_refused(copy):
    (copy / "src" / "toy").rename(copy / "src" / "mine")
    done = call(sys.executable, "-m", "toy", "ingest")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"this is the command of {TOY / 'src' / 'toy'}, and the project in {copy} is mine" in (
        done.stderr
    )


def test_what_is_installed_may_serve_where_there_is_no_source(project):
    assert find_foreign("toy", project) == ""
    (project / "src").mkdir()
    (project / "kit").mkdir()
    assert find_foreign("toy", project) == ""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_tests_of_a_copy_test_its_own_code(copy, workers):
    (copy / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["-p", "dlproof.testing.plugin"]\n'
    )
    (copy / "test_it.py").write_text(
        "import dlproof, toy\ndef test_it(): assert not (toy.__file__, dlproof.__file__)\n"
    )
    done = call(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", workers)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{copy}/src/toy/__init__.py" in done.stdout
    assert f"{copy}/kit/src/dlproof/__init__.py" in done.stdout
