"""Steps a second of `train` against a hand-written loop and a plain LightningModule.

Run `python benchmarks/training_overhead.py` (`--gpu` on a machine that has one). All sides train
the same network on the same images with the same batches, loss, clipping, schedule, validation and
best checkpoint, in one process, in rounds that alternate. Ours has its default callbacks, loggers
and metrics. The others read a plain `DataLoader` with transforms an item, as other templates do,
and the last one our loader, to tell the loop's part from the loader's. What is timed are whole
epochs behind the first, without start-up; a busy machine changes the core's time less than the
clock's.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stdout
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from PIL import Image
from projects import import_project, write_processed
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchmetrics import MaxMetric, MeanMetric
from torchmetrics.classification import Accuracy
from torchvision import transforms

CLASSES, EPOCHS = 10, 3  # of which the first is not counted
MEAN, STD = [0.5] * 3, [0.25] * 3
AUGMENTED = ("augmentation=light", "augmentation.crop=0.125", "augmentation.flip=true")
AUGMENTED += ("augmentation.brightness=0", "augmentation.contrast=0")
NETS = {
    "tiny CNN": (f"model._target_={__name__}.TinyCNN", "loader.batch_size=32"),
    "resnet_tiny": ("model=resnet_tiny", "loader.batch_size=64"),
}
ON_GPU = ("model=resnet18_small", "loader.batch_size=512", "trainer=gpu", "trainer.compile=true")
HEAD = """clock / core; ratios are their time over ours: at least 1 where ours is as quick
| network | ours, ms a step | by hand | plain Lightning | by hand, our loader | waiting |
| --- | --- | --- | --- | --- | --- |"""
MARKS: list[tuple[float, float]] = []


class TinyCNN(nn.Sequential):
    """Two convolutions and a head: so little work that what surrounds a step shows."""

    def __init__(self, num_outputs: int, **_: Any) -> None:
        first, second = nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2)
        head = nn.Linear(16 * 7 * 7, num_outputs)
        super().__init__(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), head)


class Clock(pl.Callback):
    """Notes the clock's and the cores' time at the start of each epoch and at the end."""

    def on_train_epoch_start(self, *_: Any) -> None:
        """An epoch begins."""
        mark()

    def on_train_end(self, *_: Any) -> None:
        """The last one has ended."""
        mark()


def mark() -> None:
    """Notes the times; a GPU first does what it has been told to."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    MARKS.append((time.perf_counter(), time.process_time()))


class PerItem(Dataset):
    """Images in memory, transformed one by one, as torchvision's own data sets are."""

    def __init__(self, images: np.ndarray, targets: np.ndarray, augmented: bool) -> None:
        self.images, self.targets = images.transpose(0, 2, 3, 1).copy(), targets
        changes = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        last = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        self.transform = transforms.Compose([*(changes if augmented else []), *last])

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One transformed image and its class."""
        return self.transform(Image.fromarray(self.images[index])), int(self.targets[index])


class Plain(pl.LightningModule):
    """A LightningModule as lightning-hydra-template writes it: metrics and logs in each step."""

    def __init__(self, parts: SimpleNamespace) -> None:
        super().__init__()
        self.parts, self.net, self.loss = [parts], parts.network(), parts.loss
        self.train_acc, self.val_acc, self.best = (
            Accuracy(task="multiclass", num_classes=CLASSES),
            Accuracy(task="multiclass", num_classes=CLASSES),
            MaxMetric(),
        )
        self.train_loss, self.val_loss = MeanMetric(), MeanMetric()

    def step(self, batch: tuple[Tensor, Tensor], part: str) -> Tensor:
        """Loss of a batch, with its metrics logged."""
        x, y = batch
        outputs = self.net(x)
        loss = self.loss(outputs, y)
        mean, acc = getattr(self, f"{part}_loss"), getattr(self, f"{part}_acc")
        mean(loss)
        acc(outputs.argmax(dim=1), y)
        self.log(f"{part}/loss", mean, on_step=False, on_epoch=True, prog_bar=True)
        self.log(f"{part}/acc", acc, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """One step."""
        return self.step(batch, "train")

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """One step."""
        self.step(batch, "val")

    def on_validation_epoch_end(self) -> None:
        """The best so far."""
        self.best(self.val_acc.compute())
        self.log("val/acc_best", self.best.compute(), sync_dist=True, prog_bar=True)

    def configure_optimizers(self) -> dict[str, Any]:
        """The same as of the other sides."""
        optimizer, scheduler = self.parts[0].optimizer(self.net)
        step = {"scheduler": scheduler, "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": step}


def run_plain_lightning(parts: SimpleNamespace) -> None:
    """Trains it with the callbacks and a logger such as its authors turn on."""
    with tempfile.TemporaryDirectory() as folder:
        best = ModelCheckpoint(folder, monitor="val/acc", mode="max", save_last=True)
        stop = EarlyStopping("val/acc", mode="max", patience=100)
        trainer = pl.Trainer(
            max_epochs=EPOCHS,
            accelerator=parts.device,
            precision=parts.precision,
            gradient_clip_val=1.0,
            callbacks=[best, stop, Clock()],
            logger=CSVLogger(folder),
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(Plain(parts), *parts.loaders())


def run_by_hand(parts: SimpleNamespace, whole: bool = False) -> None:
    """The loop that a careful person writes; `whole` takes our loader and augmentation."""
    network = parts.network(whole).to(parts.device)
    if parts.compile:
        network.compile()
    loss_function = parts.loss.to(parts.device)
    optimizer, scheduler = parts.optimizer(network)
    train, val = (parts.our_batches if whole else parts.batches)()
    precise = partial(
        torch.autocast, parts.device, torch.bfloat16, enabled=parts.precision == "bf16-mixed"
    )
    best = -1.0
    for _ in range(EPOCHS):
        mark()
        network.train()
        total = torch.zeros((), device=parts.device)
        for x, y in train():
            optimizer.zero_grad()
            with precise():
                loss = loss_function(network(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            total += loss.detach() * len(y)
        network.eval()
        right = torch.zeros((), device=parts.device)
        with torch.no_grad(), precise():
            for x, y in val():
                right += (network(x).argmax(dim=1) == y).sum()
        if right.item() > best and total.isfinite():
            best = right.item()
            state = {"model": network.state_dict(), "optimizer": optimizer.state_dict()}
            with tempfile.TemporaryFile() as file:
                torch.save(state, file)
    mark()


def make_parts(project: Path, overrides: tuple[str, ...], items: int) -> SimpleNamespace:
    """What all sides share, made by the generated project from its own config."""
    import pandas as pd
    from dlproof import build, to_plain
    from dlproof.training import build_trainer, count_steps
    from generated.data.datamodule import SplitData
    from generated.model.network import build_network
    from generated.project import PROJECT
    from generated.training.module import build_module, group_parameters

    clock = f"+callbacks.clock._target_={Clock.__module__}.Clock"
    cfg = PROJECT.compose([*overrides, f"trainer.max_epochs={EPOCHS}", clock])
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (items + items // 10, 3, 32, 32), dtype=np.uint8)
    targets = generator.integers(0, CLASSES, len(images))
    split = np.where(np.arange(len(images)) < items, "train", "validation")
    names = [str(number) for number in range(len(images))]
    data = {"shapes": {"image": [3, 32, 32]}, "size": 32, "channels": 3, "mean": MEAN, "std": STD}
    classes = [str(number) for number in range(CLASSES)]
    task = {"classes": classes, "counts": np.bincount(targets).tolist()}
    state = {"data": data, "task": task, "version": "synthetic"}
    table = pd.DataFrame({"id": names, "label": targets.astype(str), "split": split})
    write_processed(Path(cfg.paths.data_dir), table, {"image": images}, targets, state)
    own = SplitData(cfg)
    module = build_module(cfg, own, 1)
    augmented = "_target_" in cfg.augmentation
    device = "cuda" if cfg.trainer.accelerator == "gpu" else "cpu"
    steps = count_steps(cfg.trainer, own.count_batches(1))

    def network(whole: bool = False) -> nn.Module:
        torch.manual_seed(0)
        built = build_network(to_plain(cfg.model), to_plain(cfg.preprocess), data, CLASSES)
        built = built.to(memory_format=torch.channels_last)
        return Whole(built) if whole else built.backbone

    def optimizer(net: nn.Module) -> tuple[Any, Any]:
        groups = list(group_parameters(net, cfg.optimizer.weight_decay))
        made, share = build(cfg.optimizer)(groups), build(cfg.schedule)
        return made, torch.optim.lr_scheduler.LambdaLR(made, lambda step: share(step, steps))

    def loaders() -> tuple[DataLoader, DataLoader]:
        workers = (os.cpu_count() or 1) - 1 if device == "cuda" else 0
        rest: dict[str, Any] = {"batch_size": cfg.loader.batch_size, "num_workers": workers}
        rest |= {"pin_memory": device == "cuda", "persistent_workers": workers > 0}
        sets = (
            PerItem(images[:items], targets[:items], augmented),
            PerItem(images[items:], targets[items:], False),
        )
        return DataLoader(sets[0], shuffle=True, drop_last=True, **rest), DataLoader(
            sets[1], **rest
        )

    def batches() -> tuple[Callable[[], Iterator], ...]:
        return tuple(partial(send, loader, device) for loader in loaders())

    def our_batches() -> tuple[Callable[[], Iterator], ...]:
        pair = own.train_dataloader(), own.val_dataloader()
        changes = (module.augment, None)
        return tuple(map(partial(partial, send_ours, device), changes, pair))

    def run_ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            trainer, trained = build_trainer(cfg, Path(folder, "run")), build_module(cfg, own, 1)
            if cfg.trainer.compile:
                trained.network.compile()
            trainer.fit(trained, datamodule=own)
        parts.logged = {name: float(v) for name, v in trainer.callback_metrics.items()}

    parts = SimpleNamespace(**{k: v for k, v in locals().items() if callable(v)})
    parts.loss, parts.device, parts.compile = module.train_loss, device, cfg.trainer.compile
    parts.precision = "bf16-mixed" if device == "cuda" else "32-true"
    parts.steps, parts.module, parts.batch_size = steps // EPOCHS, module, cfg.loader.batch_size
    return parts


class Whole(nn.Module):
    """The network with its normaliser, taking one tensor."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """Raw images -> outputs."""
        return self.network(image=image)


def send(loader: DataLoader, device: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches on the device."""
    for x, y in loader:
        yield x.to(device, non_blocking=True), y.to(device, non_blocking=True)


def send_ours(device: str, change: Any, loader: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of our loader, augmented as ours are."""
    for batch in loader:
        inputs = {name: x.to(device, non_blocking=True) for name, x in batch["inputs"].items()}
        targets = batch["targets"].to(device, non_blocking=True)
        if change is not None:
            inputs, targets = change(inputs, targets)
        yield inputs["image"], targets


def measure(contender: Callable[[], None]) -> np.ndarray:
    """Seconds of the epochs behind the first: (epochs, 2), clock and cores."""
    MARKS.clear()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        contender()
    return np.diff(np.array(MARKS), axis=0)[1:]


def compare(name: str, parts: SimpleNamespace, rounds: int) -> None:
    """Prints a table row: milliseconds a step of ours, and ours over each other side's rate."""
    sides = {
        "ours": parts.run_ours,
        "by hand": partial(run_by_hand, parts),
        "plain Lightning": partial(run_plain_lightning, parts),
        "by hand, our loader": partial(run_by_hand, parts, whole=True),
    }
    times: dict[str, list[np.ndarray]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, contender in sides.items():
            times[side].append(measure(contender))
    # A round's sides stand beside each other in time: their ratio is taken within the round.
    means = {side: np.array([t.mean(axis=0) for t in values]) for side, values in times.items()}
    ms = 1000 * np.median(means["ours"], axis=0) / parts.steps
    cells = [f"{ms[0]:.2f} / {ms[1]:.2f}"]
    for side in list(sides)[1:]:
        ratios = means[side] / means["ours"]
        clock, core = np.median(ratios, axis=0)
        low, high = ratios[:, 1].min(), ratios[:, 1].max()
        cells.append(f"{clock:.2f} / {core:.2f} ({low:.2f} to {high:.2f})")
    wait = f"{parts.logged['train/data_wait']:.1%}"
    print(f"| {name} | {' | '.join(cells)} | {wait} |", flush=True)


def compare_memory(parts: SimpleNamespace) -> None:
    """Prints what training held of the GPU at most, and what `sanity` would have estimated."""
    from dlproof.model.sizing import estimate_memory

    inputs = {"image": torch.zeros(2, 3, 32, 32, dtype=torch.uint8)}
    estimate = estimate_memory(parts.module.network.cpu(), inputs, parts.batch_size)["estimate"]
    peak = parts.logged["train/peak_gpu_mb"]
    print(f"peak memory {peak:,.0f} MB, estimated at float32 {estimate:,.0f} MB")


def main() -> None:
    """Compares each net, augmented and not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=3200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nets", nargs="+", choices=list(NETS), default=list(NETS))
    parser.add_argument("--gpu", action="store_true")
    options = parser.parse_args()
    if options.gpu and not torch.cuda.is_available():
        print("GPU: not measured: no GPU")
        return
    os.environ["WANDB_MODE"] = "offline"
    nets = {name: NETS[name] for name in options.nets}
    nets = {"ResNet-18, compiled, bf16": ON_GPU} if options.gpu else nets
    with tempfile.TemporaryDirectory() as folder:
        project = import_project(Path(folder))
        with chdir(project):
            print(HEAD)
            for name, net in nets.items():
                place = net if options.gpu else (*net, "trainer=cpu")
                for told, changes in (("crop, flip", AUGMENTED), ("", ("augmentation=none",))):
                    overrides = (*place, *changes)
                    parts = make_parts(project, overrides, options.items)
                    compare(f"{name}{', ' * bool(told)}{told}", parts, options.rounds)
                    if options.gpu:
                        compare_memory(parts)


if __name__ == "__main__":
    from training_overhead import main as run  # one copy of MARKS, which the callback fills

    run()
