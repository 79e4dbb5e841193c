"""What a project's README and recipes show as code works as it stands there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import OPTION_SETS, run
from PIL import Image

BLOCK = re.compile(
    r"^```(?:python|yaml)\n# (?P<adds>in )?(?P<path>[^\s,]+)"
    r"(?:, (?P<how>below|above|in place of) `(?P<mark>[^`\n]+)`)?\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def follow(page: str, project: Path) -> list[str]:
    """Does in a project what a page shows, new files and lines in old ones; names the files."""
    changed = []
    for block in BLOCK.finditer(page):
        path = project / block["path"]
        if not block["adds"]:
            path.write_text(block["code"])
        else:
            lines = path.read_text().splitlines(keepends=True)
            (at,) = (n for n, line in enumerate(lines) if line.strip().startswith(block["mark"]))
            start, end = {"below": (at + 1,) * 2, "above": (at,) * 2}.get(
                block["how"], (at, at + 1)
            )
            path.write_text("".join([*lines[:start], block["code"], *lines[end:]]))
        changed.append(block["path"])
    return changed


TABULAR = [name for name in OPTION_SETS if name.startswith("tabular")]


@pytest.fixture(params=OPTION_SETS)
def project(request, baked, tmp_path) -> Path:
    """A project to be changed."""
    return Path(shutil.copytree(baked(request.param), tmp_path / "project"))


@pytest.fixture
def package(project) -> str:
    (folder,) = (project / "src").iterdir()
    return folder.name


@pytest.fixture
def extended(project, package) -> list[str]:
    """The project with the README's examples in it: the overrides that choose them."""
    written = follow((project / "README.md").read_text(), project)
    modules = [name.removeprefix("src/").removesuffix(".py").replace("/", ".") for name in written]
    classes = [
        re.findall(r"^class (\w+)\(", (project / name).read_text(), re.M)[-1] for name in written
    ]
    (project / "configs/model/linear.yaml").write_text(
        f"_target_: {modules[0]}.{classes[0]}\nname: linear\ndropout: 0.2\n"
    )
    _, data, task = (f"{module}.{name}" for module, name in zip(modules, classes, strict=True))
    chosen = [f"data._target_={data}", f"task._target_={task}"]
    return ["model=linear", "augmentation=none", *write_items(project), *chosen]


def write_items(project: Path) -> list[str]:
    """Writes raw items of the kind that the project takes, thirty a label: their overrides."""
    draws = np.random.default_rng(0)
    if (project / "configs/data/folder.yaml").exists():
        (project / "pets").mkdir()
        for number in range(60):
            pixels = draws.integers(0, 256, (8, 8), np.uint8)
            name = f"{('cat', 'dog')[number % 2]}_{number:04}.png"
            Image.fromarray(pixels).resize((32, 32)).save(project / "pets" / name)
        return ["data=folder", "data.root=pets"]
    words = ("low", "high") if (project / "configs/balance/smote.yaml").exists() else (1.5, 9.5)
    rows = [f"{draws.normal():.4f},{draws.normal():.4f},{words[n % 2]}" for n in range(60)]
    (project / "rows.csv").write_text("\n".join(["a,b,target", *rows, "0,0,"]) + "\n")
    return ["data=csv", "data.path=rows.csv"]


CONTRACTS = """
import importlib, math, sys
import torch
from dlproof import build, to_plain

torch.manual_seed(1)  # of a few units all may be dead by chance
package, *overrides = sys.argv[1:]
cfg = importlib.import_module(f"{package}.project").PROJECT.compose(overrides)
data, task = build(cfg.data), build(cfg.task)
items = data.list_items()
assert len(items) == 60 and items["id"].is_unique and items["label"].nunique() == 2, items
state = {"data": data.fit(data.read(items), cfg.preprocess), "task": task.fit(items["label"])}
arrays = data.encode(data.read(items), state["data"])
assert {name: list(a.shape[1:]) for name, a in arrays.items()} == state["data"]["shapes"]

network = importlib.import_module(f"{package}.model.network").build_network(
    to_plain(cfg.model), to_plain(cfg.preprocess), state["data"], task.num_outputs(state["task"])
)
outputs = network(**{name: torch.from_numpy(array) for name, array in arrays.items()})
assert outputs.shape == (60, task.num_outputs(state["task"]))

loss = task.loss(state["task"])
targets = torch.from_numpy(task.encode(items["label"], state["task"]))
loss(outputs, targets).backward()
assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
first = loss(torch.zeros_like(outputs), targets).item()
assert math.isclose(first, task.expected_first_loss(state["task"]), rel_tol=0.3), first
"""


def test_the_readmes_examples_build_and_train_a_step(project, package, extended):
    done = run("-c", CONTRACTS, package, *extended, project=project, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_the_readmes_examples_go_through_the_stages(project, package, extended):
    # One layer learns no noise by heart, as sanity would have it.
    short = ["trainer.max_epochs=3", "callbacks.early_stopping=null", "sanity.skip=an example"]
    stages = ("ingest", "clean", "split", "preprocess", "sanity", "find_lr", "train", "export")
    for stage in stages:
        done = run("-m", package, stage, *extended, *short, project=project, check=False)
        assert done.returncode == 0, (stage, done.stderr[-3000:])


METRIC = """
import importlib, sys
import numpy as np, torch
from dlproof import build

cfg = importlib.import_module(f"{sys.argv[1]}.project").PROJECT.compose()
task, draws = build(cfg.task), np.random.default_rng(0)
if cfg.task.name == "classification":
    state = {"classes": ["a", "b", "c"]}
    targets, predictions = draws.integers(0, 3, 200), draws.dirichlet(np.ones(3), 200)
else:
    state, targets = {}, draws.normal(size=200)
    predictions = targets + draws.normal(size=200)
name = next(iter(task.METRICS))
mine = task.metrics(targets, predictions)[name]
torchs = task.torch_metrics(state)
torchs.update(torch.from_numpy(predictions), torch.from_numpy(targets))
assert abs(mine - torchs.compute()[name].item()) < 1e-6, (name, mine)
print(name)
"""


@pytest.mark.parametrize(
    "project",
    ["image-classification", *(pytest.param(o, marks=pytest.mark.slow) for o in TABULAR)],
    indirect=True,
)
def test_the_recipes_add_a_metric_a_stage_and_a_check(project, package):
    changed = follow((project / "docs" / "recipes.md").read_text(), project)
    metric = run("-c", METRIC, package, project=project, check=False)
    assert metric.returncode == 0, metric.stderr[-3000:]
    assert metric.stdout.split() in (["balanced_accuracy"], ["explained_variance"])

    for command in ("dvc", "ingest", "clean", "rare"):
        done = run("-m", package, command, project=project, check=False)
        assert done.returncode == 0, (command, done.stderr[-3000:])
    stages = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    assert stages["rare"]["deps"] == ["data/clean.csv"]
    assert "rare" in stages["rare"]["params"]
    helped = run("-m", package, "--help", project=project, check=True).stdout
    assert "name the labels with few items" in helped

    explained = run("-m", package, "checklist", "OWN-01", project=project, check=True).stdout
    assert re.search(r"status +(verified|failing)", explained), explained
    assert "configs/stages.yaml:" in explained
    sources = [name for name in changed if name.endswith(".py")]
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", *sources]
        done = subprocess.run(ruff, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_readme_fits_on_two_screens(project):
    assert len((project / "README.md").read_text().splitlines()) <= 120
