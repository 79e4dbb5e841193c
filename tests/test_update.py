"""A project follows the template over real histories, and nobody loses a line."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import files_below, run, write_cookiecutter_config
from versions import DISPUTED, PEACEFUL, commit, git, write_template

VERSIONS = {"1": "v0.1.0", "2": "v0.2.0", "3": "v0.3.0"}
ROUTES = ["13", "12", "23", "123"]
MINE = re.compile(rb"Mine: \d+")
CORE = [pytest.param("13"), *(pytest.param(route, marks=pytest.mark.slow) for route in ROUTES[1:])]


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return write_template(tmp_path_factory.mktemp("template") / "dl-template")


@pytest.fixture(scope="module")
def born(template, tmp_path_factory):
    """`born("1")`: a new project of a version, made by plain cookiecutter from the repository."""
    projects: dict[str, Path] = {}

    def get(version: str) -> Path:
        if version not in projects:
            folder = tmp_path_factory.mktemp(f"born-{version}")
            projects[version] = generate(f"git+file://{template}", folder, VERSIONS[version])
        return projects[version]

    return get


def generate(address: str, folder: Path, version: str = "") -> Path:
    """Run cookiecutter; what it says is in `said.txt` beside the project."""
    config = write_cookiecutter_config(folder / "config")
    command = ["-m", "cookiecutter", "--no-input", f"--config-file={config}"]
    command += ["--checkout", version] if version else []
    command += [f"--output-dir={folder / 'out'}", address, "project_slug=digits"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    (folder / "said.txt").write_text(done.stdout)
    return folder / "out" / "digits"


def start(source: Path, folder: Path, edits: dict) -> Path:
    """A copy of a new project in git, edited before its first commit: its history knows no better."""
    project = folder / "digits"
    shutil.copytree(source, project)
    for edit in edits.values():
        edit[1](project, project / "src" / "digits")
    git(project, "init", "--quiet")
    commit(project, "Start")
    return project


def follow(project: Path, command: str, *arguments: str) -> subprocess.CompletedProcess:
    return run("-m", "digits.template", command, *arguments, project=project)


def locate(project: Path, path: str) -> Path:
    return project / path.format(s="src/digits")


def comparable(files: dict[str, bytes]) -> dict[str, bytes]:
    return {n: c for n, c in files.items() if not n.startswith(".git/") and n != ".cruft.json"}


@pytest.mark.parametrize("route", CORE)
def test_a_project_ends_as_a_new_one_with_the_users_edits(route, born, tmp_path, update_table):
    project = start(born(route[0]), tmp_path, PEACEFUL)
    before = {kind: count_mine(locate(project, edit[0])) for kind, edit in PEACEFUL.items()}
    for version in route[1:]:
        done = follow(project, "update", VERSIONS[version])
        assert done.returncode == 0, done.stdout + done.stderr
        commit(project, "Update")
    expected = start(born(route[-1]), tmp_path / "expected", {})
    for name in ("README.md", "project.yaml"):
        (expected / name).write_bytes((born(route[0]) / name).read_bytes())
    for _, edit in PEACEFUL.values():
        edit(expected, expected / "src" / "digits")
    assert comparable(files_below(project)) == comparable(files_below(expected))
    for kind, (path, _) in PEACEFUL.items():
        after = count_mine(locate(project, path))
        update_table(kind, route, "as edited", len(before[kind]), len(before[kind] - after))
        assert before[kind] <= after, kind
    ours, new = (json.loads((p / ".cruft.json").read_text()) for p in (project, expected))
    assert ours["commit"] == new["commit"]
    assert ours["context"] == new["context"]


def count_mine(path: Path) -> set[bytes]:
    return set(MINE.findall(path.read_bytes())) if path.exists() else set()


@pytest.mark.parametrize("route", CORE[:3])
def test_every_line_in_dispute_is_kept_and_named(route, born, tmp_path, update_table):
    project = start(born(route[0]), tmp_path, DISPUTED)
    before = {kind: count_mine(locate(project, edit[0])) for kind, edit in DISPUTED.items()}
    done = follow(project, "update", VERSIONS[route[-1]])
    assert done.returncode == 1, done.stdout + done.stderr
    listed = done.stdout.partition("Mend these")[2]
    everything = b"\n".join(comparable(files_below(project)).values())
    for kind, (path, _, routes) in DISPUTED.items():
        lost = [line for line in before[kind] if line not in everything]
        disputed = route in routes.split()
        outcome = "conflict, named" if disputed else "merged"
        update_table(kind, route, outcome, len(before[kind]), len(lost))
        assert not lost, kind
        name = path.format(s="src/digits")
        assert (f"\n  {name}:" in listed or f"\n  {name} " in listed) == disputed, (kind, listed)
    for place in re.findall(r"^  (\S+):(\d+) ", listed, re.MULTILINE):
        line = (project / place[0]).read_text().splitlines()[int(place[1]) - 1]
        assert line.startswith("<<<<<<< ")
    assert "make lock" in done.stdout
    git(project, "reset", "--hard")
    assert git(project, "status", "--porcelain") == ""
    assert follow(project, "check").stdout.count(VERSIONS[route[0]])


def test_a_moved_file_takes_the_users_lines_along(born, tmp_path):
    project = start(born("1"), tmp_path, {"moved": DISPUTED["edited file that is moved"]})
    assert follow(project, "update").returncode == 0
    assert "Mine: 26" in (project / "configs/debug/short.yaml").read_text()
    assert not (project / "configs/debug/limit.yaml").exists()
