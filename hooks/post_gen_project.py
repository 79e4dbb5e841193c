"""Remove the files of every option that was not chosen; cookiecutter runs it in the new project.

Of a project that was there before it changes nothing: it removes only what this run wrote. Pure: no
network, no repository made, no environment. Update tools run it again in temporary folders. It ends
by linking the project to the template, in cruft's words (`dl_template/git.py`), and by saying what
was made and how to go on, unless DL_TEMPLATE_QUIET is set, as tools do that render to read.
"""

import json
import os
import shlex
import shutil
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


def prune(project: Path, answers: dict, written: list[str], there: set[str]) -> None:
    """Remove what was not chosen, and give the chosen licence its usual name.

    Args:
        project: the new project.
        answers: what it is generated from.
        written: what the template holds now, folders with a slash at their end; a cache may have
            come to it since this project was rendered.
        there: what was there before, which is a user's: neither removed nor changed.

    Raises:
        FileNotFoundError: a path of the table is not in the template any more.
    """
    paths = unchosen_paths(answers)
    missing = [path for path in paths if not (project / path).exists()]
    if missing:
        raise FileNotFoundError(f"in the post_gen hook's table, not in the template: {missing}")
    unwanted = tuple(f"{path}/" for path in paths)
    licence = f"LICENSE.{answers['license']}"
    shutil.copy(project / licence, project / "LICENSE")
    for name in sorted(written, reverse=True):  # a folder after all that is in it
        cached = any(part in CACHES for part in name.split("/"))
        if name in there or not (cached or name == licence or f"{name}/".startswith(unwanted)):
            continue
        if not name.endswith("/"):
            (project / name).unlink(missing_ok=True)
        elif (project / name).is_dir() and not any((project / name).iterdir()):
            (project / name).rmdir()


def is_quiet() -> bool:
    """Whether a tool renders to read what was rendered, and prints what a program may read."""
    return "DL_TEMPLATE_QUIET" in os.environ


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


def tell_kept(names: list[str]) -> None:
    """Say which files were left as they were, though the template has others."""
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if names[10:] else "")
    print(
        f"Left as they were, though the template writes something else: {listed}.\n"
        "  `make template-diff` shows what you changed, `make template-update` merges what is new."
    )


def main() -> int:
    """Read what cookiecutter renders into this file; prune the project, link it, tell."""
    # What JSON holds is in a JSON string: no quote or backslash of a user's can end the literal.
    answers = json.loads(json.loads(r""" {{ cookiecutter | leave | jsonify | jsonify }} """))
    template = Path(json.loads(json.loads(r""" {{ template_root | jsonify | jsonify }} """)))
    sys.path.append(str(template))
    from dl_template import git, kept

    project = Path.cwd()
    there = kept.read_there(project)
    prune(project, answers, kept.list_written(template, answers["package_name"]), there)
    if ".cruft.json" not in there:
        git.link(project, answers, template, told=not is_quiet())
    names = kept.put_back(project)
    if not is_quiet():
        tell(project, answers)
        print(git.describe_around(project), end="")
        if names:
            tell_kept(names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
