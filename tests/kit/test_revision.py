"""A commit and its patch rebuild the code that ran, whatever git is told to show people."""

import subprocess

import pytest
from dlproof import revision

HOSTILE = {
    "nothing": "",
    "colours": "[color]\n\tui = always\n",
    "other prefixes": "[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n",
    "a viewer": "[diff]\n\texternal = echo pretty diff of\n",
    "no context": "[diff]\n\tcontext = 0\n\trelative = true\n",
}


def git(*arguments):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture(params=["", "projects/one"])
def repository(request, tmp_path, monkeypatch):
    """The working directory: a project in git, at the root of the repository or below it."""
    revision.describe_revision.cache_clear()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    folder = tmp_path / "repository" / request.param
    (folder / "src").mkdir(parents=True)
    (folder / "docs").mkdir()
    (folder / "src" / "module.py").write_text("ONE = 1\nTWO = 2\nTHREE = 3\nFOUR = 4\n")
    (folder / "docs" / "logo.png").write_bytes(b"\x89PNG\0\1")
    (folder / ".gitignore").write_text("/data/\n/runs/\n")
    monkeypatch.chdir(tmp_path / "repository")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "Start")
    monkeypatch.chdir(folder)
    yield folder
    revision.describe_revision.cache_clear()


def edit(folder):
    """Every kind of change; gives what each file must be again."""
    contents = {
        "src/module.py": b"ONE = 1\nTWO = 2\nTHREE = 33\nFOUR = 4\nNAME = 'no end of line'",
        "src/latin.py": b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n",
        "docs/logo.png": b"\x89PNG\0\2",
        "src/a name – with a dash.py": b"UNKNOWN = True\n",
        "configs/mine.yaml": b"name: mine\n",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return contents


@pytest.mark.parametrize("config", HOSTILE)
def test_commit_and_patch_rebuild_the_code_byte_by_byte(repository, tmp_path, config):
    contents = edit(repository)
    (tmp_path / "gitconfig").write_text(HOSTILE[config])
    patch = tmp_path / "diff.patch"
    patch.write_bytes(revision.read_diff())
    assert revision.describe_revision()["dirty"] is True
    again = tmp_path / "again"
    git("worktree", "add", "-q", str(again), str(revision.describe_revision()["commit"]))
    subprocess.run(["git", "apply", str(patch)], cwd=again, check=True)
    below = repository.relative_to(tmp_path / "repository")
    assert {name: (again / below / name).read_bytes() for name in contents} == contents


def test_code_that_git_does_not_know_is_a_change_and_results_are_none(repository):
    assert revision.describe_revision()["dirty"] is False
    for name in ("docs/card.md", "reports/train.json", "params.yaml", "data/raw.csv", "notes.txt"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text("{}\n")
    revision.describe_revision.cache_clear()
    assert revision.describe_revision()["dirty"] is False
    (repository / "src" / "mine.py").write_text("\n")
    revision.describe_revision.cache_clear()
    assert revision.describe_revision()["dirty"] is True


def test_a_git_that_refuses_is_quoted_and_nothing_is_claimed(repository, monkeypatch, capsys):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert revision.describe_revision() == {"commit": None, "dirty": None}
    assert "since git refuses: fatal: detected dubious ownership" in capsys.readouterr().err


def test_without_a_repository_there_is_nothing_to_tell(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    revision.describe_revision.cache_clear()
    assert revision.describe_revision() == {"commit": None, "dirty": None}
    assert revision.read_diff() == b""
    revision.describe_revision.cache_clear()
    assert capsys.readouterr().err == ""
