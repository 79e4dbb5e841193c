"""What generation writes, for every option: the right files, whole, valid and formatted."""

import ast
import fnmatch
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import LICENSES, OPTION_SETS, PROJECT, TEMPLATE, bake, files_below
from test_hooks import load

LEFT_OVER = re.compile(r"\{\{|\{%|\{#|\bcookiecutter\.")
TEMPLATE_CODE = re.compile(r"\{%|\bcookiecutter\b(?!\"\])")  # cruft's record has it as a key
WORKFLOWS = ".github/workflows/*.yml"


def template_files() -> set[str]:
    """Files of the un-rendered project; caches that tools left in a working copy are none."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", PROJECT.name],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    paths = (name.partition("/")[2] for name in listed if name)
    return {path for path in paths if (PROJECT / path).exists()}


def copied(name: str) -> bool:
    """Whether cookiecutter copies the file without rendering it."""
    patterns = json.loads((TEMPLATE / "cookiecutter.json").read_text())["_copy_without_render"]
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


@pytest.fixture(params=OPTION_SETS)
def option_set(request) -> str:
    return request.param


@pytest.fixture
def project(option_set, baked):
    return baked(option_set)


@pytest.mark.parametrize("license_name", LICENSES)
def test_exactly_the_files_of_the_chosen_options_are_there(option_set, license_name, baked):
    project = baked(option_set, license_name)
    package = project.name.replace("-", "_")
    answers = OPTION_SETS[option_set] | {"license": license_name, "package_name": package}
    paths = [*load("post_gen_project").unchosen_paths(answers), f"LICENSE.{license_name}"]
    rendered = {name.replace("{{cookiecutter.package_name}}", package) for name in template_files()}
    below = [{name for name in rendered if f"{name}/".startswith(f"{path}/")} for path in paths]
    assert all(below)
    removed = set().union(*below)
    linked = {"LICENSE", ".cruft.json"}  # written by the hook
    assert set(files_below(project)) == rendered - removed | linked


@pytest.mark.parametrize("license_name", LICENSES)
def test_the_licence_is_the_chosen_one_everywhere(license_name, baked):
    project = baked("tabular-regression", license_name)
    words = {"MIT": "MIT License", "Apache-2.0": "Apache License", "BSD-3-Clause": "BSD 3-Clause"}
    assert words.get(license_name, "All rights reserved") in (project / "LICENSE").read_text()
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert about["license"].endswith(license_name)


def test_no_delimiter_is_left_over(project):
    for name, content in files_below(project).items():
        if not copied(name) and name != ".cruft.json":  # cruft keeps private values as they are
            assert not LEFT_OVER.search(content.decode()), name


def test_no_file_is_empty_but_the_packages_own(project):
    empty = [name for name, content in files_below(project).items() if not content.strip()]
    assert [name for name in empty if not name.endswith(("__init__.py", "py.typed"))] == []


def test_every_text_file_ends_with_one_newline(project):
    for name, content in files_below(project).items():
        if content:
            assert content.endswith(b"\n"), name
            assert not content.endswith(b"\n\n"), name


def test_every_structured_file_parses(project):
    for name, content in files_below(project).items():
        if name.endswith((".yaml", ".yml")):
            list(yaml.safe_load_all(content))
        elif name.endswith(".toml"):
            tomllib.loads(content.decode())
        elif name.endswith(".json"):
            json.loads(content)
        elif name.endswith(".py"):
            ast.parse(content, name)


def test_workflows_follow_githubs_schema(project):
    files = [*project.glob(WORKFLOWS), *TEMPLATE.glob(WORKFLOWS)]
    assert len(files) >= 2
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *files]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shell_scripts_are_valid(project):
    scripts = [TEMPLATE / ".ci" / "run", *project.rglob("*.sh")]
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)


def test_every_make_target_has_a_recipe_that_make_understands(project):
    targets = re.findall(r"^([a-z-]+):.*## ", (project / "Makefile").read_text(), re.MULTILINE)
    assert {"help", "setup", "pipeline", "test", "lint", "serve"} <= set(targets)
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=project, check=True, capture_output=True)


def set_up(project: Path, tools: Path) -> str:
    """What `make setup` says where the environment is there, and DVC and pre-commit do nothing."""
    tools.mkdir(exist_ok=True)
    for name in ("dvc", "pre-commit"):
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    (project / ".venv").mkdir(exist_ok=True)
    (project / ".venv" / ".ready").touch()
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    command = ["make", "--no-print-directory", "setup", "UV=/bin/true"]
    return subprocess.run(
        command, cwd=project, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_setup_says_what_a_repository_around_it_needs(baked, tmp_path):
    around = tmp_path / "é à"
    project = Path(shutil.copytree(baked("image-classification"), around / "nets" / "leaf"))
    assert set_up(project, tmp_path / "tools") == "Ready: make pipeline, make test.\n"
    subprocess.run(["git", "init", "--quiet", around], check=True)
    told = set_up(project, tmp_path / "tools")
    assert f"Inside the git repository {around}" in told
    add = ["git", "-C", around, "add", "."]
    assert subprocess.run(add, capture_output=True, check=False).returncode != 0
    subprocess.run(["sh", "-c", told.splitlines()[2]], check=True)
    subprocess.run(add, check=True)
    assert set_up(project, tmp_path / "tools") == "Ready: make pipeline, make test.\n"


def test_setup_ends_with_what_git_says_of_a_repository_that_it_refuses(
    baked, tmp_path, monkeypatch
):
    project = Path(shutil.copytree(baked("image-classification"), tmp_path / "leaf"))
    subprocess.run(["git", "init", "--quiet", project], check=True)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        set_up(project, tmp_path / "tools")
    assert caught.value.stderr.startswith("fatal: detected dubious ownership")


def test_an_environment_that_was_moved_or_copied_is_made_anew(baked, tmp_path):
    first = Path(shutil.copytree(baked("image-classification"), tmp_path / "é à" / "first"))
    uv, made = tmp_path / "uv", tmp_path / "made"
    new = f"mkdir -p .venv/bin && ln -s /bin/true .venv/bin/python && pwd >>'{made}'"
    uv.write_text(f'#!/bin/sh\n[ "$1" != venv ] || {{ {new}; }}\n')
    uv.chmod(0o755)

    def set_up(*projects: Path) -> None:
        for project in projects:
            command = ["make", ".venv/.ready", f"UV={uv}"]
            subprocess.run(command, cwd=project, check=True, capture_output=True)

    set_up(first, first)
    second = Path(shutil.copytree(first, tmp_path / "second", symlinks=True))
    third = first.rename(tmp_path / "third")
    set_up(second, third, second, third)
    told = made.read_text().splitlines()
    assert told == [str(path) for path in (tmp_path / "é à" / "first", second, third)]


@pytest.mark.parametrize("folder", [TEMPLATE, PROJECT], ids=["template", "project"])
def test_what_the_machine_tells_pip_is_not_for_an_environment_of_ones_own(folder, tmp_path):
    shutil.copy(folder / "Makefile", tmp_path)
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\nenv >>{tmp_path}/seen\n[ $2 != venv ]\n")  # no venv: by --target
    python.chmod(0o755)
    told = {f"PIP_{name}": "1" for name in ("USER", "REQUIRE_VIRTUALENV", "DRY_RUN", "TARGET")}
    told |= {"PIP_PREFIX": "/x", "UV_REQUIRE_HASHES": "1", "PYTHONPATH": "/x", "PIP_CERT": "/x"}
    told["PATH"] = f"{python.parent}{os.pathsep}{os.defpath}"
    subprocess.run(["make", ".uv/bin/uv"], cwd=tmp_path, env=told, check=True, capture_output=True)
    seen = set((tmp_path / "seen").read_text().splitlines())
    assert {line for line in seen if line.startswith(("PIP_", "UV_REQ", "PYTHONPATH"))} == {
        "PIP_USER=0",
        "PIP_REQUIRE_VIRTUALENV=0",
        "PIP_CERT=/x",
    }


def test_ruff_finds_nothing_and_would_format_nothing(project):
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_the_package_parses_and_compiles_before_it_is_rendered():
    sources = [*(PROJECT / "src").rglob("*.py"), *(TEMPLATE / "hooks").glob("*.py")]
    assert len(sources) > 10
    for path in sources:
        compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)


def test_what_is_copied_holds_no_template_code():
    for name in template_files():
        if copied(name):  # a page of the kit is a template of its own
            found = TEMPLATE_CODE if name.endswith(".py") else re.compile(r"\bcookiecutter\.")
            assert not found.search((PROJECT / name).read_text(encoding="utf-8")), name


def test_the_kit_is_copied_as_it_lies(project):
    names = [name for name in template_files() if name.startswith("kit/")]
    assert len(names) > 100
    for name in names:
        assert (project / name).read_bytes() == (PROJECT / name).read_bytes(), name


def test_a_project_without_the_kits_folder_takes_it_from_an_index(project, tmp_path):
    shutil.copy(project / "Makefile", tmp_path)
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).touch()
    for target in (".venv/.ready", "lock"):
        command = ["make", "--dry-run", "--always-make", target]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        shown = done.stdout.replace(str(tmp_path), "")  # the folder has this test's name
        assert not re.search(r"\bkit\b|dlproof", shown)


def test_a_package_imports_nothing_that_was_removed(project, option_set):
    """Relative imports lead to modules that are there, those inside functions too."""
    (package,) = (project / "src").iterdir()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = path.parents[node.level - 1]
                names = [node.module] if node.module else [alias.name for alias in node.names]
                for name in names:
                    module = base.joinpath(*name.split("."))
                    there = module.with_suffix(".py").exists() or module.is_dir()
                    assert there or not node.module, f"{option_set}: {path.name} imports {name}"


def test_the_same_answers_give_the_same_bytes(option_set, baked, tmp_path, cookiecutter_config):
    again = bake(tmp_path, cookiecutter_config, **OPTION_SETS[option_set])
    assert files_below(again) == files_below(baked(option_set))


def test_generation_takes_less_than_a_second(tmp_path, cookiecutter_config):
    """Of the processor, Python's start and hooks included: a clock would measure its load too.

    Or 25 times as long as a million squares, on a machine so slow that these take over 0.04 s.
    """
    seconds, units = [], []
    for attempt in range(3):
        command = ["-m", "cookiecutter", "--no-input", f"--config-file={cookiecutter_config}"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *command, f"--output-dir={tmp_path / str(attempt)}", str(TEMPLATE)],
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        started = time.process_time()
        sum(number * number for number in range(1_000_000))
        units.append(time.process_time() - started)
    assert min(seconds) < max(1.0, 25 * min(units))
