"""The site builds, its commands exist, and what a page says to type works as typed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import OPTION_SETS, PROJECT, TEMPLATE, bake, run
from dlproof.checklist.bullets import load_checklist
from map import render_page
from test_documents import make_targets

PAGES = sorted((TEMPLATE / "docs").glob("*.md"))
# These end with 1 as long as something is missing, as the pages say.
JUDGES = re.compile(r"^[a-z-]+ (charter|checklist)\b")


def read_blocks(page: str, heading: str | None = None) -> str:
    """What the fenced `sh` blocks of a page, or of one section of it, tell a reader to type."""
    if heading is not None:
        page = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks, heading
    return "".join(blocks)


def type_in(script: str, folder: Path, *paths: Path) -> str:
    """Let bash read a script as typed; no command but one that judges may fail.

    Returns:
        What it printed.
    """
    cache = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True)
    inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    environment |= {
        "HOME": str(folder),
        "UV_CACHE_DIR": cache.stdout.strip(),
        "PATH": os.pathsep.join([*map(str, paths), environment["PATH"]]),
    }
    note = 'trap \'echo "failed: $BASH_COMMAND" >> "$HOME/failed"\' ERR\n'
    done = subprocess.run(
        ["bash", "-E"],
        input=note + script,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    noted = folder / "failed"
    failed = noted.read_text().splitlines() if noted.exists() else []
    unexpected = [line for line in failed if not JUDGES.match(line.removeprefix("failed: "))]
    assert not unexpected, f"{unexpected}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=TEMPLATE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = yaml.safe_load((TEMPLATE / "mkdocs.yml").read_text())["nav"]
    for page in (next(iter(entry.values())) for entry in listed):
        html = (tmp_path / page).with_suffix(".html").read_text()
        fetched = re.findall(r"<(?:script|img|iframe)[^>]+src=\"(\S+?)\"", html)
        fetched += re.findall(r"<link[^>]+rel=\"(?:stylesheet|preload)\"[^>]+href=\"(\S+?)\"", html)
        assert fetched
        assert not [address for address in fetched if "//" in address]


def test_the_page_of_every_bullet_is_what_the_checklists_give(baked):
    checklists = [load_checklist(baked(name) / "checklist.yaml") for name in OPTION_SETS]
    assert (TEMPLATE / "docs" / "map.md").read_text() == render_page(checklists), "run tools/map.py"


def test_every_command_that_a_page_tells_to_type_exists(baked):
    project = baked("image-classification")
    (package,) = (project / "src").iterdir()
    listed = run("-m", package.name, "--help", project=project, check=True).stdout
    commands = set(re.findall(r"^  (\w+) ", listed, re.MULTILINE))
    targets = make_targets(TEMPLATE / "Makefile") | make_targets(PROJECT / "Makefile")
    for page in PAGES:
        typed = "".join(re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.M | re.S))
        called = set(re.findall(r"^(?:leaf-disease|wine-grapes|odd-digits) (\w+)", typed, re.M))
        assert called <= commands, page.name
        assert set(re.findall(r"^make ([a-z-]+)", typed, re.M)) <= targets, page.name


COMPOSE = """
import json, sys
from image_classification.project import PROJECT

for command, settings in json.load(sys.stdin):
    PROJECT.compose([*PROJECT.stages[command].options, *settings])
"""


@pytest.mark.slow
def test_every_setting_that_a_page_gives_a_command_composes(tmp_path, cookiecutter_config):
    answers = {"project_slug": "digits", "package_name": "image_classification"}
    project = bake(tmp_path, cookiecutter_config, **answers)
    listed = run("-m", answers["package_name"], "--help", project=project, check=True).stdout
    stages = set(re.findall(r"^  (\w+) ", listed.partition("All phases")[0], re.MULTILINE))
    given = set()
    for page in (*PAGES, *project.glob("*.md"), *project.glob("docs/*.md")):
        calls = re.compile(r"(?:^|`)(?:leaf-disease|digits) (\w+) ([^`\n]*)", re.MULTILINE)
        for command, rest in calls.findall(page.read_text()):
            settings = re.findall(r"[\w.@/+~]+=(?:\"[^\"]*\"|[^\s…]+)(?=\s|$)", rest)
            if "-m " in rest:
                settings = [setting.partition(",")[0] for setting in settings]
            # `tune` writes the one, the reader of the README's example the other.
            made = {"experiment=tuned", "model=linear"}
            given.add((command, *(it for it in settings if it not in made)))
    given = sorted((command, settings) for command, *settings in given if command in stages)
    assert len(given) > 20
    done = run("-c", COMPOSE, project=project, check=False, input=json.dumps(given))
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_the_quickstart_works_as_typed(clone):
    page = (TEMPLATE / "docs" / "quickstart.md").read_text()
    start = read_blocks(page, "Start a project") + read_blocks(page, "Look around")
    assert "reaches val/accuracy" in type_in(start, clone.parent)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["A table", "A folder of pictures"])
def test_the_tutorial_ends_with_an_answer_of_the_served_model(way, clone):
    page = (TEMPLATE / "docs" / "tutorial.md").read_text()
    printed = type_in(read_blocks(page, way), clone.parent)
    assert re.search(r'"label":\s*"(class_\d|odd|even)"', printed), printed[-2000:]


@pytest.mark.slow
def test_the_first_hour_works_as_typed(tmp_path, cookiecutter_config):
    project = bake(tmp_path, cookiecutter_config)
    first_hour = (project / "docs" / "onboarding.md").read_text().partition("\n## ")[0]
    printed = type_in(read_blocks(first_hour), project)
    assert re.search(r"DL-24.1\b.*stale.*DL-24.1\b.*verified", printed, re.S)


@pytest.mark.slow
def test_the_commands_of_every_phase_work_as_typed(finished, tmp_path):
    project, programs = tmp_path / "project", tmp_path / "bin"
    shutil.copytree(finished("image-classification"), project, symlinks=True)
    (package,) = (project / "src").iterdir()
    sources = f"{package.parent}:{project / 'kit' / 'src'}"
    call = f'PYTHONPATH={sources} exec {sys.executable} -m {package.name} "$@"'
    programs.mkdir()
    (programs / "leaf-disease").write_text(f"#!/bin/sh\n{call}\n")
    (programs / "leaf-disease").chmod(0o755)
    type_in(read_blocks((TEMPLATE / "docs" / "phases.md").read_text()), project, programs)
