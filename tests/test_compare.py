"""`make compare` says what became of every bullet, and runs nothing of the project it reads."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from compare import compare_project, write_page
from comparing.answers import BadInputError
from conftest import OPTION_SETS, PROJECT, TEMPLATE, bake
from versions import git, release_kit

TOOL = TEMPLATE / "tools" / "compare.py"
ASKED = yaml.safe_load((PROJECT / "kit/src/dlproof/checklist/bullets.yaml").read_text())
OWN = yaml.safe_load((PROJECT / "checklist.yaml").read_text())["where"]
BULLETS = [
    (bullet, [*OWN.get(bullet, ()), *body.get("where", ())])
    for item in ASKED["items"].values()
    for bullet, body in item["bullets"].items()
]


@pytest.fixture
def project(baked: Callable[..., Path], tmp_path: Path) -> Path:
    """A fresh project that a test may change."""
    return Path(shutil.copytree(baked("image-classification"), tmp_path / "project"))


def statuses(found) -> dict[str, str]:
    return {verdict.id: verdict.status for verdict in found.verdicts}


def others(found, *usual: str) -> dict[str, str]:
    return {name: status for name, status in statuses(found).items() if status not in usual}


def tell(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, TOOL, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def at(place: str) -> set[str]:
    """The bullets that name a file."""
    return {name for name, where in BULLETS if any(w.partition("#")[0] == place for w in where)}


@pytest.mark.parametrize("option_set", OPTION_SETS)
def test_fresh_project_is_all_the_same(baked, option_set):
    found = compare_project(baked(option_set))
    assert found.count() == {"same": len(BULLETS)}
    assert (found.files, found.pairing.extra, found.notes) == ([], [], [])
    assert (found.kit.status, found.kit.told) == ("same", "The kit is today's, 0.1.0.")
    assert "assumed" not in found.answers.sources.values()


def test_edited_file_changes_exactly_its_bullets_and_shows_the_diff(project):
    (package,) = (project / "src").iterdir()
    path = package / "evaluation" / "evaluate.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    found = compare_project(project)
    assert others(found, "same") == dict.fromkeys(at("evaluation/evaluate.py"), "changed")
    (row,) = found.files
    assert row["path"].endswith("evaluation/evaluate.py")
    assert "\n+ADDED = 1" in row["diff"]
    assert set(row["bullets"]) == at("evaluation/evaluate.py")


def test_changed_config_value_changes_the_bullets_of_its_key_alone(project):
    path = project / "configs" / "loader" / "default.yaml"
    batch_size = next(line for line in path.read_text().splitlines() if "batch_size" in line)
    path.write_text(path.read_text().replace(batch_size, "batch_size: 48"))
    place = "configs/loader/default.yaml#batch_size"
    named = {name for name, where in BULLETS if place in where}
    assert "DL-12.1" in named
    assert others(compare_project(project), "same") == dict.fromkeys(named, "changed")


def test_answered_charter_is_no_change(project):
    path = project / "project.yaml"
    path.write_text(path.read_text().replace("statement:", "statement: Digits from pictures #", 1))
    assert others(compare_project(project), "same") == {}


def test_removed_file_is_missing_and_moved_one_is_found(project):
    (package,) = (project / "src").iterdir()
    (package / "training" / "schedule.py").unlink()
    (package / "stages").mkdir()
    (package / "data" / "split.py").rename(package / "stages" / "split.py")
    found = compare_project(project)
    assert others(found, "same") == dict.fromkeys(at("training/schedule.py"), "missing")
    (moved,) = (row for row in found.files if row["moved"])
    assert moved["theirs"].endswith("stages/split.py")


def test_users_own_module_and_bullet_are_extra(project):
    (package,) = (project / "src").iterdir()
    (package / "model" / "mine.py").write_text("SIZE = 3\n")
    path = project / "checklist.yaml"
    own = "own:\n  OWN-01:\n    asks: Ours.\n    where: [README.md]\n"
    path.write_text(path.read_text().replace("own: {}\n", own, 1))
    found = compare_project(project)
    assert found.pairing.extra == [f"src/{package.name}/model/mine.py"]
    assert statuses(found)["OWN-01"] == "extra"


def test_other_answers_and_a_renamed_package_are_mapped(cookiecutter_config, tmp_path):
    answers = OPTION_SETS["tabular-regression"] | {
        "project_name": 'Wine "Quality" Ångström',
        "project_slug": "wine",
        "author_name": "Zoë O'Neil",
        "license": "BSD-3-Clause",
    }
    project = bake(tmp_path, cookiecutter_config, **answers)
    (project / ".cruft.json").unlink()  # whose answers would count for more
    (project / "src" / "wine").rename(project / "src" / "models")  # a name that is refused
    for path in project.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace("wine", "models"))
    found = compare_project(project)
    assert found.pairing.born_here
    assert found.answers.values["task"] == "regression"
    assert "package_name" in " ".join(found.notes)
    # Where a test tries the command's name, the bullets change that name all tests as their place.
    tests = (path.read_text() for path in (PROJECT / "tests").rglob("*.py"))
    tried = at("tests") if any("cookiecutter.project_slug" in text for text in tests) else ()
    assert others(found, "same") == dict.fromkeys(tried, "changed")


def test_patched_kit_is_one_line_and_changes_the_bullets_of_its_files(project):
    for name in ("data/near.py", "page.py"):
        with (project / "kit/src/dlproof" / name).open("a") as stream:
            stream.write("\nADDED = 1\n")
    found = compare_project(project)
    files = "src/dlproof/data/near.py, src/dlproof/page.py"
    assert found.kit.told == f"The kit 0.1.0 is patched in {files}."
    assert (found.files, found.pairing.extra) == ([], [])
    changed = at("dlproof/data/near.py") | at("dlproof/page.py")
    assert others(found, "same") == dict.fromkeys(changed, "changed")


def test_kit_of_another_release_changes_no_bullet(project):
    path = project / "kit/src/dlproof/data/near.py"
    path.write_text(path.read_text() + "\nADDED = 1\n")
    git(project, "init", "--quiet")
    release_kit(project / "kit", "0.0.9")
    shutil.rmtree(project / ".git")
    found = compare_project(project)
    assert found.kit.told == "The kit is that of 0.0.9 as it was released; today's is 0.1.0."
    assert others(found, "same") == {}


def test_kit_that_is_not_there_or_taken_over_is_told(project):
    (project / "kit/MANIFEST").unlink()
    (project / "kit/src/dlproof/page.py").write_text("ADDED = 1\n")
    found = compare_project(project)
    told = "The kit 0.1.0 has no MANIFEST any more; 1 files are not as today's 0.1.0."
    assert (found.kit.status, found.kit.told) == ("taken over", told)
    shutil.rmtree(project / "kit")
    found = compare_project(project)
    assert found.kit.told == "The kit is not in its tree (today's is 0.1.0)."
    assert set(statuses(found).values()) <= {"same", "cannot tell"}


def test_folder_of_another_projects_that_is_called_kit_is_its_own(tmp_path):
    write(tmp_path, "kit/pyproject.toml", '[project]\nname = "drums"\n')
    write(tmp_path, "kit/fit.py", "from torch.optim import AdamW\n")
    found = compare_project(tmp_path)
    assert found.kit.status == "missing"
    assert found.pairing.extra == ["kit/fit.py", "kit/pyproject.toml"]
    assert statuses(found)["DL-20.1"] == "seen"


def test_foreign_layout_shows_what_is_seen_and_claims_nothing_else(tmp_path):
    write(tmp_path, "requirements.txt", "torch\n# cleanlab\ntorchvision  # pictures\n")
    write(tmp_path, "conf/train.yaml", "trainer:\n  gradient_clip_val: 0.5\n  precision: 32\n")
    write(tmp_path, "conf/stop.yaml", "_target_: lightning.pytorch.callbacks.EarlyStopping\n")
    write(tmp_path, "lib/__init__.py", "")
    write(tmp_path, "lib/net.py", "def net(batch_size, *, dim=32):\n    pass\nx = Dropout(0.3)\n")
    write(tmp_path, "lib/fit.py", "from torch.optim import AdamW\nAdamW(p, weight_decay=0.0)\n")
    write(tmp_path, "tests/test_fit.py", "from sklearn import SMOTE\ndef test_fit(): pass\n")
    found = compare_project(tmp_path)
    assert not found.pairing.born_here
    signs = {v.id: [f"{s.path}:{s.line}" for s in v.signs] for v in found.verdicts if v.signs}
    assert signs == {
        "DL-18.1": ["lib/net.py:3"],
        "DL-20.1": ["lib/fit.py:1"],
        "DL-20.3": ["lib/fit.py:1"],
        "DL-26.1": ["conf/train.yaml:2"],
        "ML-31": ["tests/test_fit.py:1"],
    }
    seen = statuses(found)
    assert {seen[name] for name in signs} == {"seen"}
    absent = ("DL-08.4", "DL-13.3", "DL-18.2", "DL-25.1", "DL-27.1")
    assert {seen[name] for name in absent} == {"not found"}
    assert seen["DL-02.4"] == "cannot tell"
    assert found.answers.values["data_type"] == "image"


def write(root: Path, name: str, content: str | bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_hostile_files_become_sentences_and_nothing_is_run(tmp_path):
    project, witness = tmp_path / "project", tmp_path / "was_run"
    runs = f"open({str(witness)!r}, 'w')\n"
    for name in ("setup.py", "conftest.py", "src/pkg/__init__.py", "hooks/post_gen_project.py"):
        write(project, name, runs)
    write(project, "Makefile", f"X := $(shell touch {witness})\nall:\n\ttouch {witness}\n")
    write(project, "latin.py", b"x = '\xff\xfe'\n")
    write(project, "nul.py", b"x = 1\0\n")
    write(project, "deep.py", "(" * 100_000)
    write(project, "chain.py", "x = a" + ".b" * 2_000)
    write(project, "deep.yaml", "[" * 100_000)
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    write(project, "laughs.yaml", "\n".join(["a0: &a0 x", *levels]))
    write(project, "loop.yaml", "a: &a\n  b: *a\n")
    write(project, "checklist.yaml", "items: [1, {bullets: 3}]\n")
    write(project, "pyproject.toml", "[project\nname = ")
    write(project, ".cruft.json", '{"context": []}')
    with (project / "huge.csv").open("wb") as stream:
        stream.truncate(50_000_000)
    (project / "passwd.txt").symlink_to("/etc/passwd")
    (project / "up").symlink_to("/", target_is_directory=True)
    os.mkfifo(project / "pipe")
    (project / os.fsdecode(b"\xff\x1b[31mred.py")).write_text("x = 1\n")
    page = tmp_path / "page.html"
    done = tell(project, "--output", page)
    assert (done.returncode, done.stderr) == (0, "")
    assert not witness.exists()
    for sentence in (
        "passwd.txt, up: symbolic link, not followed.",
        "huge.csv: larger than 1 MB, not read.",
        "latin.py: not UTF-8 text, compared by its bytes only.",
        "pipe: no regular file, left out.",
        "pyproject.toml holds no answers that can be read.",
        ".cruft.json holds no answers that can be read.",
    ):
        assert sentence in done.stdout.splitlines()
    assert "\x1b" not in done.stdout + page.read_text()
    assert "root:" not in done.stdout + page.read_text()


def test_page_escapes_what_files_hold(project, tmp_path):
    path = project / "README.md"
    path.write_text(path.read_text() + "\n<script>alert(1)</script>\n</pre>{{ 7 * 7 }}\n")
    write_page(compare_project(project), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert "+&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "{{ 7 * 7 }}" in text
    assert "http" not in text.partition("<main>")[0]  # nothing is loaded


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("description", "{{ 7 * 7 }}", "description of .cruft.json holds the braces"),
        ("author_name", "{% raw %}", "author_name of .cruft.json holds the braces"),
        ("data_type", "audio", "data_type, but the choices are"),
        ("author_email", "nobody", "author_email must look like"),
    ],
)
def test_bad_answers_of_the_projects_own_are_refused(project, question, answer, sentence):
    content = {"context": {"cookiecutter": {question: answer}}}
    (project / ".cruft.json").write_text(json.dumps(content))
    with pytest.raises(BadInputError, match=sentence):
        compare_project(project)


def test_cruft_answers_win_over_what_files_say(project):
    content = {"context": {"cookiecutter": {"author_name": "Somebody Else"}}}
    (project / ".cruft.json").write_text(json.dumps(content))
    found = compare_project(project)
    assert found.answers.sources["author_name"] == ".cruft.json"
    assert {row["path"] for row in found.files} == {"LICENSE", "pyproject.toml"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([""], "Say which project: make compare PROJECT=path/to/project."),
        (["/nowhere/at/all"], "/nowhere/at/all is no folder: give that of a project."),
        ([TOOL], f"{TOOL} is no folder: give that of a project."),
    ],
)
def test_bad_input_ends_with_2_and_one_sentence(arguments, sentence):
    done = tell(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"compare: {sentence}\n"


def test_json_is_the_same_at_every_call(baked, tmp_path):
    project = baked("image-classification")
    done = tell(project, "--json", "--output", tmp_path / "page.html")
    content = json.loads(done.stdout)
    assert content == compare_project(project).as_json()
    assert (content["format"], len(content["bullets"])) == (1, len(BULLETS))
    keys = {"id", "item", "phase", "asks", "status", "places", "signs"}
    assert set(content["bullets"][0]) == keys


def test_every_sign_is_of_a_bullet_and_of_a_known_kind():
    table = yaml.safe_load((TEMPLATE / "tools" / "comparing" / "evidence.yaml").read_text())
    assert set(table) <= {name for name, _ in BULLETS}
    flat = [s for signs in table.values() for c in signs for s in ([c] if type(c) is str else c)]
    kinds = {"path", "dependency", "name", "set", "test", "make", "workflow"}
    assert {sign.partition(" ")[0] for sign in flat} <= kinds
