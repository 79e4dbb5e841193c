"""A template with three versions in git, and what people do to a project: for test_update."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import manifest
from conftest import TEMPLATE, write_cookiecutter_config

PARTS = (
    *("cookiecutter.json", "CHANGELOG.md", "dl_template", "hooks"),
    "{{cookiecutter.project_slug}}",
)
PACKAGE = "src/{{cookiecutter.package_name}}"
KIT = "kit/src/dlproof"
CACHES = shutil.ignore_patterns("__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache")
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0"


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as somebody, and return what it printed."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Commit all that is there."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", f"--message={message}")
    return git(folder, "rev-parse", "HEAD")


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} holds no {old!r} any more"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(path: Path, lines: str) -> None:
    """Add lines at the end of a file, which may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(lines)


def first_pin(project: Path) -> str:
    """The first line of the lock."""
    return (project / "requirements.lock").read_text().partition("\n")[0]


def write_template(root: Path) -> Path:
    """A repository with this template as v0.1.0, and v0.2.0 and v0.3.0 made up after it."""
    for part in PARTS:
        if (TEMPLATE / part).is_dir():
            shutil.copytree(TEMPLATE / part, root / part, ignore=CACHES)
        else:
            root.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / part, root / part)
    git(root, "init", "--quiet", "--initial-branch=main")
    steps = {"0.1.0": write_version_1, "0.2.0": write_version_2, "0.3.0": write_version_3}
    for version, write in steps.items():
        write(root, root / "{{cookiecutter.project_slug}}")
        change(root / "CHANGELOG.md", "\n## ", f"\n## {version}\n{NOTES[version]}\n## ")
        answers = json.loads((root / "cookiecutter.json").read_text())
        answers["__template_version"] = version
        (root / "cookiecutter.json").write_text(json.dumps(answers, indent=2))
        release_kit(root / "{{cookiecutter.project_slug}}" / "kit", version)
        commit(root, version)
        git(root, "tag", f"v{version}")
    return root


def release_kit(kit: Path, version: str) -> None:
    """Number the kit as the template, and write its manifest."""
    about = (kit / "pyproject.toml").read_text(encoding="utf-8")
    about = re.sub(r'(?m)^version = "[\d.]+"', f'version = "{version}"', about)
    (kit / "pyproject.toml").write_text(about, encoding="utf-8")
    (kit / "MANIFEST").write_text(manifest.render(kit=kit), encoding="utf-8")


def generate(address: str, folder: Path, *options: str) -> Path:
    """Run cookiecutter; what it warns of is in `said.txt` beside the project."""
    config = write_cookiecutter_config(folder / "config")
    command = ["-m", "cookiecutter", "--no-input", f"--config-file={config}", *options]
    command += [f"--output-dir={folder / 'out'}", address, "project_slug=digits"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    (folder / "said.txt").write_text(done.stderr)
    return folder / "out" / "digits"


NOTES = {
    "0.1.0": "\n### Added\n\n- All.\n",
    "0.2.0": "\n### Added\n\n- A module.\n\n### Migration\n\n- Give your team a name.\n",
    "0.3.0": "\n### Migration\n\n- The schedule `step` is gone.\n\n### Removed\n\n- A schedule.\n",
}


def write_version_1(root: Path, project: Path) -> None:
    (project / "docs" / "logo.png").write_bytes(PICTURE + b"1")


def write_version_2(root: Path, project: Path) -> None:
    """A question, a module, an option's file, new text in files of every kind."""
    change(
        root / "cookiecutter.json",
        '"__prompts__"',
        '"team": "research",\n  "region": ["eu", "us"],\n  "__prompts__"',
    )
    change(root / "hooks" / "post_gen_project.py", '"data_type=tabular": (', TABLES_ONLY)
    append(project / "configs" / "data" / "parquet.yaml", "name: parquet\n")
    append(project / PACKAGE / "data" / "fresh.py", '"""New in version 2."""\n\nVALUE = 2\n')
    append(project / PACKAGE / "model/network.py", "\n\ndef version() -> int:\n    return 2\n")
    append(project / KIT / "data" / "fresh.py", '"""New in version 2."""\n\nVALUE = 2\n')
    append(project / KIT / "intervals.py", "\n\ndef version() -> int:\n    return 2\n")
    append(project / "README.md", "\nNew in version 2.\n")
    append(project / "project.yaml", "# New in version 2.\n")
    append(project / "Makefile", "\naudit: setup ## Look for known holes\n\ttrue\n")
    change(project / "Makefile", "VENV :=", "# Of the team {{ cookiecutter.team }}.\nVENV :=")
    change(project / "configs" / "optimizer" / "adamw.yaml", "lr: 3.0e-4", "lr: 2.0e-4")
    change(project / "configs" / "schedule" / "onecycle.yaml", "start: 0.04", "start: 0.05")
    change(project / "requirements.lock", first_pin(project), "absl-py==99.0 \\")
    change(project / "pyproject.toml", '    "hypothesis', '    "networkx>=3",\n    "hypothesis')
    (project / "docs" / "logo.png").write_bytes(PICTURE + b"2")


TABLES_ONLY = '"data_type=tabular": (\n        "configs/data/parquet.yaml",'


def write_version_3(root: Path, project: Path) -> None:
    """A file less, a file moved, the same places changed again."""
    change(root / "cookiecutter.json", '"team"', '"floor": "3",\n  "team"')
    change(project / PACKAGE / "data" / "fresh.py", "2\n", "3\n")
    for path in (project / PACKAGE / "model/network.py", project / KIT / "intervals.py"):
        change(path, "return 2", "return 3")
    change(project / PACKAGE / "model/network.py", '"""The', '"""In version 3: the')
    (project / KIT / "evaluation" / "ledger.py").rename(project / KIT / "ledger.py")
    (project / KIT / "data" / "fresh.py").unlink()
    change(project / "configs" / "optimizer" / "adamw.yaml", "lr: 2.0e-4", "lr: 1.0e-4")
    change(project / "requirements.lock", first_pin(project), "absl-py==99.1 \\")
    (project / "configs" / "schedule" / "step.yaml").unlink()
    (project / "configs" / "schedule" / "linear.yaml").unlink()
    debug = project / "configs" / "debug"
    (debug / "limit.yaml").rename(debug / "short.yaml")
    (project / "docs" / "logo.png").write_bytes(PICTURE + b"3")


def drop_kit(project: Path) -> None:
    """Take the kit from an index, at the version that was in the tree."""
    about = (project / "kit/pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'(?m)^version = "([\d.]+)"', about)[1]
    shutil.rmtree(project / "kit")
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    text = text.replace(" @ {root:uri}/kit", f"=={version}")
    (project / "pyproject.toml").write_text(text, encoding="utf-8")


def take_kit_over(project: Path) -> None:
    """Make the kit the project's own: no manifest, and a file changed."""
    (project / "kit/MANIFEST").unlink()
    change(project / KIT / "intervals.py", "numpy as np\n", "numpy as np  # Mine: 34\n")


def patch_moved(project: Path) -> None:
    """Change a file of the kit that version 3 has elsewhere."""
    paths = (project / KIT / "evaluation/ledger.py", project / KIT / "ledger.py")
    append(next(path for path in paths if path.exists()), "# Mine: 33\n")


Edit = Callable[[Path, Path], None]  # of the project, with its package's folder
# kind of file -> path that the user's work is found in, and the edit
PEACEFUL: dict[str, tuple[str, Edit]] = {
    "skipped file": ("README.md", lambda p, s: append(p / "README.md", "\nMine: 1\nMine: 2\n")),
    "charter": ("project.yaml", lambda p, s: append(p / "project.yaml", "# Mine: 3\n")),
    "config, other lines": (
        "configs/optimizer/adamw.yaml",
        lambda p, s: append(p / "configs/optimizer/adamw.yaml", "# Mine: 4\n# Mine: 5\n"),
    ),
    "own module": ("{s}/data/mine.py", lambda p, s: append(s / "data/mine.py", "# Mine: 6\n")),
    "own experiment": (
        "configs/experiment/mine.yaml",
        lambda p, s: append(p / "configs/experiment/mine.yaml", "# Mine: 7\nseed: 7\n"),
    ),
    "own test": ("tests/test_me.py", lambda p, s: append(p / "tests/test_me.py", "# Mine: 8\n")),
    "removed file": (
        "configs/schedule/onecycle.yaml",
        lambda p, s: (p / "configs/schedule/onecycle.yaml").unlink(),
    ),
    "Makefile, other lines": (
        "Makefile",
        lambda p, s: change(p / "Makefile", "serve: setup", "# Mine: 9\nserve: setup"),
    ),
    "module, other lines": (
        "{s}/model/network.py",
        lambda p, s: change(s / "model/network.py", "nn\n", "nn  # Mine: 10\n"),
    ),
    "dependency": (
        "pyproject.toml",
        lambda p, s: change(p / "pyproject.toml", 'kit",\n]', 'kit",\n    "x>=1", # Mine: 11\n]'),
    ),
    "own binary": (
        "docs/mine.bin",
        lambda p, s: (p / "docs/mine.bin").write_bytes(bytes(range(256)) + b"\nMine: 12"),
    ),
    "ignored data": (
        "data/raw/mine.csv",
        lambda p, s: append(p / "data/raw/mine.csv", "a,b\nMine: 13,1\n"),
    ),
    "gitignore": (".gitignore", lambda p, s: append(p / ".gitignore", "# Mine: 14\n/mine/\n")),
}
# kind of file -> path, edit, and the versions whose update meets it
DISPUTED: dict[str, tuple[str, Edit, str]] = {
    "config, same line": (
        "configs/optimizer/adamw.yaml",
        lambda p, s: change(
            p / "configs/optimizer/adamw.yaml", "weight_decay", "lr: 7e-4 # Mine: 20\nweight_decay"
        ),
        "12 13 23",
    ),
    "edited file that is removed": (
        "configs/schedule/step.yaml",
        lambda p, s: append(p / "configs/schedule/step.yaml", "# Mine: 21\n"),
        "13 23",
    ),
    "own module of the same name": (
        "{s}/data/fresh.py",
        lambda p, s: append(s / "data/fresh.py", "# Mine: 22\n"),
        "12 13 23",
    ),
    "Makefile, same place": (
        "Makefile",
        lambda p, s: append(p / "Makefile", "\nmine: ## Mine: 23\n\ttrue\n"),
        "12 13",
    ),
    "binary file of both": (
        "docs/logo.png",
        lambda p, s: (p / "docs/logo.png").write_bytes(PICTURE + b"\nMine: 24"),
        "12 13 23",
    ),
    "lock, same pin": (
        "requirements.lock",
        lambda p, s: change(p / "requirements.lock", first_pin(p), "absl-py==2.0 # Mine: 25 \\"),
        "12 13 23",
    ),
    "edited file that is moved": (
        "configs/debug/limit.yaml",
        lambda p, s: append(p / "configs/debug/limit.yaml", "# Mine: 26\n"),
        "",
    ),
}
# kind -> what is done to the kit in a project, and the user's lines that this brings
KITS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "kit, untouched": (lambda p: None, ()),
    "kit, patched where the template changes other lines": (
        lambda p: change(p / KIT / "intervals.py", "numpy as np\n", "numpy as np  # Mine: 30\n"),
        ("# Mine: 30",),
    ),
    "kit, patched where the template changes nothing": (
        lambda p: append(p / KIT / "page.py", "# Mine: 31\n"),
        ("# Mine: 31",),
    ),
    "kit, patched where the template moves the file": (patch_moved, ("# Mine: 33",)),
    "kit, a file removed": (lambda p: (p / KIT / "checklist/map.py").unlink(), ()),
    "kit, folder dropped": (drop_kit, ()),
    "kit, MANIFEST removed": (take_kit_over, ("# Mine: 34",)),
    "kit, patched in the same place": (
        lambda p: append(p / KIT / "intervals.py", "\n\ndef mine() -> int:\n    return 35\n"),
        ("def mine() -> int:", "    return 35"),
    ),
}
DISPUTED_KIT = "kit, patched in the same place"
