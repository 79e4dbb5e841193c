"""Remove the files of every option that was not chosen; cookiecutter runs it in the new project.

Pure: no network, no git, no environment. Update tools run it again in temporary folders.
"""

import json
import shutil
import sys
from pathlib import Path

# question=option -> the paths that only this option needs
PATHS = {
    "data_type=image": (
        "configs/augmentation/light.yaml",
        "configs/augmentation/medium.yaml",
        "configs/augmentation/strong.yaml",
        "configs/data/digits.yaml",
        "configs/data/folder.yaml",
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
        "expectations/digits.yaml",
        "src/{package_name}/data/image.py",
        "src/{package_name}/data/image_expectations.py",
        "src/{package_name}/data/image_files.py",
        "src/{package_name}/data/image_near.py",
        "src/{package_name}/data/image_personal.py",
        "src/{package_name}/data/image_augment.py",
        "src/{package_name}/data/image_labels.py",
        "src/{package_name}/data/image_plots.py",
        "src/{package_name}/data/image_requests.py",
        "src/{package_name}/data/rand_augment.py",
        "src/{package_name}/model/resnet.py",
        "src/{package_name}/model/timm_models.py",
        "tests/model/test_timm_models.py",
        "tests/model/test_weights.py",
        "tests/problem/test_linear_probe.py",
        "tests/data/test_image.py",
        "tests/data/test_image_near.py",
        "tests/data/test_image_augment.py",
        "tests/data/test_image_labels.py",
        "tests/training/test_diagnose.py",
        "tests/data/test_image_expectations.py",
        "tests/data/test_image_personal.py",
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
        "configs/preprocess/tabular.yaml",
        "expectations/breast_cancer.yaml",
        "expectations/diabetes.yaml",
        "src/{package_name}/data/smote.py",
        "src/{package_name}/data/table.py",
        "src/{package_name}/data/table_expectations.py",
        "src/{package_name}/data/table_augment.py",
        "src/{package_name}/data/table_files.py",
        "src/{package_name}/data/table_near.py",
        "src/{package_name}/data/table_personal.py",
        "src/{package_name}/data/table_plots.py",
        "src/{package_name}/data/table_requests.py",
        "src/{package_name}/model/ft_transformer.py",
        "src/{package_name}/model/mlp.py",
        "tests/model/test_ft_transformer.py",
        "tests/data/test_smote.py",
        "tests/data/test_table.py",
        "tests/data/test_table_near.py",
        "tests/data/test_table_expectations.py",
        "tests/data/test_table_personal.py",
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
        "src/{package_name}/data/smote.py",
        "src/{package_name}/problem/classification.py",
        "src/{package_name}/problem/torch_classification.py",
        "tests/data/test_balance.py",
        "tests/data/test_smote.py",
        "tests/problem/test_classification.py",
    ),
    "task=regression": (
        "configs/data/diabetes.yaml",
        "configs/task/regression.yaml",
        "expectations/diabetes.yaml",
        "src/{package_name}/problem/random_regressor.py",
        "src/{package_name}/problem/regression.py",
        "src/{package_name}/problem/torch_regression.py",
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
    caches = [path for name in CACHES for path in project.rglob(name)]
    # Not those of an environment, where someone generates over a project that is in use.
    paths += [path for path in caches if ".venv" not in path.parts]
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (project / f"LICENSE.{answers['license']}").replace(project / "LICENSE")


def main() -> int:
    """Read the answers that cookiecutter renders into this file, and prune the project."""
    # An answer in JSON in a JSON string: no quote or backslash of a user's can end the literal.
    prune(Path.cwd(), json.loads(json.loads(r""" {{ cookiecutter | jsonify | jsonify }} """)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
