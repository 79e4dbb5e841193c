"""Remove the files of every option that was not chosen; cookiecutter runs it in the new project.

Pure: no network, no repository made, no environment. Update tools run it again in temporary
folders. It ends by linking the project to the template, in cruft's words: see `link`; and by saying
what was made and how to go on, unless DL_TEMPLATE_QUIET is set, as tools do that render to read.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

# question=option -> the paths that only this option needs
PATHS = {
    "data_type=image": (
        "configs/augmentation/light.yaml",
        "configs/augmentation/medium.yaml",
        "configs/augmentation/strong.yaml",
        "configs/data/cifar10.yaml",
        "configs/data/digits.yaml",
        "configs/data/folder.yaml",
        "configs/experiment/cifar10_resnet18.yaml",
        "configs/experiment/cifar10_resnet18_fast.yaml",
        "configs/experiment/imagenet_efficientnet_b0.yaml",
        "configs/experiment/imagenet_resnet50.yaml",
        "configs/experiment/wider_resnet.yaml",
        "configs/model/efficientnet_b0.yaml",
        "configs/model/resnet18.yaml",
        "configs/model/resnet18_small.yaml",
        "configs/model/resnet50.yaml",
        "configs/model/resnet_tiny.yaml",
        "configs/model/timm.yaml",
        "configs/model/vit_small.yaml",
        "configs/optimizer/lion.yaml",
        "configs/preprocess/image.yaml",
        "expectations/cifar10.yaml",
        "expectations/digits.yaml",
        "src/{package_name}/data/image.py",
        "src/{package_name}/data/image_augment.py",
        "src/{package_name}/model/resnet.py",
        "src/{package_name}/model/image_normaliser.py",
        "src/{package_name}/model/pretrained.py",
        "tests/data/test_image.py",
        "tests/data/test_image_augment.py",
        "tests/model/test_pretrained.py",
        "tests/model/test_resnet.py",
        "tests/small_image.py",
        "tests/small_image.yaml",
    ),
    "data_type=tabular": (
        "configs/augmentation/noise.yaml",
        "configs/balance/smote.yaml",
        "configs/data/breast_cancer.yaml",
        "configs/data/csv.yaml",
        "configs/data/diabetes.yaml",
        "configs/experiment/deeper_mlp.yaml",
        "configs/model/ft_transformer.yaml",
        "configs/model/mlp.yaml",
        "configs/model/mlp_base.yaml",
        "configs/rate",
        "configs/preprocess/tabular.yaml",
        "expectations/breast_cancer.yaml",
        "expectations/diabetes.yaml",
        "src/{package_name}/data/table.py",
        "src/{package_name}/data/table_augment.py",
        "src/{package_name}/model/ft_transformer.py",
        "src/{package_name}/model/mlp.py",
        "src/{package_name}/model/table_normaliser.py",
        "tests/data/test_table.py",
        "tests/data/test_table_augment.py",
        "tests/model/test_ft_transformer.py",
        "tests/model/test_mlp.py",
        "tests/small_tabular.py",
        "tests/small_tabular.yaml",
    ),
    "task=classification": (
        "configs/balance/class_weights.yaml",
        "configs/balance/focal.yaml",
        "configs/balance/smote.yaml",
        "configs/balance/under_sample.yaml",
        "configs/balance/weighted_sampler.yaml",
        "configs/data/breast_cancer.yaml",
        "configs/task/classification.yaml",
        "expectations/breast_cancer.yaml",
        "src/{package_name}/problem/classification.py",
        "tests/problem/test_classification.py",
    ),
    "task=regression": (
        "configs/data/diabetes.yaml",
        "configs/task/regression.yaml",
        "expectations/diabetes.yaml",
        "src/{package_name}/problem/regression.py",
        "tests/problem/test_regression.py",
    ),
    "license=MIT": ("LICENSE.MIT",),
    "license=Apache-2.0": ("LICENSE.Apache-2.0",),
    "license=BSD-3-Clause": ("LICENSE.BSD-3-Clause",),
    "license=Proprietary": ("LICENSE.Proprietary",),
}

# What tools leave behind where they read the template itself.
CACHES = ("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def unchosen_paths(answers: dict) -> list[str]:
    """List what the answers do not need, relative to the project, each path once."""
    paths = {
        path.format(**answers)
        for option, listed in PATHS.items()
        if answers[option.partition("=")[0]] != option.partition("=")[2]
        for path in listed
    }
    return sorted(paths)


def prune(project: Path, answers: dict) -> None:
    """Remove what was not chosen and give the chosen licence its usual name.

    Raises:
        FileNotFoundError: a path of the table is not in the template any more.
    """
    paths = [project / path for path in unchosen_paths(answers)]
    missing = [str(path.relative_to(project)) for path in paths if not path.exists()]
    if missing:
        raise FileNotFoundError(f"in the post_gen hook's table, not in the template: {missing}")
    for path in [*paths, *find_caches(project)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (project / f"LICENSE.{answers['license']}").replace(project / "LICENSE")


def find_caches(project: Path) -> list[Path]:
    """Caches anywhere, but in an environment: someone may generate over a project in use."""
    found = []
    for folder, inner, _ in os.walk(project):
        found += [Path(folder, name) for name in inner if name in CACHES]
        inner[:] = [name for name in inner if name not in (*CACHES, ".venv")]
    return found


def link(project: Path, answers: dict) -> None:
    """Write `.cruft.json`: where the template is, its commit, the answers; or say what to run.

    Cruft, which does this itself, renders without cookiecutter's `_repo_dir`: nothing is done then.
    """
    if "_repo_dir" not in answers:
        return
    template = find_template(answers["_repo_dir"])
    commit = template and ask_git(template, "rev-parse", "--show-prefix", "HEAD")
    # Below its repository's root, a prefix precedes the commit: then it is not the template's.
    if not commit or not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        given = {name: value for name, value in answers.items() if not name.startswith("_")}
        print(
            f"Not linked to the template: {answers['_template']} is no git repository of its own, "
            "so its commit is unknown.\nTo follow the template, run in the project, with the "
            "address of the template's repository:\n  uvx cruft link --no-input "
            f"--checkout v{answers['__template_version']} "
            f"--extra-context {shlex.quote(json.dumps(given))} ADDRESS",
            file=sys.stderr,
        )
        return
    # A path that was typed is the address; a clone of cookiecutter's knows where it came from.
    typed = answers["_template"] == answers["_repo_dir"]
    origin = None if typed else ask_git(template, "config", "--get", "remote.origin.url")
    # An address may hold a password, and this file is committed.
    address = re.sub(r"^(https?://)[^/@]+@", r"\1", origin or str(template))
    address = address.removeprefix("file://")
    names = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    context = {name: answers[name] for name in names if name in answers}
    context |= {"_template": address, "_commit": commit}
    state = {"template": address, "commit": commit, "checkout": answers["_checkout"]}
    state |= {"context": {"cookiecutter": context}, "directory": None}
    text = json.dumps(state, ensure_ascii=False, indent=2) + "\n"
    (project / ".cruft.json").write_text(text, encoding="utf-8")
    parts = ("cookiecutter.json", "hooks", "*cookiecutter.project_slug*")
    if not is_quiet() and ask_git(template, "status", "--porcelain", "--", *parts):
        print(
            f"The template has uncommitted changes, which .cruft.json cannot name: it records "
            f"commit {commit[:9]}, and `make template-diff` will show them as yours.",
            file=sys.stderr,
        )


def is_quiet() -> bool:
    """Whether a tool renders to read what was rendered, and prints what a program may read."""
    return "DL_TEMPLATE_QUIET" in os.environ


def find_template(repo_dir: str) -> Path | None:
    """Find the template's folder; a relative one was typed in a folder that is not this one."""
    # Cookiecutter runs its hooks from the template's folder; where there is no /proc, the shell's.
    known = (Path(f"/proc/{os.getppid()}/cwd"), Path(os.environ.get("PWD", ""), repo_dir))
    for folder in (Path(repo_dir),) if Path(repo_dir).is_absolute() else known:
        if (folder / "cookiecutter.json").is_file():
            return folder.resolve()
    return None


def ask_git(folder: Path, *arguments: str) -> str | None:
    """Ask git about a folder; None where it has no answer, no repository or no git."""
    # Within a hook of git, GIT_DIR is another repository.
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def tell(project: Path, answers: dict) -> None:
    """Print what was made, and the next two commands."""
    where, folder = os.environ.get("PWD", ""), str(project)
    if Path(where).is_absolute() and not os.path.relpath(project, where).startswith(".."):
        folder = os.path.relpath(project, where)
    kind = f"{answers['data_type']} {answers['task']}"
    print(
        f"Made {answers['project_slug']}: {kind}, in the package {answers['package_name']}.\n"
        f"  cd {shlex.quote(folder)} && make pipeline   # from raw data to monitoring\n"
        "  make test   # its own; `make help` lists the rest"
    )
    around = ask_git(project, "rev-parse", "--show-toplevel")
    if around and Path(around) != project.resolve():
        print(f"  (Inside the git repository {around}: `make setup` gives it one of its own.)")


def main() -> int:
    """Read the answers that cookiecutter renders into this file; prune the project and link it."""
    # An answer in JSON in a JSON string: no quote or backslash of a user's can end the literal.
    answers = json.loads(json.loads(r""" {{ cookiecutter | jsonify | jsonify }} """))
    prune(Path.cwd(), answers)
    link(Path.cwd(), answers)
    if not is_quiet():
        tell(Path.cwd(), answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
