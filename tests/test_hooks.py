"""The hooks, imported as they lie in the template: they hold Jinja only inside strings."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from conftest import PROJECT, TEMPLATE

from dl_template import git

ANSWERS = {
    "project_name": "A",
    "project_slug": "a-b",
    "package_name": "a_b",
    "description": "d",
    "author_name": "n",
    "author_email": "e@x.org",
    "github_owner": "o",
    "data_type": "image",
    "task": "classification",
    "license": "MIT",
}


def load(name: str) -> ModuleType:
    """Import a hook without rendering it."""
    spec = importlib.util.spec_from_file_location(name, TEMPLATE / "hooks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def post_gen() -> ModuleType:
    return load("post_gen_project")


def test_every_option_of_the_table_is_one_of_the_template(post_gen):
    template = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    for option in post_gen.PATHS:
        question, _, choice = option.partition("=")
        assert choice in template[question]


def test_every_path_of_the_table_is_in_the_template(post_gen):
    names = {"package_name": "{{cookiecutter.package_name}}"}
    for paths in post_gen.PATHS.values():
        for path in paths:
            assert (PROJECT / path.format(**names)).exists(), path


def test_no_path_of_the_table_is_listed_twice_for_one_option(post_gen):
    for option, paths in post_gen.PATHS.items():
        assert sorted(set(paths)) == sorted(paths), option


def test_chosen_option_keeps_its_files(post_gen, monkeypatch):
    table = {"data_type=image": ("i", "{package_name}/i"), "data_type=tabular": ("t",)}
    monkeypatch.setattr(post_gen, "PATHS", table)
    assert post_gen.unchosen_paths(ANSWERS) == ["t"]
    assert post_gen.unchosen_paths(ANSWERS | {"data_type": "tabular"}) == ["a_b/i", "i"]


def write(project: Path, *names: str) -> list[str]:
    """Files, as the template would have written them; returns all names, those of folders too."""
    for name in names:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("the template's")
    return list_all(project)


def list_all(project: Path) -> list[str]:
    paths = sorted(project.rglob("*"))
    return [f"{p.relative_to(project).as_posix()}{'/' * p.is_dir()}" for p in paths]


def test_folders_and_files_are_removed_and_the_licence_is_named(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {"data_type=tabular": ("folder", "file")})
    written = write(tmp_path, "file", "files", "folder/deep/file", "LICENSE.MIT", "kept")
    post_gen.prune(tmp_path, ANSWERS, written, set())
    assert list_all(tmp_path) == ["LICENSE", "files", "kept"]


def test_what_was_there_and_what_is_beside_it_is_not_removed(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {"data_type=tabular": ("folder", "empty", "file")})
    written = write(tmp_path, "file", "folder/theirs", "folder/deep/file", "LICENSE.MIT")
    write(tmp_path, "folder/deep/own")
    (tmp_path / "empty").mkdir()
    written.append("empty/")
    post_gen.prune(tmp_path, ANSWERS, written, {"file", "empty/", "LICENSE.MIT"})
    left = ["LICENSE", "LICENSE.MIT", "empty/", "file", "folder/", "folder/deep/"]
    assert list_all(tmp_path) == [*left, "folder/deep/own"]


def test_caches_of_a_working_copy_are_no_part_of_a_project(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {})
    caches = [f"src/{cache}/deep/file" for cache in post_gen.CACHES]
    written = write(tmp_path, "LICENSE.MIT", *caches)
    write(tmp_path, ".venv/lib/__pycache__/own", "src/__pycache__/own")
    post_gen.prune(tmp_path, ANSWERS, written, set())
    assert [name for name in list_all(tmp_path) if not name.endswith("/")] == [
        *(".venv/lib/__pycache__/own", "LICENSE", "src/__pycache__/own")
    ]


def test_a_cache_that_came_while_the_project_was_rendered_is_none_of_its_own(
    post_gen, monkeypatch, tmp_path
):
    monkeypatch.setattr(post_gen, "PATHS", {})
    written = write(tmp_path, "LICENSE.MIT", "src/file")
    later = ["src/__pycache__/", "src/__pycache__/file.pyc"]
    post_gen.prune(tmp_path, ANSWERS, [*written, *later], set())
    assert list_all(tmp_path) == ["LICENSE", "src/", "src/file"]


@pytest.mark.parametrize(("shell", "told"), [("here", "a-b"), ("elsewhere", "{here}/a-b")])
def test_what_was_made_and_the_next_two_commands_are_told(
    post_gen, monkeypatch, tmp_path, capsys, shell, told
):
    monkeypatch.setenv("PWD", str(tmp_path / shell))
    project = tmp_path / "here" / "a-b"
    project.mkdir(parents=True)
    post_gen.tell(project, ANSWERS)
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "Made a-b: image classification, in the package a_b."
    assert second.startswith(f"  cd {told.format(here=tmp_path / 'here')} && make pipeline ")
    assert third.startswith("  make test ")


def test_a_folder_is_quoted_for_a_shell(post_gen, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PWD", str(tmp_path))
    post_gen.tell(tmp_path / "é à" / "a-b", ANSWERS)
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("  cd 'é à/a-b' && make pipeline ")


def test_a_repository_around_a_project_is_told_with_what_it_needs(tmp_path):
    project = tmp_path / "é à" / "a-b"
    project.mkdir(parents=True)
    assert git.describe_around(project) == ""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    lines = git.describe_around(project).splitlines()
    assert f"Inside the git repository {tmp_path}" in lines[0]
    assert lines[2] == f"  echo '/é à/a-b/' >> {tmp_path}/.gitignore)"
    subprocess.run(["sh", "-c", lines[2].strip(" )")], check=True)
    assert git.describe_around(project) == ""
    subprocess.run(["git", "init", "--quiet", project], check=True)
    assert git.describe_around(project) == ""


def test_what_git_says_is_told_and_not_taken_for_no_repository(monkeypatch, tmp_path):
    assert "not a git repository" in git.ask_git(tmp_path, "rev-parse", "HEAD")[1]
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert "ambiguous argument 'HEAD'" in git.ask_git(tmp_path, "rev-parse", "HEAD")[1]
    monkeypatch.setenv("PATH", str(tmp_path))
    complaint = "git cannot be started (No such file or directory)"
    assert git.ask_git(tmp_path, "rev-parse", "HEAD") == ("", complaint)


def test_tools_that_render_are_told_nothing(post_gen, monkeypatch):
    monkeypatch.delenv("DL_TEMPLATE_QUIET", raising=False)
    assert not post_gen.is_quiet()
    monkeypatch.setenv("DL_TEMPLATE_QUIET", "1")
    assert post_gen.is_quiet()


def test_missing_path_fails_and_names_itself(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {"data_type=tabular": ("gone", "there")})
    written = write(tmp_path, "there")
    with pytest.raises(FileNotFoundError, match="gone"):
        post_gen.prune(tmp_path, ANSWERS, written, set())
    assert (tmp_path / "there").exists()
