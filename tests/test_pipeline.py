"""The generated project end to end: every stage through DVC, and the project's own tests."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import OPTION_SETS, run

# The other two in `make test-slow`.
IMAGES_FIRST = [
    pytest.param(name, marks=() if name == "image-classification" else pytest.mark.slow)
    for name in OPTION_SETS
]


def prepare(project: Path, folder: Path) -> Path:
    """A copy of a baked project with git and DVC, as `make setup` leaves it."""
    copy = folder / project.name
    shutil.copytree(project, copy)
    commands = (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"])
    for command in commands:
        subprocess.run(command, cwd=copy, check=True, capture_output=True)
    return copy


def package_of(project: Path) -> str:
    (package,) = (path.name for path in (project / "src").iterdir() if path.is_dir())
    return package


def pipeline(project: Path) -> str:
    done = run("-m", package_of(project), "pipeline", project=project, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stages_that_ran(output: str) -> set[str]:
    return set(re.findall(r"Running stage '(\w+)'", output))


def report(project: Path, stage: str) -> dict:
    return json.loads((project / "reports" / f"{stage}.json").read_text())["figures"]


@pytest.mark.parametrize("option_set", IMAGES_FIRST)
def test_the_pipeline_runs_once_and_reruns_only_what_a_change_touches(
    finished, option_set, tmp_path
):
    original = finished(option_set)
    stages = set(yaml.safe_load((original / "dvc.yaml").read_text())["stages"])
    assert stages_that_ran((original.parent / "pipeline.log").read_text()) == stages

    project = tmp_path / original.name
    shutil.copytree(original, project, symlinks=True)
    (pointer,) = project.glob("data/**/*.dvc")  # the raw data's, which DVC must find by itself
    raw = pointer.with_suffix("")
    raw.rename(tmp_path / "taken")
    run("-m", "dvc", "checkout", project=project, check=True)
    assert raw.exists()
    assert stages_that_ran(pipeline(project)) == set()
    settings = project / "configs" / "stages.yaml"
    settings.write_text(settings.read_text().replace("repeats: 50", "repeats: 20"))
    assert stages_that_ran(pipeline(project)) == {"config", "benchmark"}


@pytest.mark.parametrize(
    "option_set",
    [
        "image-classification",
        "tabular-classification",
        pytest.param("tabular-regression", marks=pytest.mark.slow),
    ],
)
def test_the_default_run_is_as_good_as_a_user_may_expect(finished, option_set):
    project = finished(option_set)
    evaluation = report(project, "evaluate")
    best = evaluation["best_baseline"]
    metric = evaluation["metric"]
    reached, baseline = evaluation["metrics"][metric], evaluation["baselines"][best][metric]
    if option_set.startswith("image"):
        assert reached >= 0.97
    elif metric == "accuracy":
        assert reached >= baseline - 0.08
    else:
        assert reached <= 1.15 * baseline
    assert report(project, "export")["largest_difference"] <= 1e-4
    assert report(project, "probe")["mismatches"] == 0
    assert report(project, "monitor")["drift"] is False


# The own modules of tables are tried in tests/kit too, on every sort of table.
@pytest.mark.parametrize("option_set", IMAGES_FIRST)
def test_the_project_passes_its_own_tests(baked, finished, option_set, tmp_path):
    if option_set == "image-classification":  # they have run there, for what the faults ask
        code, _, told = (finished(option_set).parent / "tests.log").read_text().partition("\n")
        assert code == "0", told
        return
    project = prepare(baked(option_set), tmp_path)
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", project=project, check=False)
    assert done.returncode == 0, done.stdout[-8000:]


@pytest.mark.slow  # mypy reads all of torch anew
@pytest.mark.parametrize("option_set", OPTION_SETS)
def test_lint_finds_nothing_in_a_fresh_project(baked, option_set, tmp_path, monkeypatch):
    project = prepare(baked(option_set), tmp_path)
    monkeypatch.setenv("MYPYPATH", "kit/src")  # where `make setup` installs it, mypy finds it
    makefile = (project / "Makefile").read_text()
    recipe = re.search(r"^lint: .*\n((?:\t.+\n)+)", makefile, re.MULTILINE)[1]
    commands = re.findall(r"\$\(PYTHON\) (-m .+)", recipe)
    assert len(commands) == 3
    for command in commands:
        done = run(*command.split(), project=project, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_an_experiment_of_dvc_reruns_what_its_settings_touch(finished, tmp_path, monkeypatch):
    original = finished("tabular-classification")
    project = tmp_path / "project"
    shutil.copytree(original, project, symlinks=True)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    settings = ("configs/optimizer/adamw.yaml:lr=0.001", "configs/trainer/auto.yaml:max_epochs=3")
    command = ("-m", "dvc", "exp", "run", "-S", settings[0], "-S", settings[1], "train")
    done = run(*command, project=project, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert stages_that_ran(done.stdout) == {"config", "sanity", "train"}  # find_lr takes no rate
    figures = report(project, "train")
    assert figures["run"] != report(original, "train")["run"]
    assert figures["epochs"] == 3
    listed = run("-m", "dvc", "exp", "list", "--name-only", project=project, check=True).stdout
    assert len(listed.split()) == 1


@pytest.mark.slow
def test_a_users_own_folder_of_images_trains_and_predicts(baked, tmp_path):
    from PIL import Image

    photos = tmp_path / "photos"
    for number, name in enumerate(("warm", "kalt ❄")):
        (photos / name).mkdir(parents=True)
        for index in range(20):
            colour = (200 - 150 * number + index, 90, 60 + 150 * number - index)
            Image.new("RGB", (40 + index, 60 - index), colour).save(photos / name / f"{index}.jpg")
    project = prepare(baked("image-classification"), tmp_path)
    config = project / "configs" / "data" / "folder.yaml"
    config.write_text(config.read_text().replace("???", str(photos)))
    root = project / "configs" / "config.yaml"
    root.write_text(root.read_text().replace("data: digits", "data: folder"))
    assert "train" in stages_that_ran(pipeline(project))
    assert report(project, "evaluate")["metrics"]["accuracy"] == 1.0
    assert {path.name for path in photos.iterdir()} == {"warm", "kalt ❄"}


@pytest.mark.slow
def test_a_full_disk_ends_a_stage_with_a_sentence(baked, tmp_path):
    """Files of more than 64 KiB cannot be written, as on a disk that is nearly full."""
    project = prepare(baked("tabular-classification"), tmp_path)
    for stage in ("ingest", "clean", "split"):
        assert run("-m", package_of(project), stage, project=project).returncode == 0
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536));"
        f"from {package_of(project)}.project import PROJECT; PROJECT.main(['preprocess'])"
    )
    done = run("-c", code, project=project)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (project / "data" / "processed").exists()
    assert not (project / "reports" / "preprocess.json").exists()
