"""What the documents and lock files promise is so."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import OPTION_SETS, PROJECT, TEMPLATE, run
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = (TEMPLATE / "requirements.lock", PROJECT / "requirements.lock")
TICKED = re.compile(r"`([^`]+)`")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")


def make_targets(makefile: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", makefile.read_text(), re.MULTILINE))


def read_pins(lock: Path) -> dict[str, list[str]]:
    """Name -> versions of every package of a lock file."""
    pins: dict[str, list[str]] = {}
    for line in lock.read_text().splitlines():
        if not line.startswith(" "):
            match = PIN.match(line)
            assert match, f"{lock.name}: neither a pin nor a hash: {line}"
            pins.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    return pins


def requirements(pyproject: Path) -> list[Requirement]:
    """Dependencies and dev group of a pyproject file; those of the kit in place of the kit."""
    content = tomllib.loads(pyproject.read_text())
    lines = content["project"].get("dependencies", []) + content["dependency-groups"]["dev"]
    found = []
    for requirement in map(Requirement, lines):
        if requirement.name == "dlproof":
            about = (pyproject.parent / "kit" / "pyproject.toml").read_text()
            kit = tomllib.loads(about)["project"]
            extras = [kit["optional-dependencies"][extra] for extra in requirement.extras]
            found += [Requirement(line) for line in sum(extras, kit["dependencies"])]
        else:
            found.append(requirement)
    return found


@pytest.mark.parametrize("document", [*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/*.md")])
def test_every_make_command_of_a_document_exists(document):
    known = make_targets(TEMPLATE / "Makefile") | make_targets(PROJECT / "Makefile")
    assert set(re.findall(r"`make ([a-z-]+)", document.read_text())) <= known


def read_commands(agents: Path) -> list[str]:
    """What AGENTS.md tells to type, a command a line."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", agents.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def type_in(line: str, folder: Path) -> subprocess.CompletedProcess:
    """Lets a shell run a line; what would take long is only looked at.

    Of make's targets the recipes are expanded, of pytest's files the tests are collected.
    """
    line = line.replace("make ", "make --dry-run ", line.startswith("make "))
    line += " --collect-only -q" if " -m pytest " in line else ""
    foreign = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True
    )


def equip(folder: Path, programs: dict[str, str], paths: list[Path]) -> None:
    """Gives a folder this test's Python as its environment, with programs such as `-m package`."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    kept = "${PYTHONPATH:-" + ":".join(map(str, paths)) + "}"
    for name, call in ({"python": ""} | programs).items():
        path = folder / ".venv" / "bin" / name
        path.write_text(f'#!/bin/sh\nPYTHONPATH={kept} exec {sys.executable} {call} "$@"\n')
        path.chmod(0o755)


@pytest.mark.parametrize("folder", [TEMPLATE, PROJECT], ids=["template", "project"])
def test_what_agents_are_told_fits_on_a_page(folder):
    assert len((folder / "AGENTS.md").read_text().splitlines()) <= 60


@pytest.mark.slow
def test_every_command_that_agents_of_a_project_are_told_works(baked, tmp_path):
    project = Path(shutil.copytree(baked("image-classification"), tmp_path / "project"))
    (package,) = (project / "src").iterdir()
    programs = {package.name.replace("_", "-"): f"-m {package.name}"}
    equip(project, programs, [project / "src", project / "kit" / "src"])
    for line in read_commands(project / "AGENTS.md"):
        if " train " not in line:  # wants data: see below
            done = type_in(line, project)
            allowed = (0, 1) if line.endswith(" charter") else (0,)  # 1: people have to answer
            assert done.returncode in allowed, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.slow
def test_the_training_that_agents_are_told_is_short(finished, tmp_path):
    project = Path(shutil.copytree(finished("image-classification"), tmp_path / "p", symlinks=True))
    (package,) = (project / "src").iterdir()
    commands = read_commands(project / "AGENTS.md")
    (line,) = (line.partition(" ")[2] for line in commands if " train " in line)
    done = run("-m", package.name, *line.split(), project=project, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow  # a quarter of it is a check of all the template's style
def test_every_command_that_agents_of_the_template_are_told_works(clone):
    equip(clone, {"cookiecutter": "-m cookiecutter"}, [])
    folder = clone
    for line in read_commands(clone / "AGENTS.md"):
        if "../../../" in line:
            folder = clone / "build" / "try" / "deep-learning-project"
        done = type_in(line, folder)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("option_set", OPTION_SETS)
def test_every_command_of_a_projects_readme_exists(option_set, baked):
    project = baked(option_set)
    text = (project / "README.md").read_text()
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= make_targets(project / "Makefile")
    (package,) = (project / "src").iterdir()
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    listed = [name for cell in cells for name in TICKED.findall(cell)]
    missing = {name for name in listed if not (project / name).exists()}
    assert not missing
    for cell in re.findall(r"^\| \d .*\| (.*) \|$", text, re.MULTILINE):
        files = [name for name in TICKED.findall(cell) if name.endswith(".py")]
        room = package / Path(files[0]).parent  # named once a row
        assert not [name for name in files if not (room / Path(name).name).exists()]


def test_both_readmes_name_every_stage_in_its_phase(baked):
    project = baked("image-classification")
    (package,) = (project / "src").iterdir()
    listed = run("-m", package.name, "--help", project=project, check=True).stdout
    phases = re.findall(r"^(\d \w+)\n((?:  \S.*\n)+)", listed, re.MULTILINE)
    assert len(phases) == 7
    for readme in (TEMPLATE / "README.md", project / "README.md"):
        rows = readme.read_text().splitlines()
        for phase, lines in phases:
            (row,) = (row for row in rows if f"| {phase} |" in row)
            for line in lines.splitlines():
                assert f"`{line.split()[0]}`" in row, f"{readme}: {phase}"


@pytest.mark.parametrize("option_set", OPTION_SETS)
def test_every_relative_link_of_a_projects_readme_leads_somewhere(option_set, baked):
    project = baked(option_set)
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (project / "README.md").read_text())
    assert [link for link in links if not (project / link).exists()] == []


@pytest.mark.parametrize("document", [*TEMPLATE.glob("*.md"), *TEMPLATE.glob("docs/*.md")])
def test_every_relative_link_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_option_table_names_every_question_and_every_choice():
    readme = (TEMPLATE / "README.md").read_text()
    template = json.loads((TEMPLATE / "cookiecutter.json").read_text())
    for question, default in template.items():
        if not question.startswith("_"):
            assert f"| `{question}` |" in readme
            for choice in default if isinstance(default, list) else []:
                assert f"`{choice}`" in readme


@pytest.mark.parametrize("option_set", OPTION_SETS)
def test_the_lock_satisfies_the_project(option_set, baked):
    pins = read_pins(LOCKS[1])
    for requirement in requirements(baked(option_set) / "pyproject.toml"):
        versions = pins[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(v) for v in versions), requirement


def test_the_lock_satisfies_the_template():
    pins = read_pins(LOCKS[0])
    for requirement in requirements(TEMPLATE / "pyproject.toml"):
        versions = pins[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(v) for v in versions), requirement


def test_both_locks_fit_into_one_environment():
    template, project = map(read_pins, LOCKS)
    for name in set(template) & set(project):
        assert template[name] == project[name]


@pytest.mark.parametrize("lock", LOCKS, ids=["template", "project"])
def test_the_lock_is_hashed_and_names_no_machine(lock):
    text = lock.read_text()
    assert not re.search(r"://|/|--(index-url|extra-index-url|find-links|trusted-host)", text)
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block


def test_the_malicious_lightning_releases_are_out_of_reach(baked):
    bounds = {
        requirement.name: requirement.specifier
        for requirement in requirements(baked("image-classification") / "pyproject.toml")
    }
    for name in ("lightning", "pytorch-lightning"):
        assert not any(bounds[name].contains(version) for version in ("2.6.2", "2.6.3"))


@pytest.mark.parametrize("option_set", OPTION_SETS)
def test_only_images_need_the_image_libraries(option_set, baked):
    names = {r.name for r in requirements(baked(option_set) / "pyproject.toml")}
    assert {"torchvision", "timm"} <= names or not option_set.startswith("image")
    assert not {"torchvision", "timm"} & names or option_set.startswith("image")
