"""A project follows the template over real histories, and nobody loses a line."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import files_below, run
from versions import DISPUTED, PEACEFUL, append, commit, generate, git, write_template

VERSIONS = {"1": "v0.1.0", "2": "v0.2.0", "3": "v0.3.0"}
ROUTES = ["13", "12", "23", "123"]
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
            address = f"git+file://{template}"
            projects[version] = generate(address, folder, "--checkout", VERSIONS[version])
        return projects[version]

    return get


def start(source: Path, folder: Path, edits: dict) -> Path:
    """A copy of a new project in git, edited before its first commit."""
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


def own_lines(project: Path, path: str, new: Path) -> set[bytes]:
    """Lines of a file that a new project's does not have: the user's."""
    found = locate(project, path)
    base = locate(new, path)
    lines = set(found.read_bytes().splitlines()) if found.exists() else set()
    return lines - (set(base.read_bytes().splitlines()) if base.exists() else set())


@pytest.mark.parametrize("route", CORE)
def test_a_project_ends_as_a_new_one_with_the_users_edits(route, born, tmp_path, update_table):
    project = start(born(route[0]), tmp_path, PEACEFUL)
    lines = {kind: own_lines(project, path, born(route[0])) for kind, (path, _) in PEACEFUL.items()}
    said = ""
    for version in route[1:]:
        done = follow(project, "update", VERSIONS[version])
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
        commit(project, "Update")
    expected = start(born(route[-1]), tmp_path / "expected", {})
    for name in ("README.md", "project.yaml"):
        (expected / name).write_bytes((born(route[0]) / name).read_bytes())
    for _, edit in PEACEFUL.values():
        edit(expected, expected / "src" / "digits")
    assert comparable(files_below(project)) == comparable(files_below(expected))
    for kind, (path, _) in PEACEFUL.items():
        lost = lines[kind] - own_lines(project, path, born(route[0]))
        outcome = "as edited" if locate(project, path).exists() else "stays removed"
        update_table(kind, route, outcome, len(lines[kind]), len(lost))
        assert not lost, kind
    assert "team=research" in said or route[0] == "2"
    assert not (project / "configs/data/parquet.yaml").exists()
    ours, new = (json.loads((p / ".cruft.json").read_text()) for p in (project, expected))
    assert ours["commit"] == new["commit"]
    assert ours["context"] == new["context"]


@pytest.mark.parametrize("route", CORE)
def test_every_line_in_dispute_is_kept_and_named(route, born, tmp_path, update_table):
    project = start(born(route[0]), tmp_path, DISPUTED)
    lines = {k: own_lines(project, path, born(route[0])) for k, (path, *_) in DISPUTED.items()}
    for version in route[1:]:
        keep_both_sides(project)
        done = follow(project, "update", VERSIONS[version])
        assert done.returncode == 1, done.stdout + done.stderr
    listed = done.stdout.partition("Mend these")[2]
    for kind, (path, _, routes) in DISPUTED.items():
        name = path.format(s="src/digits")
        named = f"\n  {name}:" in listed or f"\n  {name} " in listed
        place = name if (project / name).exists() else "configs/debug/short.yaml"
        lost = lines[kind] - set((project / place).read_bytes().splitlines())
        update_table(kind, route, "named" if named else "merged", len(lines[kind]), len(lost))
        assert not lost, kind
        assert named == (route[-2:] in routes.split()) or route == "123", (kind, listed)
    for place, number in re.findall(r"^  (\S+):(\d+) ", listed, re.MULTILINE):
        line = (project / place).read_text().splitlines()[int(number) - 1]
        assert line.startswith("<<<<<<< ")
    git(project, "reset", "--hard")
    assert git(project, "status", "--porcelain") == ""


def keep_both_sides(project: Path) -> None:
    """Mend every conflict as a careful user would: take the markers out, commit."""
    for name in git(project, "diff", "--name-only", "--diff-filter=U").splitlines():
        content = (project / name).read_bytes()
        content = re.sub(rb"^(<<<<<<<|=======|>>>>>>>).*\n", b"", content, flags=re.MULTILINE)
        (project / name).write_bytes(content)
    git(project, "commit", "--quiet", "--allow-empty", "--all", "--message=Mend")


@pytest.fixture
def project(born, tmp_path) -> Path:
    return start(born("1"), tmp_path, {})


def test_check_names_the_versions_and_the_notes_between_them(project):
    done = follow(project, "check")
    assert done.returncode == 0, done.stderr
    assert re.search(r"project +v0\.1\.0\n.*newest +v0\.3\.0\n", done.stdout)
    notes = done.stdout.partition("Migration notes:")[2]
    assert "0.3.0: - The schedule `step` is gone." in notes
    assert "0.2.0: - Give your team a name." in notes
    assert "Added" not in notes
    assert "Removed" not in notes
    notes = follow(project, "check", "v0.2.0").stdout
    assert "Give your team a name" in notes
    assert "is gone" not in notes
    assert "Up to date" in follow(project, "check", "v0.1.0").stdout


def test_diff_shows_the_users_changes_and_no_skipped_file(project):
    append(project / "Makefile", "# Mine: 1\n")
    append(project / "README.md", "Mine: 2\n")
    done = follow(project, "diff")
    assert done.returncode == 0
    assert "-# Mine: 1" in done.stdout
    assert "Mine: 2" not in done.stdout


def refuse(project: Path, command: str = "update", *arguments: str) -> str:
    """The sentence of a command that must refuse, and leave everything as it is."""
    before = comparable(files_below(project))
    done = follow(project, command, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert comparable(files_below(project)) == before
    (sentence,) = done.stderr.strip().splitlines()
    return sentence


def test_uncommitted_changes_are_refused(project):
    append(project / "Makefile", "# Mine\n")
    assert "1 files differ from the last commit (such as Makefile)" in refuse(project)


def test_a_project_outside_git_is_refused(project):
    shutil.rmtree(project / ".git")
    assert "not a git repository" in refuse(project)


@pytest.mark.parametrize("command", ["check", "diff", "update"])
def test_a_template_that_is_gone_is_one_sentence(command, project):
    state = json.loads((project / ".cruft.json").read_text()) | {"template": "/gone/away"}
    (project / ".cruft.json").write_text(json.dumps(state))
    commit(project, "Elsewhere")
    sentence = refuse(project, command)
    assert "the template at /gone/away cannot be read (repository '/gone/away'" in sentence


def test_an_unknown_version_is_refused_with_those_there_are(project):
    assert "no version v9.9; it has v0.3.0, v0.2.0, v0.1.0" in refuse(project, "update", "v9.9")
    state = json.loads((project / ".cruft.json").read_text()) | {"commit": "f" * 40}
    (project / ".cruft.json").write_text(json.dumps(state))
    commit(project, "Rewritten")
    assert "no version ffff" in refuse(project, "diff")


def test_a_project_without_a_link_says_how_to_link_it(project):
    (project / ".cruft.json").unlink()
    assert "cruft link" in refuse(project, "check")


def test_a_file_that_git_ignores_is_not_written_over(project):
    append(project / ".gitignore", "fresh.py\n")
    commit(project, "Ignore")
    append(project / "src/digits/data/fresh.py", "Mine\n")
    assert "the template brings src/digits/data/fresh.py" in refuse(project)


def test_an_older_version_changes_nothing(born, tmp_path):
    project = start(born("3"), tmp_path, {})
    done = follow(project, "update", "v0.1.0")
    assert done.returncode == 0
    assert "Nothing to update: this is v0.3.0" in done.stdout
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_project_in_a_folder_of_a_repository_is_updated_there(born, tmp_path):
    project = start(born("1"), tmp_path, {"own": PEACEFUL["config, other lines"]})
    shutil.rmtree(project / ".git")
    git(tmp_path, "init", "--quiet")
    append(tmp_path / "beside.txt", "Mine\n")
    commit(tmp_path, "Many projects")
    done = follow(project, "update")
    assert done.returncode == 0, done.stderr
    assert "VALUE = 3" in (project / "src/digits/data/fresh.py").read_text()
    assert not git(tmp_path, "diff", "--name-only", "HEAD", "--", ":!digits")
