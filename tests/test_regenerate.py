"""A project is generated over a project: nothing of the user's is removed or changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TEMPLATE, files_below
from cookiecutter.exceptions import FailedHookException, OutputDirExistsException
from cookiecutter.main import cookiecutter
from test_ways import PARTS
from versions import append, change

from dl_template import kept

# kind of edit -> the file, and what is done to it
EDITS = {
    "own file": ("src/{s}/model/mine.py", lambda p: append(p, "MINE = 1\n")),
    "own file at a path of another option": (
        "src/{s}/model/mlp.py",
        lambda p: append(p, "MINE = 2\n"),
    ),
    "own config at a path of another option": (
        "configs/model/mlp.yaml",
        lambda p: append(p, "mine: 3\n"),
    ),
    "own file in a folder of another option": (
        "configs/rate/mine.yaml",
        lambda p: append(p, "mine: 4\n"),
    ),
    "own test at a path of another option": (
        "tests/data/test_table.py",
        lambda p: append(p, "MINE = 5\n"),
    ),
    "own file in the kit": ("kit/src/dlproof/mine.py", lambda p: append(p, "MINE = 6\n")),
    "own cache": ("src/{s}/__pycache__/mine.pyc", lambda p: append(p, "mine 7\n")),
    "own file called as a licence": ("LICENSE.MIT", lambda p: append(p, "Mine: 8\n")),
    "edited LICENSE": ("LICENSE", lambda p: p.write_text("Mine: 9\n")),
    "edited README": ("README.md", lambda p: append(p, "Mine: 10\n")),
    "edited config": (
        "configs/optimizer/adamw.yaml",
        lambda p: change(p, "weight_decay", "mine: 11\nweight_decay"),
    ),
    "edited module": ("src/{s}/model/network.py", lambda p: append(p, "MINE = 12\n")),
    "edited module of its option": ("src/{s}/model/resnet.py", lambda p: append(p, "MINE = 13\n")),
    "edited workflow": (".github/workflows/ci.yml", lambda p: append(p, "# Mine: 14\n")),
    "edited lock": ("requirements.lock", lambda p: append(p, "# Mine: 15\n")),
    "edited kit": ("kit/src/dlproof/page.py", lambda p: append(p, "MINE = 16\n")),
    "edited link to the template": (".cruft.json", lambda p: append(p, "\n")),
    "emptied file": ("CODEOWNERS", lambda p: p.write_text("")),
}
REMOVED = ("docs/recipes.md", "src/{s}/model/network.py")
FLAGS = {
    "-f": {"overwrite_if_exists": True},
    "-f -s": {"overwrite_if_exists": True, "skip_if_file_exists": True},
    "-f --keep-project-on-failure": {
        "overwrite_if_exists": True,
        "keep_project_on_failure": True,
    },
    "--replay -f": {"overwrite_if_exists": True, "replay": True},
    "-f data_type=tabular": {
        "overwrite_if_exists": True,
        "extra_context": {"project_slug": "leaf", "data_type": "tabular"},
    },
}


def generate(folder: Path, config: Path, **options: object) -> Path:
    """Run cookiecutter in this process, as the flags say."""
    if "replay" not in options:
        options = {"extra_context": {"project_slug": "leaf"}, "no_input": True} | options
    output = {"output_dir": str(folder), "config_file": str(config)}
    return Path(cookiecutter(str(TEMPLATE), **options, **output))


def run_flags(
    folder: Path, config: Path, *flags: str, before: str = ""
) -> subprocess.CompletedProcess:
    """Run the command, after some Python that makes it fail."""
    code = f"{before}\nfrom cookiecutter.cli import main; main()"
    options = ["--no-input", "-f", f"--config-file={config}", f"--output-dir={folder}", *flags]
    command = [sys.executable, "-c", code, *options, str(TEMPLATE), "project_slug=leaf"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, cookiecutter_config) -> Path:
    return generate(tmp_path_factory.mktemp("fresh"), cookiecutter_config)


@pytest.fixture
def project(fresh, tmp_path) -> Path:
    """A project with an edit of each kind."""
    project = Path(shutil.copytree(fresh, tmp_path / "leaf"))
    for path, edit in EDITS.values():
        edit(project / path.format(s="leaf"))
    (project / "docs" / "recipes.md").unlink()
    return project


def look(project: Path) -> dict[str, tuple]:
    """Content, time and permissions of every file."""
    found = files_below(project)
    stats = {name: (project / name).lstat() for name in found}
    return {n: (found[n], s.st_mtime_ns, s.st_mode, s.st_ino) for n, s in stats.items()}


def count_lost(before: dict[str, tuple], after: dict[str, tuple]) -> dict[str, int]:
    """Lines that are not there any more, for each kind of edit; the rest as one."""
    kinds = {path.format(s="leaf"): kind for kind, (path, _) in EDITS.items()}
    lost: dict[str, int] = {}
    for name, (content, *_) in before.items():
        left = after[name][0].splitlines() if name in after else []
        gone = [line for line in content.splitlines() if line not in left]
        if name not in after or gone:
            kind = kinds.get(name, "a file as the template has it")
            lost[kind] = lost.get(kind, 0) + len(gone)
    return lost


@pytest.mark.parametrize("flags", FLAGS)
def test_no_line_is_lost_and_no_file_changed(flags, project, cookiecutter_config, tmp_path, capfd):
    before = look(project)
    generate(tmp_path, cookiecutter_config, **FLAGS[flags])
    after = look(project)
    assert count_lost(before, after) == {}
    assert {name: after[name] for name in before} == before
    assert [path.name for path in tmp_path.iterdir()] == ["leaf"]
    assert (project / "docs" / "recipes.md").exists()
    told = capfd.readouterr().out.partition("Left as they were")[2]
    assert "LICENSE, LICENSE.MIT, README.md" in told
    assert "make template-diff" in told
    assert "mine" not in told


def test_only_what_the_new_options_need_is_added(project, cookiecutter_config, tmp_path):
    before = look(project)
    generate(tmp_path, cookiecutter_config, **FLAGS["-f data_type=tabular"])
    added = set(look(project)) - set(before)
    assert "configs/data/csv.yaml" in added
    assert "configs/data/diabetes.yaml" not in added
    assert not [name for name in added if name.startswith(("LICENSE", "expectations/digits"))]


def test_a_project_that_is_as_generated_is_left_alone_in_silence(
    fresh, cookiecutter_config, tmp_path, capfd
):
    project = Path(shutil.copytree(fresh, tmp_path / "leaf"))
    before = look(project)
    generate(tmp_path, cookiecutter_config, **FLAGS["-f"])
    assert look(project) == before
    assert "Left as they were" not in capfd.readouterr().out


def test_links_are_not_written_through(project, cookiecutter_config, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    (project / "Makefile").rename(shared / "Makefile")
    (project / "Makefile").symlink_to(shared / "Makefile")
    (project / "configs").rename(shared / "configs")
    (project / "configs").symlink_to(shared / "configs")
    (project / "AGENTS.md").unlink()
    (project / "AGENTS.md").symlink_to(tmp_path / "gone")
    for name in ("kit/src/dlproof/data", "kit/src/dlproof/model"):
        (project / name).rename(shared / Path(name).name)
        (project / name).symlink_to(shared / Path(name).name)
    append(shared / "data" / "near.py", "# Mine\n")
    append(shared / "Makefile", "# Mine\n")
    before = look(project), look(shared)
    generate(tmp_path, cookiecutter_config, **FLAGS["-f"])
    assert (project / "AGENTS.md").readlink() == tmp_path / "gone"
    assert not (tmp_path / "gone").exists()
    assert (project / "Makefile").is_symlink()
    assert (project / "configs").is_symlink()
    assert (project / "kit/src/dlproof/data").is_symlink()
    for folder, files in zip((project, shared), before, strict=True):
        after = look(folder)
        assert {name: after[name] for name in files} == files


FAILURES = {
    "interrupted": "raise KeyboardInterrupt",
    "full disk": "raise OSError(28, 'No space left on device')",
    "killed": "import os; os._exit(9)",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_in_between_loses_nothing(failure, project, cookiecutter_config, tmp_path):
    before = look(project)
    before_it = (
        "from cookiecutter import generate\nreal = generate.generate_file\n"
        "def write(*given, **named):\n"
        "    real(*given, **named)\n"
        f"    if 'README.md' in given[1]: {FAILURES[failure]}\n"
        "generate.generate_file = write\n"
    )
    done = run_flags(tmp_path, cookiecutter_config, before=before_it)
    assert done.returncode != 0
    if failure == "killed":
        assert (tmp_path / "leaf.before").is_dir()
        done = run_flags(tmp_path, cookiecutter_config)
        assert (done.returncode, done.stderr) == (0, "")
        assert "cut short: your files were put back first" in done.stdout
    else:
        assert f"Your files in {project} are as they were before." in done.stderr
    after = look(project)
    assert {name: after[name] for name in before} == before
    assert [path.name for path in tmp_path.iterdir()] == ["leaf"]


def test_a_hook_that_fails_loses_nothing(
    project, cookiecutter_config, tmp_path, tmp_path_factory, monkeypatch
):
    """Its table names a path that is not in the template."""
    copy = tmp_path_factory.mktemp("template")
    for part in PARTS:
        copied = shutil.copytree if (TEMPLATE / part).is_dir() else shutil.copy
        copied(TEMPLATE / part, copy / part)
    change(copy / "hooks/post_gen_project.py", '"data_type=tabular": (', TABLE_WITH_MORE)
    monkeypatch.setattr(sys.modules[__name__], "TEMPLATE", copy)
    before = look(project)
    done = run_flags(tmp_path, cookiecutter_config)
    assert done.returncode == 1
    assert "gone.yaml" in done.stderr
    after = look(project)
    assert {name: after[name] for name in before} == before
    assert not (tmp_path / "leaf.before").exists()


TABLE_WITH_MORE = '"data_type=tabular": (\n        "configs/gone.yaml",'


def test_a_file_in_place_of_a_folder_stops_it_before_anything_is_moved(
    project, cookiecutter_config, tmp_path
):
    shutil.rmtree(project / "docs")
    (project / "docs").write_text("My notes\n")
    before = look(project)
    with pytest.raises(FailedHookException, match="docs is a file here, and a folder of the"):
        generate(tmp_path, cookiecutter_config, **FLAGS["-f"])
    assert look(project) == before


def test_a_folder_of_the_users_is_not_taken_for_an_unfinished_run(
    project, cookiecutter_config, tmp_path
):
    (tmp_path / "leaf.before").mkdir()
    (tmp_path / "leaf.before" / "mine").write_text("mine")
    before = look(tmp_path)
    with pytest.raises(FailedHookException, match=r"cannot be kept safe: \[Errno 17\]"):
        generate(tmp_path, cookiecutter_config, **FLAGS["-f"])
    assert look(tmp_path) == before


@pytest.mark.parametrize("skip", [(), ("-s",)])
def test_without_hooks_nothing_is_lost_either(skip, project, cookiecutter_config, tmp_path):
    before = look(project)
    done = run_flags(tmp_path, cookiecutter_config, *skip, "--accept-hooks=no")
    assert done.returncode == 0
    after = look(project)
    assert count_lost(before, after) == {}
    assert {name: after[name] for name in before} == before
    assert (project / "configs/data/diabetes.yaml").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["leaf"]


def test_a_project_is_left_alone_where_it_must_not_be_written_over(
    project, cookiecutter_config, tmp_path
):
    before = look(project)
    with pytest.raises(OutputDirExistsException):
        generate(tmp_path, cookiecutter_config)
    assert look(project) == before
    assert not (tmp_path / "leaf.before").exists()


def test_what_the_template_writes_is_listed(fresh):
    listed = kept.list_written(TEMPLATE, "leaf")
    assert len(set(listed)) == len(listed)
    assert set(files_below(fresh)) <= set(listed)
    assert "src/leaf/" in listed
    assert not [name for name in listed if "{{" in name or Path(name).is_absolute()]
