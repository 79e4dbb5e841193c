"""The recipes of `configs/experiment` lead from raw data to training, as they stand."""

import hashlib
import io
import json
import pickle
import struct
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof.cheatsheet import find_outside_range
from dlproof.config import compose, warn_outside_cheatsheet
from dlproof.data.cifar import FOLDER
from dlproof.errors import UserError
from dlproof.report import Report
from dlproof.training.trainer import choose_precision
from own.data.image import ImageFolder
from own.project import PROJECT
from PIL import Image

from ..projects import GENERATED, IMAGE, answers, configs, unchosen

EXPERIMENTS = sorted(path.stem for path in (GENERATED / "configs" / "experiment").glob("*.yaml"))
LEFT_OUT = unchosen(answers("own", IMAGE))
EXPERIMENTS = [n for n in EXPERIMENTS if f"configs/experiment/{n}.yaml" not in LEFT_OUT]
CIFAR = [name for name in EXPERIMENTS if name.startswith("cifar10")]
IMAGENET = [name for name in EXPERIMENTS if name.startswith("imagenet")]
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
DATA_PHASE = ("ingest", "clean", "split", "preprocess")
# Two steps and a validation batch, with room for them.
TWO_STEPS = (
    "trainer.accelerator=cpu",
    "trainer.max_epochs=1",
    "trainer.limit_train_batches=2",
    "trainer.limit_val_batches=1",
    "logger=[csv]",
)


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings, and NumPy under its old name."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, text):
        short = len(text) < 256
        head = pickle.SHORT_BINSTRING + bytes([len(text)]) if short else pickle.BINSTRING
        self.write(head + (b"" if short else struct.pack("<i", len(text))) + text)
        self.memoize(text)

    dispatch[bytes] = save_bytes


def dump(content):
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(content)
    return stream.getvalue().replace(b"numpy._core.", b"numpy.core.")


def add(tar, name, text):
    member = tarfile.TarInfo(f"{FOLDER}/{name}")
    member.size = len(text)
    tar.addfile(member, io.BytesIO(text))


def make_archive(path, per_class=2, **parts):
    """As the official one, with `per_class` images of every class in each batch.

    Returns:
        Its MD5, and batch -> images (N, 32, 32, 3).
    """
    generator = np.random.default_rng(0)
    images = {}
    with tarfile.open(path, "w:gz") as tar:
        meta = {b"num_cases_per_batch": 10000, b"label_names": [n.encode() for n in NAMES]}
        add(tar, "batches.meta", parts.get("meta", dump(meta | {b"num_vis": 3072})))
        for batch in [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]:
            labels = generator.permutation(np.repeat(range(10), per_class)).tolist()
            rows = generator.integers(256, size=(len(labels), 3072)).astype(np.uint8)
            files = [b"%d.png" % number for number in range(len(labels))]
            content = {b"batch_label": batch.encode(), b"labels": labels, b"data": rows}
            add(tar, batch, dump(content | {b"filenames": files}))
            images[batch] = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return hashlib.md5(path.read_bytes()).hexdigest(), images


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """The working directory: this project's configs, no data."""
    for name in ("configs", "expectations", "project.yaml"):
        (tmp_path / name).symlink_to(configs("own", IMAGE) / name)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_stages(commands, *overrides):
    for command in commands:
        report = PROJECT.run(command, overrides)
    return report


def train_two_steps(*overrides):
    for stage in ("sanity", "find_lr"):
        Report(stage).write("reports")  # they have tests of their own, and take minutes here
    figures = PROJECT.run("train", [*overrides, *TWO_STEPS]).figures
    assert figures["steps"] == 2
    assert np.isfinite(figures["metrics"]["train/loss"])
    return figures


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_every_value_is_usual_or_has_its_reason(name, empty, capsys):
    cfg = compose([f"experiment={name}", "strict=true"])
    findings = find_outside_range(cfg, Path("configs/cheatsheet.yaml"))
    unusual = {finding.split()[0] for finding in findings}
    assert unusual <= set(cfg.reasons)
    warn_outside_cheatsheet(cfg)
    told = capsys.readouterr().out
    assert "warning" not in told
    assert all(cfg.reasons[choice] in told for choice in unusual)


def test_the_recipe_for_cifar10_is_the_known_one(empty):
    cfg = compose(["experiment=cifar10_resnet18"])
    assert (cfg.model.name, cfg.model.architecture) == ("resnet18_small", "resnet18")
    sgd = cfg.optimizer
    assert (sgd.name, sgd.lr, sgd.momentum, sgd.weight_decay) == ("sgd", 0.1, 0.9, 5e-4)
    assert sgd.nesterov
    assert (cfg.schedule.name, cfg.schedule.warmup) == ("cosine", 0.0)
    assert (cfg.trainer.max_epochs, cfg.loader.batch_size) == (200, 128)
    assert (cfg.augmentation.crop * cfg.preprocess.size, cfg.augmentation.flip) == (4, True)
    assert cfg.callbacks.early_stopping is None
    fast = compose(["experiment=cifar10_resnet18_fast"])
    assert (fast.schedule.name, fast.trainer.max_epochs, fast.optimizer.lr) == ("onecycle", 20, 0.1)


@pytest.mark.parametrize("name", IMAGENET)
def test_the_recipes_for_imagenet_are_the_known_one(name, empty, monkeypatch):
    cfg = compose([f"experiment={name}"])
    assert name.endswith(cfg.model.architecture)
    sgd = cfg.optimizer
    assert (sgd.name, sgd.lr, sgd.momentum, sgd.weight_decay) == ("sgd", 0.1, 0.9, 1e-4)
    assert (cfg.schedule.name, cfg.trainer.max_epochs, cfg.loader.batch_size) == ("cosine", 90, 256)
    assert round(cfg.schedule.warmup * cfg.trainer.max_epochs, 2) == 5
    options = cfg.augmentation
    assert (options.resized_crop, options.flip, cfg.preprocess.size) == (0.08, True, 224)
    assert min(options.rand_augment, options.mixup, options.cutmix) > 0
    assert cfg.task.label_smoothing == 0.1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    assert choose_precision(cfg.trainer.accelerator, cfg.trainer.precision) == "bf16-mixed"


def test_cifar10_comes_from_its_archive_and_the_official_test_items_are_test(empty):
    md5, images = make_archive(empty / "data" / "cifar-10-python.tar.gz")
    report = run_stages(DATA_PHASE, f"experiment={CIFAR[0]}", f"data.md5={md5}")
    assert report.figures["shapes"] == {"image": [3, 32, 32]}
    table = pd.read_csv("data/processed/items.csv")
    is_official = table["id"].str.contains("/test_batch_")
    assert (is_official == (table["split"] == "test")).all()
    assert table.groupby("split").size().to_dict() == {"test": 20, "train": 90, "validation": 10}
    assert set(table["label"]) == set(NAMES)
    stored = np.load("data/processed/image.npy").transpose(0, 2, 3, 1)
    for row, item in enumerate(table["id"]):
        batch, number = Path(item).stem.rsplit("_", 1)
        assert np.array_equal(stored[row], images[batch][int(number)])


@pytest.mark.slow
@pytest.mark.parametrize("name", CIFAR)
def test_cifar10_trains_two_steps_from_its_archive(name, empty):
    md5, _ = make_archive(empty / "data" / "cifar-10-python.tar.gz")
    chosen = (f"experiment={name}", f"data.md5={md5}", "loader.batch_size=16")
    run_stages(DATA_PHASE, *chosen)
    figures = train_two_steps(*chosen)
    assert figures["parameters"] == 11_173_962  # as the literature has it for ten classes


def unpack(archive, md5, root):
    """What `data=cifar10` does before anything reads an item."""
    ImageFolder(root, embedded="cifar10", archive=archive, md5=md5).provide()


def test_what_lies_in_the_root_is_not_unpacked_over(empty):
    Path("root/cat").mkdir(parents=True)
    Path("root/cat/mine.png").write_text("mine")
    unpack("no archive", "no md5", "root")
    assert [path.name for path in Path("root").rglob("*.*")] == ["mine.png"]


@pytest.mark.parametrize("fault", ["missing", "damaged", "code", "another"])
def test_an_archive_that_is_not_cifar10s_is_a_sentence_and_leaves_nothing(fault, empty):
    path = empty / "archive.tar.gz"
    harmful = b"cbuiltins\nopen\n(S'made'\nS'w'\ntR."
    parts = {"code": harmful, "another": dump({b"names": []})}
    md5, _ = make_archive(path, **({"meta": parts[fault]} if fault in parts else {}))
    if fault == "missing":
        path.unlink()
    if fault == "damaged":
        path.write_bytes(path.read_bytes()[:-100])
    words = {"missing": "does not exist", "damaged": "damaged", "code": "builtins.open"}
    with pytest.raises(UserError, match=words.get(fault, "label_names")) as refusal:
        unpack(str(path), md5, "data/root")
    assert "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz" in str(refusal.value)
    assert not Path("made").exists()
    assert list(Path("data").iterdir()) == []


def make_imagenet(root, classes=4, each=6):
    """The layout of the README: links to the official folders in one folder a class."""
    generator = np.random.default_rng(0)
    for name in [f"n{number:08d}" for number in range(classes)]:
        (root / "train" / name).mkdir(parents=True)
        for part in ("train", "val"):
            folder = root / "official" / part / name
            folder.mkdir(parents=True)
            for number in range(each):
                pixels = generator.integers(256, size=(200, 250, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{name}_{number}.JPEG")
            (root / "train" / name / part).symlink_to(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", IMAGENET)
def test_imagenet_trains_two_steps_on_items_of_its_shape(name, empty):
    make_imagenet(empty / "data" / "imagenet")
    chosen = (f"experiment={name}", "loader.batch_size=4")
    run_stages(("ingest",), *chosen)
    items = pd.read_csv("data/items.csv")
    held_out = np.where(items.index % 6 == 0, "validation", "train")
    items["split"] = np.where(items["id"].str.contains("/val/"), "test", held_out)
    items[["id", "split"]].to_csv("data/imagenet/splits.csv", index=False)
    report = run_stages(("clean", "split", "preprocess"), *chosen)
    assert report.figures["shapes"] == {"image": [3, 224, 224]}
    assert report.figures["items"]["test"] == 24
    train_two_steps(*chosen)
    record = json.loads(next(Path("runs").glob("*/record.json")).read_text())
    assert record["goal"]
