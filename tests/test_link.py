"""What a new project records about the template it came from, and what is said where it cannot."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import PROJECT, TEMPLATE, files_below
from versions import append, commit, generate, git, write_template


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return write_template(tmp_path_factory.mktemp("template") / "dl-template")


def test_what_is_recorded_is_what_cruft_records(template, tmp_path):
    project = generate(f"git+file://{template}", tmp_path / "from", "--checkout", "v0.1.0")
    command = [sys.executable, "-m", "cruft", "create", f"file://{template}", "--no-input", "-d"]
    command += ["--checkout", "v0.1.0", "--output-dir", str(tmp_path)]
    answers = ["--extra-context", '{"project_slug": "digits"}']
    subprocess.run([*command, *answers], check=True, capture_output=True)
    ours, theirs = files_below(project), files_below(tmp_path / "digits")
    assert json.loads(ours.pop(".cruft.json")) == json.loads(theirs.pop(".cruft.json"))
    assert ours == theirs


def read_link(project: Path) -> dict:
    return json.loads((project / ".cruft.json").read_text())


def test_a_folder_is_recorded_with_its_commit_and_uncommitted_changes_are_told(template, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(template, copy)
    project = generate(str(copy), tmp_path / "clean")
    assert read_link(project)["template"] == str(copy)
    assert read_link(project)["commit"] == git(copy, "rev-parse", "HEAD")
    assert (tmp_path / "clean" / "said.txt").read_text() == ""
    append(copy / "{{cookiecutter.project_slug}}" / "Makefile", "# new\n")
    project = generate(str(copy), tmp_path / "dirty")
    assert read_link(project)["commit"] == git(copy, "rev-parse", "HEAD")
    assert "uncommitted changes" in (tmp_path / "dirty" / "said.txt").read_text()


def test_a_relative_path_and_a_worktree_are_found(template, tmp_path, monkeypatch):
    git(template, "worktree", "add", "--quiet", str(tmp_path / "tree"), "v0.2.0")
    monkeypatch.chdir(tmp_path)
    project = generate("./tree", tmp_path / "from")
    assert read_link(project)["template"] == str(tmp_path / "tree")
    assert read_link(project)["commit"] == git(template, "rev-parse", "v0.2.0")
    git(template, "worktree", "remove", "--force", str(tmp_path / "tree"))


def test_an_archive_says_what_to_run_and_that_links(template, tmp_path):
    archive = shutil.make_archive(
        str(tmp_path / "dl"), "zip", root_dir=tmp_path, base_dir=unpacked(template, tmp_path)
    )
    project = generate(archive, tmp_path / "from")
    assert not (project / ".cruft.json").exists()
    told = (tmp_path / "from" / "said.txt").read_text()
    assert "is no git repository of its own" in told
    (command,) = re.findall(r"^  uvx (cruft link .+) ADDRESS$", told, re.MULTILINE)
    words = [*shlex.split(command), str(template)]
    subprocess.run([sys.executable, "-m", *words], cwd=project, check=True, capture_output=True)
    assert read_link(project)["commit"] == git(template, "rev-parse", "v0.3.0")
    assert read_link(project)["context"]["cookiecutter"]["project_slug"] == "digits"


def unpacked(template: Path, folder: Path) -> str:
    """The template's files without its history, in a folder whose name is returned."""
    ignored = shutil.ignore_patterns(".git")
    shutil.copytree(template, folder / "dl-template", ignore=ignored)
    return "dl-template"


def test_a_repository_that_git_refuses_is_told_in_its_words(template, tmp_path, monkeypatch):
    stand_in = tmp_path / "bin" / "git"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho 'fatal: detected dubious ownership' >&2\nexit 128\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}")
    project = generate(str(template), tmp_path / "from")
    assert not (project / ".cruft.json").exists()
    told = (tmp_path / "from" / "said.txt").read_text()
    assert "there, git says: fatal: detected dubious ownership" in told
    assert "is no git repository" not in told


def test_a_folder_within_another_repository_is_not_taken_for_it(template, tmp_path):
    git(tmp_path, "init", "--quiet")
    unpacked(template, tmp_path)
    commit(tmp_path, "Ours")
    project = generate(str(tmp_path / "dl-template"), tmp_path / "from")
    assert not (project / ".cruft.json").exists()


def test_an_address_is_recorded_without_its_password(template, tmp_path):
    """Cookiecutter's own clone, used again by its name, says where it came from."""
    clones = tmp_path / "from" / "config" / "clones"
    shutil.copytree(template, clones / "dl")
    git(clones / "dl", "remote", "add", "origin", "https://me:token@example.com/dl.git")
    project = generate("dl", tmp_path / "from")
    assert read_link(project)["template"] == "https://example.com/dl.git"
    assert "token" not in (project / ".cruft.json").read_text()


def test_the_templates_version_is_the_same_everywhere():
    version = tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]["version"]
    answers = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    assert answers["__template_version"] == version
    kit = tomllib.loads((PROJECT / "kit" / "pyproject.toml").read_text())["project"]
    assert (kit["name"], kit["version"]) == ("dlproof", version)
    sections = (TEMPLATE / "CHANGELOG.md").read_text().split("\n## ")[1:]
    assert sections[0].startswith("Unreleased\n")
    released = [section.split()[0] for section in sections[1:]]
    assert released[:1] in ([], [version])
    for section in sections[1:]:
        assert "\n### Migration\n" in section, section.splitlines()[0]


def test_every_release_of_the_changelog_and_every_tag_are_the_same():
    tags = set(git(TEMPLATE, "tag", "--list", "v[0-9]*").split())
    sections = (TEMPLATE / "CHANGELOG.md").read_text().split("\n## ")[2:]
    assert tags <= {f"v{section.split()[0]}" for section in sections}
