"""The extension is loaded from the template that is rendered, by whoever renders it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import TEMPLATE
from cookiecutter.exceptions import FailedHookException
from cookiecutter.utils import create_env_with_context

from dl_template import answers

NAMES = {"cookiecutter": {"_extensions": ["dl_template.extension.Template"]}}


@pytest.fixture
def versions(tmp_path, monkeypatch) -> list[Path]:
    """Two versions of the template's own Python, and a clone that somebody stands in."""
    folders = [tmp_path / name for name in ("clone", "old", "new")]
    for folder in folders:
        shutil.copytree(TEMPLATE / "dl_template", folder / "dl_template")
    monkeypatch.setattr(sys, "path", [str(folders[0]), *sys.path])
    forget()
    yield folders[1:]
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "dl_template"]:
        del sys.modules[name]


def test_each_version_has_its_own_modules_also_in_one_process(versions, monkeypatch):
    for folder in versions:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "path", [*sys.path, str(folder)])
            environment = create_env_with_context(NAMES)
            assert environment.globals["template_root"] == str(folder)
            environment.filters["leave"]({})  # as the last hook does


@pytest.mark.parametrize("question", answers.QUESTIONS)
def test_an_edited_record_is_refused_before_the_folder_has_a_name(question):
    known = {name: f"its {name}" for name in answers.QUESTIONS}
    known["__checked"] = json.dumps(list(known.values()))
    folder = create_env_with_context(NAMES).from_string("{{cookiecutter.project_slug}}")
    assert folder.render(cookiecutter=known) == "its project_slug"
    with pytest.raises(FailedHookException, match="edited after they were checked"):
        folder.render(cookiecutter=known | {question: "../edited"})


def test_questions_of_the_checks_are_those_of_the_template():
    template = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    assert list(answers.QUESTIONS) == [name for name in template if not name.startswith("_")]


def test_a_relative_path_is_found_from_another_folder(versions, monkeypatch):
    monkeypatch.chdir(versions[0].parent)
    monkeypatch.setattr(sys, "path", [*sys.path, "./new"])
    create_env_with_context(NAMES).filters["leave"]({})
    monkeypatch.chdir(versions[0])
    assert create_env_with_context(NAMES).globals["template_root"] == str(versions[1])
