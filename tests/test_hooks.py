"""The hooks, imported as they lie in the template: they hold Jinja only inside strings."""

import importlib.util
import json
import subprocess
from types import ModuleType

import pytest
from conftest import PROJECT, TEMPLATE

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
def pre_gen() -> ModuleType:
    return load("pre_gen_project")


@pytest.fixture(scope="module")
def post_gen() -> ModuleType:
    return load("post_gen_project")


@pytest.fixture
def checked() -> dict:
    """Answers as cookiecutter hands them to a hook."""
    template = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    private = {
        "_defaults": template["_defaults"],
        "__checked": json.dumps(list(ANSWERS.values())),
    }
    return ANSWERS | private


def test_checked_answers_are_accepted(pre_gen, checked):
    assert pre_gen.find_problems(checked, ANSWERS) == []


def test_default_expressions_are_no_template_code_of_the_user(pre_gen, checked):
    assert pre_gen.find_problems(checked, ANSWERS | checked["_defaults"]) == []


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "{% if 1 %}x{% endif %}", "a{# b #}", "a\n", "a\r"])
def test_template_code_is_refused_though_it_is_rendered_by_now(pre_gen, checked, value):
    (problem,) = pre_gen.find_problems(checked, ANSWERS | {"description": value})
    assert problem.startswith("description holds template code")


def test_default_expression_of_another_question_is_template_code(pre_gen, checked):
    typed = ANSWERS | {"description": checked["_defaults"]["project_slug"]}
    assert len(pre_gen.find_problems(checked, typed)) == 1


@pytest.mark.parametrize("question", ANSWERS)
def test_edited_replay_is_refused(pre_gen, checked, question):
    (problem,) = pre_gen.find_problems(checked | {question: "../edited"}, {})
    assert "edited" in problem


def test_questions_of_the_hook_are_those_of_the_template(pre_gen):
    template = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    assert list(pre_gen.QUESTIONS) == [name for name in template if not name.startswith("_")]


def test_recorded_defaults_are_the_defaults(pre_gen):
    template = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    computed = {
        name: template[name]
        for name in pre_gen.QUESTIONS
        if isinstance(template[name], str) and "{{" in template[name]
    }
    assert template["_defaults"] == computed


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


def test_folders_and_files_are_removed_and_the_licence_is_named(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {"data_type=tabular": ("folder", "file")})
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    for name in ("file", "folder/deep/file", "LICENSE.MIT", "kept"):
        (tmp_path / name).touch()
    post_gen.prune(tmp_path, ANSWERS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["LICENSE", "kept"]


def test_caches_of_a_working_copy_are_no_part_of_a_project(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {})
    for cache in post_gen.CACHES:
        (tmp_path / "src" / cache).mkdir(parents=True)
        (tmp_path / "src" / cache / "file").touch()
    (tmp_path / "LICENSE.MIT").touch()
    post_gen.prune(tmp_path, ANSWERS)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["LICENSE", "src"]


def test_an_environment_in_use_is_left_as_it_is(post_gen, tmp_path):
    for folder in ("src/__pycache__", ".venv/lib/__pycache__", "kit/src/deep/.mypy_cache"):
        (tmp_path / folder).mkdir(parents=True)
    found = {path.relative_to(tmp_path).as_posix() for path in post_gen.find_caches(tmp_path)}
    assert found == {"src/__pycache__", "kit/src/deep/.mypy_cache"}


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


def test_a_folder_is_quoted_for_a_shell_and_a_repository_around_it_is_told(
    post_gen, monkeypatch, tmp_path, capsys
):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.setenv("PWD", str(tmp_path))
    (tmp_path / "é à" / "a-b").mkdir(parents=True)
    post_gen.tell(tmp_path / "é à" / "a-b", ANSWERS)
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("  cd 'é à/a-b' && make pipeline ")
    assert f"Inside the git repository {tmp_path}" in told[3]


def test_tools_that_render_are_told_nothing(post_gen, monkeypatch):
    monkeypatch.delenv("DL_TEMPLATE_QUIET", raising=False)
    assert not post_gen.is_quiet()
    monkeypatch.setenv("DL_TEMPLATE_QUIET", "1")
    assert post_gen.is_quiet()


def test_missing_path_fails_and_names_itself(post_gen, monkeypatch, tmp_path):
    monkeypatch.setattr(post_gen, "PATHS", {"data_type=tabular": ("gone", "there")})
    (tmp_path / "there").touch()
    with pytest.raises(FileNotFoundError, match="gone"):
        post_gen.prune(tmp_path, ANSWERS)
    assert (tmp_path / "there").exists()
