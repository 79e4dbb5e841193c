"""CI counts by what it runs, whatever runs it: GitHub, GitLab, make, nox, tox, scripts."""

import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof.checklist.deployment_tests import WORDS, find_duties
from dlproof.ci.duties import DUTIES

MAKEFILE = """
PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help lint test pipeline
help:
\t@echo make lint, make test
lint: setup ## style and types
\t$(PYTHON) -m ruff check
\t$(PYTHON) -m mypy
test: | setup
\t@$(PYTHON) -m pytest -n 2
pipeline: setup
\t$(PYTHON) -m own pipeline
setup:
\tpip install pytest ruff mypy
part:
\t$(PYTHON) -m pytest -m unit
lame:
\t-$(PYTHON) -m pytest
all: lint test pipeline
again:
\t$(MAKE) lint test && $(MAKE) pipeline
lost:
\t$(PYTHON) -m pytest; echo done
"""
GITHUB = """
on: {events}
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
{steps}
"""
EVENTS = "[push, pull_request]"
NOX = """
import nox

nox.options.sessions = ["style", "tests"]

@nox.session
def style(session):
    session.install("ruff", "mypy")
    session.run("ruff", "check", ".")
    session.run("mypy")

@nox.session(name="tests", python=["3.11", "3.12"])
def run_tests(session):
    session.install(".")
    session.run("python", "-m", "pytest", *session.posargs)
    session.run("python", "-m", "own", "pipeline")

@nox.session
def unused(session):
    session.run("pytest", "-k", "one")
"""
TOX = """
[tox]
env_list = style, py{311,312}

[testenv]
deps = pytest
commands =
    pytest {posargs}
    own pipeline

[testenv:style]
commands =
    ruff check
    mypy
    - pylint own
"""
TOX_TOML = """
env_list = ["all"]
[env.all]
commands = [["ruff", "check"], ["mypy"], ["pytest", "{posargs}"], ["own", "pipeline"]]
"""
SCRIPT = """#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check
mypy
pytest | tee log.txt
dvc repro
"""


def steps(*lines, **more):
    """Steps of a workflow, a command each."""
    keys = "".join(f"\n        {key}: {value}" for key, value in more.items())
    return "\n".join(f"      - run: {line}{keys}" for line in lines)


def github(*lines, events=EVENTS, **more):
    """A workflow of GitHub's with these commands."""
    return GITHUB.format(events=events, steps=steps(*lines, **more))


def block(text):
    """A command of several lines, as YAML has it."""
    return "|\n" + textwrap.indent(textwrap.dedent(text).strip(), " " * 10)


@pytest.fixture
def missing(tmp_path, monkeypatch):
    """`missing({path: text})`: duties that CI does not do at both events, with such files.

    What it says of files that cannot be read is `missing.damage`.
    """
    monkeypatch.chdir(tmp_path)
    project = SimpleNamespace(project=SimpleNamespace(package="own"))

    def look(files):
        usual = {"Makefile": MAKEFILE, "pyproject.toml": ""}
        for name, text in (usual | files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "tests" / "data").mkdir(parents=True, exist_ok=True)
        look.damage = set()
        done = [find_duties(project, event, look.damage) for event in WORDS]
        return [duty for duty in DUTIES if not all(duty in duties for duties in done)]

    return look


CI = ".github/workflows/ci.yml"
ALL = ("make lint", "make test", "make pipeline")
WHOLE = {
    "targets of make": {CI: github(*ALL)},
    "a renamed workflow": {".github/workflows/checks.yaml": github(*ALL)},
    "two workflows": {CI: github("make lint"), ".github/workflows/b.yml": github(*ALL[1:])},
    "one line": {CI: github("make lint && make test && make pipeline")},
    "one call": {CI: github("make lint test pipeline")},
    "a target of targets": {CI: github("make all")},
    "make in make": {CI: github("make -j 2 again")},
    "plain commands": {CI: github("ruff check", "mypy", "pytest -q", "python -m own pipeline")},
    "runners": {
        CI: github(
            "uv run --frozen --extra dev ruff check",
            "uvx mypy",
            "poetry run pytest tests",
            "coverage run -m pytest",
            "docker compose run app dvc repro",
        )
    },
    "other tools": {CI: github("flake8", "pyright", "python -m unittest discover", "dvc repro")},
    "lines of one step": {CI: github(block("ruff check\nmypy\npytest \\\n  -q\nown pipeline\n"))},
    "a loop": {CI: github(block("for t in lint test pipeline; do\n  make $t\ndone\n"))},
    "a matrix": {
        CI: github("make ${{ matrix.target }}").replace(
            "    steps:", "    strategy: {matrix: {target: [lint, test, pipeline]}}\n    steps:"
        )
    },
    "a condition that always holds": {CI: github(*ALL, **{"if": "always()"})},
    "the failure told by hand": {CI: github("make lint || exit 1", *ALL[1:])},
    "a pipe that fails": {
        CI: github(*ALL[::2], "make test | tee log", shell="bash"),
    },
    "make with options": {
        CI: github("make -sj2 lint", "make -j test", "make --jobs=2 -l 2.5 -C . -kj 2 pipeline")
    },
    "tests with options": {
        CI: github(
            *ALL[::2],
            "pytest --cov=src --cov tests --color=yes --lfnf=all --setup-show -W error::ValueError",
        )
    },
    "marks as pyproject has them": {
        CI: github("make lint", "pytest -m 'not slow' -n 2", "make pipeline"),
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-m", "not slow"]\n',
    },
    "events apart": {
        ".github/workflows/a.yml": github(*ALL, events="push"),
        ".github/workflows/b.yml": github(*ALL, events="{pull_request: {types: [synchronize]}}"),
    },
    "jobs by event": {
        CI: github(*ALL)
        + "  two:\n    if: github.event_name == 'push'\n    steps:\n      - run: make lint\n"
    },
    "a workflow that is called": {
        CI: f"on: {EVENTS}\njobs: {{a: {{uses: ./.github/workflows/all.yml}}}}\n",
        ".github/workflows/all.yml": github(*ALL, events="workflow_call"),
    },
    "workflows that call each other": {
        CI: f"on: {EVENTS}\njobs: {{a: {{uses: ./.github/workflows/all.yml}}}}\n",
        ".github/workflows/all.yml": github(*ALL, events="workflow_call")
        + f"  two: {{uses: ./{CI}}}\n  three: {{uses: ./.github/workflows/../workflows/all.yml}}\n",
    },
    "an action that uses itself": {
        CI: GITHUB.format(events=EVENTS, steps="      - uses: ./.github/actions/check"),
        ".github/actions/check/action.yml": "runs:\n  steps:\n"
        + steps(*ALL)
        + "\n      - uses: ./.github/actions/check\n",
    },
    "an action of the repository": {
        CI: GITHUB.format(events=EVENTS, steps="      - uses: ./.github/actions/check"),
        ".github/actions/check/action.yml": "runs:\n  steps:\n" + steps(*ALL),
    },
    "nox": {CI: github("nox"), "noxfile.py": NOX},
    "sessions of nox": {CI: github("pipx run nox -s style tests-3.11"), "noxfile.py": NOX},
    "tox": {CI: github("tox"), "tox.ini": TOX},
    "environments of tox": {CI: github("python -m tox run -e py311,style"), "tox.ini": TOX},
    "tox in TOML": {CI: github("tox"), "tox.toml": TOX_TOML},
    "a script": {CI: github(".ci/run"), ".ci/run": SCRIPT},
    "a script by its shell": {CI: github("bash scripts/all.sh"), "scripts/all.sh": SCRIPT},
    "just": {CI: github("just lint test pipeline"), "justfile": MAKEFILE.replace("\t", "    ")},
    "tasks": {
        CI: github("poe all", "hatch run checks:style"),
        "pyproject.toml": "[tool.poe.tasks]\nall = 'make test pipeline'\n"
        "[tool.hatch.envs.checks.scripts]\nstyle = ['ruff check', 'mypy']\n",
    },
    "hooks": {
        CI: github("pre-commit run --all-files", *ALL[1:]),
        ".pre-commit-config.yaml": "repos: [{repo: x, hooks: [{id: ruff}, {id: mypy}]}]",
    },
    "GitLab": {
        ".gitlab-ci.yml": "lint: {script: [make lint]}\n"
        "test: {stage: test, script: [make test, make pipeline]}\n"
    },
    "GitLab with all its ways": {
        ".gitlab-ci.yml": """
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
include: {local: /ci/base.yml}
test: {extends: .base, parallel: {matrix: [{TARGET: [lint, test]}]}, script: ["make $TARGET"]}
pipeline: {extends: .base, script: [!reference [.base, script], [make pipeline]]}
""",
        "ci/base.yml": ".base: {image: python, rules: [{when: on_success}], script: [pip list]}",
    },
    "GitLab's references": {
        ".gitlab-ci.yml": """
.base: {script: [make lint, !reference [.more, script]], rules: [{when: on_success}]}
.more: {extends: .most}
.most: {script: [make pipeline, !reference [.base, script]]}
test: {script: [!reference [.base, script], make test], rules: [!reference [.base, rules]]}
"""
    },
    "GitLab before a script": {
        ".gitlab-ci.yml": """
before_script: [exit 1]
default: {before_script: [make lint]}
a: {script: [make test]}
b: {before_script: [make pipeline], script: [ls]}
"""
    },
    "CircleCI": {
        ".circleci/config.yml": "jobs: {a: {steps: [checkout, {run: make lint}, "
        "{run: {command: make test pipeline}}]}}"
    },
    "Azure": {"azure-pipelines.yml": "steps: [{script: make all}]"},
}


@pytest.mark.parametrize("files", WHOLE.values(), ids=WHOLE)
def test_work_that_is_done_is_found_however_it_is_run(missing, files):
    assert missing(files) == []


LAME = {
    "no CI": ({}, list(DUTIES)),
    "tests left out": ({CI: github(ALL[0], ALL[2])}, ["tests"]),
    "installed and never run": (
        {CI: github("pip install pytest ruff mypy", "make setup", "echo make all")},
        list(DUTIES),
    ),
    "a comment": ({CI: github(block("make lint pipeline\n# make test"))}, ["tests"]),
    "a part of the tests": ({CI: github("make lint pipeline part")}, ["tests"]),
    "tests of one folder": ({CI: github("make lint pipeline", "pytest tests/data")}, ["tests"]),
    "one test": ({CI: github("make lint pipeline", "pytest tests/test_a.py::test_b")}, ["tests"]),
    "collected alone": ({CI: github("make lint pipeline", "pytest --collect-only")}, ["tests"]),
    "tests by name": ({CI: github("make lint pipeline", "pytest -kfast")}, ["tests"]),
    "tests by name, quickly": ({CI: github("make lint pipeline", "pytest -xqk fast")}, ["tests"]),
    "all but some": ({CI: github("make lint pipeline", "pytest --ignore=tests/a.py")}, ["tests"]),
    "failed tests alone": ({CI: github("make lint pipeline", "pytest --lf")}, ["tests"]),
    "may fail": (
        {CI: github("make lint pipeline") + steps("make test", **{"continue-on-error": "true"})},
        ["tests"],
    ),
    "never fails": ({CI: github("make lint pipeline", "make test || true")}, ["tests"]),
    "make that ignores failures": ({CI: github("make lint pipeline", "make -i test")}, ["tests"]),
    "a dry run of make": ({CI: github("make lint pipeline", "make -n test")}, ["tests"]),
    "a recipe that may fail": ({CI: github("make lint pipeline lame")}, ["tests"]),
    "a recipe whose end is another's": ({CI: github("make lint pipeline lost")}, ["tests"]),
    "a list that is not the end": (
        {CI: github(block("make test && make lint\nmake pipeline\n"))},
        ["tests"],
    ),
    "a pipe": ({CI: github("make lint pipeline", "make test | tee log")}, ["tests"]),
    "failures switched off": (
        {CI: github("make lint pipeline", block("set +e\nmake test\nexit 0\n"))},
        ["tests"],
    ),
    "in the background": ({CI: github("make lint pipeline", "make test &")}, ["tests"]),
    "in a condition": (
        {CI: github("make lint pipeline", block("if [ $X ]; then\n  make test\nfi\n"))},
        ["tests"],
    ),
    "a step with a condition": (
        {CI: github("make lint pipeline") + steps("make test", **{"if": "false"})},
        ["tests"],
    ),
    "pushes alone": ({CI: github(*ALL, events="push")}, list(DUTIES)),
    "by hand": ({CI: github(*ALL, events="workflow_dispatch")}, list(DUTIES)),
    "documents alone": (
        {CI: github(*ALL, events="{push: , pull_request: {paths: [docs/**]}}")},
        list(DUTIES),
    ),
    "tags alone": ({CI: github(*ALL, events="{push: {tags: [v1]}, pull_request: }")}, list(DUTIES)),
    "lint that cannot fail": ({CI: github("ruff check --exit-zero", "mypy", *ALL[1:])}, ["lint"]),
    "formatting alone": ({CI: github("ruff format --check", "mypy", *ALL[1:])}, ["lint"]),
    "a part of the pipeline": (
        {CI: github(*ALL[:2], "own pipeline preprocess", "dvc repro --dry")},
        ["pipeline"],
    ),
    "another session": (
        {CI: github("nox -s unused", "make lint pipeline"), "noxfile.py": NOX},
        ["tests"],
    ),
    "tox may fail": (
        {CI: github("tox", "make lint pipeline"), "tox.ini": "[testenv]\ncommands = - pytest"},
        ["tests"],
    ),
    "a script without its end": (
        {CI: github("bash a.sh", *ALL[::2]), "a.sh": "pytest\necho done\n"},
        ["tests"],
    ),
    "GitLab may fail": (
        {
            ".gitlab-ci.yml": "a: {script: [make lint pipeline]}\n"
            "b: {script: [make test], allow_failure: true}"
        },
        ["tests"],
    ),
    "GitLab by hand": (
        {
            ".gitlab-ci.yml": "a: {script: [make lint pipeline]}\n"
            "b: {script: [make test], rules: [{when: manual}]}"
        },
        ["tests"],
    ),
    "a hidden job of GitLab": (
        {
            ".gitlab-ci.yml": "a: {script: [make lint pipeline]}\n.b: {script: [make test]}\n"
            "c: {after_script: [make test], script: [ls]}"
        },
        ["tests"],
    ),
    "GitLab on a schedule": (
        {
            ".gitlab-ci.yml": "a: {script: [make lint pipeline]}\n"
            "b: {script: [make test], only: [schedules]}"
        },
        ["tests"],
    ),
    "make that ignores much": ({CI: github("make lint pipeline", "make -ki test")}, ["tests"]),
    "GitLab's rules elsewhere": (
        {
            ".gitlab-ci.yml": "a: {script: [make lint pipeline]}\n.b: {rules: [{when: manual}]}\n"
            "c: {script: [make test], rules: [!reference [.b, rules]]}"
        },
        ["tests"],
    ),
}


@pytest.mark.parametrize(("files", "lacks"), LAME.values(), ids=LAME)
def test_work_that_is_not_done_or_cannot_fail_is_missed(missing, files, lacks):
    assert missing(files) == lacks


BROKEN = {
    "YAML": {CI: "on: [push\njobs: {"},
    "a list of jobs": {CI: f"on: {EVENTS}\njobs: [a, b]"},
    "a word for a step": {CI: f"on: {EVENTS}\njobs: {{a: {{steps: [make all]}}}}"},
    "YAML of GitLab": {".gitlab-ci.yml": "a: {script: [make all}"},
    "YAML of another": {".travis.yml": "script: [make all"},
    "YAML of no text": {".gitlab-ci.yml": "a: {script: &all [make all, *all]}"},
    "a noxfile": {"noxfile.py": "def (", CI: github("nox")},
    "sessions that only Python knows": {
        "noxfile.py": NOX.replace('["style", "tests"]', "x + y"),
        CI: github("nox"),
    },
    "tox.ini": {"tox.ini": "[testenv\ncommands = pytest", CI: github("tox")},
    "a command of tox": {
        "tox.ini": "[tox]\nenv_list=a\n[testenv]\ncommands = pytest '",
        CI: github("tox"),
    },
    "tox.toml": {"tox.toml": "env_list = [", CI: github("tox")},
    "hooks": {".pre-commit-config.yaml": "repos: [1]", CI: github("pre-commit run -a")},
    "settings of pytest": {"pytest.ini": "pytest]\nx", CI: github("pytest")},
}


@pytest.mark.parametrize("files", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_counts_nothing_and_is_told(missing, files):
    assert missing(files) == list(DUTIES)
    (told,) = missing.damage
    assert told.startswith(f"{next(iter(files))} cannot be read (")
    assert "\n" not in told


def test_what_can_be_read_counts_beside_what_cannot(missing):
    other = {".github/workflows/release.yml": "on: [", "noxfile.py": "("}
    assert missing({CI: github(*ALL, "nox")} | other) == []
    assert len(missing.damage) == 2


def test_a_circle_of_targets_ends(missing):
    circle = "a:\n" + "\t$(MAKE) b\n" * 9 + "b:\n" + "\t$(MAKE) a\n" * 9
    assert missing({CI: github("make a"), "Makefile": circle}) == list(DUTIES)


def test_pytests_settings_are_read_where_they_are(missing, tmp_path):
    Path(tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -m 'not slow'\n")
    assert missing({CI: github(*ALL[::2], "pytest -m 'not slow'")}) == []
    assert missing({CI: github(*ALL[::2], "pytest -m slow")}) == ["tests"]
