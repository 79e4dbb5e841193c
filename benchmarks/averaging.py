"""What averaging the weights costs in each step: ours beside Lightning's `EMAWeightAveraging`.

Run `python benchmarks/averaging.py`. Both take in the same weights of the same network, in turns,
with one thread; the figure is a ratio of the medians, so that a busy machine slows both.
"""

import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import EMAWeightAveraging
from projects import import_project

ROUNDS, WARM_UP = 200, 20


class Module(LightningModule):
    """A network that is averaged; nothing of it is trained here."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.save_hyperparameters({"total_steps": ROUNDS})


def build(name: str) -> torch.nn.Module:
    """A small network of the project's, or a ResNet-18 of timm's."""
    if name == "resnet18":
        import timm

        return timm.create_model("resnet18", num_classes=10)
    from generated.model.resnet import ResNetTiny

    state = {"shapes": {"image": [1, 32, 32]}}
    return ResNetTiny(state=state, num_outputs=10, widths=[32, 64, 128], dropout=0.1)


def time_updates(name: str) -> dict[str, float]:
    """Median milliseconds of an update, by whose class it is."""
    from dlproof.training.averaging import WeightAverage

    module = Module(build(name))
    callbacks = {"ours": WeightAverage(decay=0.998), "Lightning": EMAWeightAveraging(decay=0.998)}
    trainer = SimpleNamespace(global_step=0, strategy=SimpleNamespace(root_device=module.device))
    for callback in callbacks.values():
        callback.setup(trainer, module, "fit")
    seconds = {whose: [] for whose in callbacks}
    for step in range(1, ROUNDS + WARM_UP):
        trainer.global_step = step
        for whose, callback in callbacks.items():
            started = time.perf_counter()
            callback.on_train_batch_end(trainer, module, None, None, step)
            seconds[whose].append(time.perf_counter() - started)
    return {whose: 1e3 * statistics.median(found[WARM_UP:]) for whose, found in seconds.items()}


def main() -> None:
    """Prints a row a network."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        import_project(Path(folder))
        print("| network | ours, ms | Lightning's, ms | ratio |\n| --- | ---: | ---: | ---: |")
        for name in ("resnet_tiny", "resnet18"):
            found = time_updates(name)
            ratio = found["ours"] / found["Lightning"]
            print(f"| {name} | {found['ours']:.2f} | {found['Lightning']:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
