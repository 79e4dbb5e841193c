"""A project follows the template over real histories, and nobody loses a line."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import files_below, run
from versions import (
    DISPUTED,
    DISPUTED_KIT,
    KIT,
    KITS,
    PEACEFUL,
    append,
    change,
    commit,
    generate,
    git,
    release_kit,
    write_template,
)

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


def follow(
    project: Path, command: str, *arguments: str, kit: Path | None = None
) -> subprocess.CompletedProcess:
    return run("-m", "dlproof.template", command, *arguments, project=project, kit=kit)


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
    listed = done.stdout.partition("Resolve these")[2]
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


def told_of_kit(printed: str) -> str:
    """What an update says of the kit, sentence by sentence."""
    lines = printed.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("kit: "))
    end = next(n for n, line in enumerate(lines) if line.startswith("Updated from"))
    return "\n".join(lines[start:end])


# Kind of kit -> what an update from version 1 to version 3 says of it.
TOLD = {
    "kit, untouched": "replaced as a whole",
    "kit, patched where the template changes other lines": (
        "replaced, except for patched files\npatched here, so merged: src/dlproof/intervals.py"
    ),
    "kit, patched where the template changes nothing": (
        "replaced, except for patched files\npatched here, and kept: src/dlproof/page.py"
    ),
    "kit, patched where the template moves the file": (
        "replaced, except for patched files\n"
        "patched here, so merged: src/dlproof/evaluation/ledger.py"
    ),
    "kit, a file removed": (
        "replaced, except for patched files\n"
        "patched here, and kept: src/dlproof/checklist/map.py (removed)"
    ),
    "kit, folder dropped": "left alone: it is not in this project's tree",
    "kit, MANIFEST removed": "merged file by file: this project has taken it over",
}


# Three kinds stand for all by default: nothing done, a patch that is merged, a folder dropped.
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if number in (0, 1, 5) else pytest.mark.slow)
        for number, kind in enumerate(TOLD)
    ],
)
@pytest.mark.parametrize("route", CORE)
def test_the_kit_is_replaced_whole_but_for_what_people_did(
    route, kind, born, tmp_path, update_table
):
    edit, lines = KITS[kind]
    project = start(born(route[0]), tmp_path, {"kit": ("", lambda p, s: edit(p))})
    kit = None if (project / "kit").exists() else born(route[0]) / "kit"
    for version in route[1:]:
        done = follow(project, "update", VERSIONS[version], kit=kit)
        assert done.returncode == 0, done.stdout + done.stderr
        commit(project, "Update")
    expected = start(born(route[-1]), tmp_path / "expected", {"kit": ("", lambda p, s: edit(p))})
    for name in ("README.md", "project.yaml"):
        (expected / name).write_bytes((born(route[0]) / name).read_bytes())
    assert comparable(files_below(project)) == comparable(files_below(expected))
    text = b"\n".join(files_below(project).values()).decode(errors="replace")
    lost = [line for line in lines if line not in text]
    told = told_of_kit(done.stdout)
    update_table(kind, route, told.splitlines()[0].partition(", ")[2], len(lines), len(lost))
    assert not lost
    if route == "13":
        assert told == f"kit: 0.1.0 -> 0.3.0, {TOLD[kind]}"
    if kind != "kit, MANIFEST removed":
        assert " kit/" not in done.stdout, "only the project's own files are listed"
    if kind == "kit, folder dropped":
        assert not (project / "kit").exists()
        assert (
            f"dlproof[image]=={VERSIONS[route[-1]][1:]}" in (project / "pyproject.toml").read_text()
        )


@pytest.mark.parametrize("route", CORE)
def test_a_dispute_in_the_kit_is_named_and_nothing_is_lost(route, born, tmp_path, update_table):
    edit, lines = KITS[DISPUTED_KIT]
    project = start(born(route[0]), tmp_path, {"kit": ("", lambda p, s: edit(p))})
    for version in route[1:]:
        keep_both_sides(project)
        done = follow(project, "update", VERSIONS[version])
        assert done.returncode == 1 or route == "123", done.stdout + done.stderr
        assert "patched here, so merged: src/dlproof/intervals.py" in done.stdout
    place = project / KIT / "intervals.py"
    lost = [line for line in lines if line not in place.read_text()]
    update_table(DISPUTED_KIT, route, "named", len(lines), len(lost))
    assert not lost
    if route != "123":
        (number,) = re.findall(rf"^  {KIT}/intervals\.py:(\d+)  yours", done.stdout, re.MULTILINE)
        assert place.read_text().splitlines()[int(number) - 1].startswith("<<<<<<< ")


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
    assert "\n+# Mine: 1\n" in done.stdout
    assert "Mine: 2" not in done.stdout
    assert done.stdout.startswith("kit: 0.1.0, as it was released\n")
    assert "/kit/" not in done.stdout


def test_check_and_diff_name_the_patched_files_of_the_kit(project):
    assert re.search(r"^kit +0\.1\.0, as it was released$", follow(project, "check").stdout, re.M)
    append(project / KIT / "page.py", "# Mine: 3\n")
    (project / KIT / "data/near.py").unlink()
    told = "0.1.0, patched here: src/dlproof/data/near.py (removed), src/dlproof/page.py"
    assert told in follow(project, "check").stdout
    done = follow(project, "diff")
    assert f"kit: {told}\n" in done.stdout
    assert "\n+# Mine: 3\n" in done.stdout
    (project / "kit/MANIFEST").unlink()
    assert "0.1.0, taken over by this project" in follow(project, "check").stdout


def test_check_and_diff_name_the_kit_that_is_installed_where_the_tree_has_none(project, tmp_path):
    (project / "kit").rename(tmp_path / "kit")
    text = (project / "pyproject.toml").read_text()
    pinned = text.replace(" @ {root:uri}/kit", "==0.1.0")
    (project / "pyproject.toml").write_text(pinned)
    about = tmp_path / "kit/src/dlproof-0.1.0.dist-info/METADATA"
    append(about, "Metadata-Version: 2.1\nName: dlproof\nVersion: 0.1.0\n")
    told = "not in this project's tree: 0.1.0 is installed"
    assert told in follow(project, "check", kit=tmp_path / "kit").stdout
    assert follow(project, "diff", kit=tmp_path / "kit").stdout == f"kit: {told}\n"


def test_a_manifest_that_was_edited_is_the_new_releases_afterwards(project, born):
    """A wrong hash is no reason for a conflict that nobody could mend by hand."""
    append(project / KIT / "page.py", "# Mine: 4\n")
    release_kit(project / "kit", "0.1.0")
    commit(project, "Patch, and say that it is released")
    done = follow(project, "update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "kit/MANIFEST").read_bytes() == (born("3") / "kit/MANIFEST").read_bytes()
    assert "# Mine: 4" in (project / KIT / "page.py").read_text()
    assert "patched here: src/dlproof/page.py" in follow(project, "check").stdout


def test_a_manifest_with_the_marks_of_a_conflict_is_one_sentence(project):
    change(project / "kit/MANIFEST", "\n", "\n<<<<<<< HEAD\n")
    commit(project, "Two branches")
    assert "kit/MANIFEST has a line without hash" in refuse(project, "check")


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


def test_answers_that_the_template_refuses_are_named_in_one_sentence(project):
    change(project / ".cruft.json", '"project_slug": "digits"', '"project_slug": "../digits"')
    (sentence,) = follow(project, "diff").stderr.splitlines()
    assert "refuses the answers in .cruft.json: FailedHookException: Nothing was" in sentence
    assert "project_slug must be lower-case letters" in sentence
    assert sentence.endswith("(it is `../digits`).")


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
    assert "the template adds src/digits/data/fresh.py" in refuse(project)


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
