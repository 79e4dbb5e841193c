"""Every way to generate gives the same project, with nothing but the template at hand."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TEMPLATE, files_below, write_cookiecutter_config

PARTS = ("cookiecutter.json", "dl_template", "hooks", "{{cookiecutter.project_slug}}")
ANSWERS = {"project_name": "Two Tables", "data_type": "tabular", "task": "regression"}
# Stands in for a network that is not there, in cookiecutter and in the hooks that it starts.
NO_NETWORK = """
import socket

class Blocked(socket.socket):
    def connect(self, *_):
        raise OSError("no network")

socket.socket = Blocked
socket.getaddrinfo = None
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A copy of what generation reads, as people get it: without this repository's history."""
    folder = tmp_path_factory.mktemp("template") / "dl-template"
    folder.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache")
    for part in PARTS:
        source = TEMPLATE / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy(source, folder / part)
    return folder


@pytest.fixture
def config(tmp_path) -> Path:
    return write_cookiecutter_config(tmp_path / "config")


@pytest.fixture(scope="module")
def expected(template, tmp_path_factory) -> dict[str, bytes]:
    """The project of ANSWERS, generated from the copy's path."""
    folder = tmp_path_factory.mktemp("expected")
    config = write_cookiecutter_config(folder / "config")
    answers = [f"{name}={value}" for name, value in ANSWERS.items()]
    generate(template, "--no-input", *answers, output=folder / "out", config=config)
    return files_below(folder / "out" / "two-tables")


def generate(template, *arguments, output, config, check=True, **options):
    """Run the cookiecutter command: flags first, answers after the template."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    answers = [argument for argument in arguments if not argument.startswith("-")]
    return subprocess.run(
        [
            *(sys.executable, "-m", "cookiecutter", f"--config-file={config}"),
            *(f"--output-dir={output}", *flags, str(template), *answers),
        ],
        check=check,
        capture_output=True,
        text=True,
        **options,
    )


def test_zip(template, expected, tmp_path, config):
    archive = shutil.make_archive(
        str(tmp_path / "archive"), "zip", root_dir=template.parent, base_dir=template.name
    )
    answers = [f"{name}={value}" for name, value in ANSWERS.items()]
    generate(archive, "--no-input", *answers, output=tmp_path / "out", config=config)
    assert files_below(tmp_path / "out" / "two-tables") == expected


def test_relative_path(template, expected, tmp_path, config):
    answers = [f"{name}={value}" for name, value in ANSWERS.items()]
    output = tmp_path / "out"
    generate(".", "--no-input", *answers, output=output, config=config, cwd=template)
    assert files_below(output / "two-tables") == expected


def test_config_file(template, expected, tmp_path):
    config = write_cookiecutter_config(tmp_path / "config", **ANSWERS)
    generate(template, "--no-input", output=tmp_path / "out", config=config)
    assert files_below(tmp_path / "out" / "two-tables") == expected


def test_replay(template, expected, tmp_path, config):
    answers = [f"{name}={value}" for name, value in ANSWERS.items()]
    generate(template, "--no-input", *answers, output=tmp_path / "first", config=config)
    generate(template, "--replay", output=tmp_path / "second", config=config)
    assert files_below(tmp_path / "second" / "two-tables") == expected


def test_edited_replay_leaves_no_folder(template, tmp_path, config):
    generate(template, "--no-input", output=tmp_path / "first", config=config)
    (record,) = (tmp_path / "config" / "replay").glob("*.json")
    answers = json.loads(record.read_text())
    answers["cookiecutter"]["project_slug"] = "../beside"
    record.write_text(json.dumps(answers))
    done = generate(template, "--replay", output=tmp_path / "second", config=config, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    (sentence,) = done.stdout.splitlines()
    assert "edited after they were checked" in sentence
    assert not (tmp_path / "beside").exists()
    assert not (tmp_path / "second").exists()


def test_questions_answered_with_return_give_the_defaults(template, tmp_path, config):
    output = tmp_path / "out"
    generate(template, output=output / "asked", config=config, input="\n" * 10)
    generate(template, "--no-input", output=output / "silent", config=config)
    (asked,) = (output / "asked").iterdir()
    assert files_below(asked) == files_below(output / "silent" / asked.name)


def test_questions_are_human_sentences(template, tmp_path, config):
    done = generate(template, output=tmp_path / "out", config=config, input="\n" * 10)
    asked = json.loads((template / "cookiecutter.json").read_text())["__prompts__"]
    for question in asked.values():
        sentence = question if isinstance(question, str) else question["__prompt__"]
        assert sentence in done.stdout


def test_refusal_ends_with_one_sentence_that_says_why(template, tmp_path, config):
    bad = ["project_slug=../x", "author_email=nobody", "task=regression"]
    done = generate(
        template, "--no-input", *bad, output=tmp_path / "out", config=config, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    (sentence,) = done.stdout.splitlines()
    for word in ("Nothing was generated", "project_slug", "author_email", "data_type and task"):
        assert word in sentence
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]


def test_a_bad_answer_that_is_typed_is_refused_behind_its_question(template, tmp_path, config):
    done = generate(
        template, output=tmp_path / "out", config=config, input="A\n../x\n", check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    *_, sentence = done.stdout.splitlines()
    assert sentence.partition("Nothing was generated: ")[2].startswith("project_slug must be")
    assert "[3/10]" not in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("projct_name", "the nearest is project_name."), ("zzz", "they are project_name, ")],
)
def test_a_mistyped_question_is_told_with_the_nearest(typed, meant, template, tmp_path, config):
    for options in (["--no-input"], []):
        answers = [*options, f"{typed}=A"]
        done = generate(template, *answers, output=tmp_path / "out", config=config, check=False)
        assert (done.returncode, done.stderr) == (1, "")
        (sentence,) = done.stdout.splitlines()
        assert f"`{typed}` is none of the questions: {meant}" in sentence
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_refusal_can_be_printed_on_any_terminal(encoding, template, tmp_path, config):
    answers = ["--no-input", "project_slug=é\u202e\x1b[31m\udcff"]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    output = tmp_path / "out"
    done = generate(template, *answers, output=output, config=config, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    shown = "é" if encoding == "utf-8" else "\\xe9"
    assert f"`{shown}\\u202e\\x1b[31m\\udcff`" in done.stdout


def test_an_archive_refuses_in_one_sentence_too(template, tmp_path, config):
    archive = shutil.make_archive(
        str(tmp_path / "archive"), "zip", root_dir=template.parent, base_dir=template.name
    )
    output = tmp_path / "out"
    answers = ("--no-input", "project_slug=../x")
    done = generate(archive, *answers, output=output, config=config, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(done.stdout.splitlines()) == 1
    assert not output.exists()


def test_a_record_of_a_version_without_the_extension_is_refused(template, tmp_path, config):
    generate(template, "--no-input", output=tmp_path / "first", config=config)
    (record,) = (tmp_path / "config" / "replay").glob("*.json")
    answers = json.loads(record.read_text())
    known = answers["cookiecutter"]
    for name in [name for name in known if name == "_extensions" or name.endswith("_checked")]:
        del known[name]
    record.write_text(json.dumps(answers))
    done = generate(template, "--replay", output=tmp_path / "second", config=config, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "another version's: answer the questions again" in done.stdout


@pytest.fixture(scope="module")
def repository(template, tmp_path_factory) -> Path:
    """The copy as a git repository, which cruft asks for."""
    folder = tmp_path_factory.mktemp("repository") / "dl-template"
    shutil.copytree(template, folder)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    commit = ["commit", "--quiet", "--no-verify", "--message=All"]
    subprocess.run(["git", *identity, *commit], cwd=folder, check=True)
    return folder


def cruft(*arguments, cwd, home):
    """Run cruft, which has no `-m`, with a home of its own."""
    command = [sys.executable, "-c", "from cruft._cli import app; app()", *map(str, arguments)]
    environment = os.environ | {"HOME": str(home)}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_cruft_creates_the_same_and_finds_no_difference(repository, expected, tmp_path):
    given = ["--no-input", "--extra-context", json.dumps(ANSWERS)]
    done = cruft("create", repository, *given, cwd=tmp_path, home=tmp_path)
    assert done.returncode == 0, done.stderr
    project = tmp_path / "two-tables"
    files = files_below(project)
    assert json.loads(files.pop(".cruft.json"))["template"] == str(repository)
    assert files == expected
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    done = cruft("diff", "--exit-code", cwd=project, home=tmp_path)
    assert done.returncode == 0, done.stdout


def test_cruft_refuses_bad_answers_before_any_folder(repository, tmp_path):
    bad = ["--no-input", "--extra-context", json.dumps({"project_slug": "../x"})]
    (tmp_path / "inner").mkdir()
    done = cruft("create", repository, *bad, cwd=tmp_path / "inner", home=tmp_path)
    assert done.returncode != 0
    told = " ".join(done.stderr.split())  # which cruft breaks into lines
    assert told.rpartition("FailedHookException: ")[2].startswith("Nothing was generated: ")
    assert told.endswith("(it is `../x`).")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inner"]


@pytest.fixture
def offline(tmp_path, monkeypatch) -> None:
    """Every Python that is started finds no network."""
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(NO_NETWORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "blocked"))


def test_an_archive_and_a_repository_need_no_network(
    template, repository, expected, tmp_path, config, offline
):
    probe = [sys.executable, "-c", "import socket; socket.socket().connect(('127.0.0.1', 9))"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    assert "no network" in done.stderr
    archive = shutil.make_archive(
        str(tmp_path / "archive"), "zip", root_dir=template.parent, base_dir=template.name
    )
    answers = [f"{name}={value}" for name, value in ANSWERS.items()]
    generate(archive, "--no-input", *answers, output=tmp_path / "zip", config=config)
    assert files_below(tmp_path / "zip" / "two-tables") == expected
    clone = f"git+file://{repository}"  # cookiecutter's own clone of it
    generate(clone, "--no-input", *answers, output=tmp_path / "clone", config=config)
    given = ["--no-input", "--extra-context", json.dumps(ANSWERS), "--output-dir", tmp_path / "c"]
    assert cruft("create", repository, *given, cwd=tmp_path, home=tmp_path).returncode == 0
    for place in ("clone", "c"):
        files = files_below(tmp_path / place / "two-tables")
        assert files.pop(".cruft.json")
        assert files == expected


def test_hooks_need_no_network_no_git_and_no_environment(template, expected, tmp_path, config):
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(NO_NETWORK)
    answers = [f"{name}={value}" for name, value in ANSWERS.items()]
    bare = {"PATH": str(tmp_path / "blocked"), "PYTHONPATH": str(tmp_path / "blocked")}
    output = tmp_path / "out"
    generate(template, "--no-input", *answers, output=output, config=config, env=bare)
    assert files_below(output / "two-tables") == expected
