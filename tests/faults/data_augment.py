"""Faults of phase 2 in augmentation."""

from types import SimpleNamespace
from typing import Any

from torchvision.transforms import v2

from faults.data_loading import renew
from faults.harness import Fault, Workspace
from faults.sanity import look_again

MEDIUM = "augmentation/medium.yaml"


def augment_nothing(work: Workspace) -> None:
    work.edit("configs/config.yaml", "- augmentation: medium", "- augmentation: none")
    look_again(work)


def mix_without_effect(work: Workspace) -> None:
    """Of each pair, one item is left whole."""
    work.monkeypatch.setattr(v2.MixUp, "make_params", lambda *_: {"lam": 1.0})
    look_again(work)


def mix_targets_not_at_all(work: Workspace) -> None:
    """The loss gets the classes as they were."""
    module = work.module("training.module").LitModel
    train = module.training_step

    def step(self: Any, batch: dict[str, Any], index: int) -> Any:
        augment = self.augment
        self.augment = lambda inputs, targets: (augment(inputs, targets)[0], targets)
        return train(self, batch, index)

    work.monkeypatch.setattr(module, "training_step", step)
    look_again(work)


def mix_nothing(work: Workspace) -> None:
    work.set_config(MEDIUM, mixup=0.0)
    look_again(work)


def augment_validation(work: Workspace) -> None:
    module = work.module("training.module").LitModel
    validate = module.validation_step

    def step(self: Any, batch: dict[str, Any], index: int) -> None:
        inputs, _ = self.augment(batch["inputs"], batch["targets"])
        validate(self, batch | {"inputs": inputs}, index)

    work.monkeypatch.setattr(module, "validation_step", step)
    look_again(work)


def mirror_digits(work: Workspace) -> None:
    """A digit upside down is another or none. To train on it would take a minute."""
    work.set_config(MEDIUM, flip_vertical=True)
    look_again(work)
    cfg = work.project.compose()
    store = work.module("data.store").load_store(cfg.paths.data_dir)
    augment = work.find("config", "build")(cfg.augmentation, state=store.state)
    module = SimpleNamespace(augment=augment)
    strategy = SimpleNamespace(root_device="cpu")
    trainer = SimpleNamespace(lightning_module=module, strategy=strategy)
    found = work.module("training.evidence").describe_augmented(work.project, cfg, store, trainer)
    work.edit_report("train", lambda figures: figures.update(augmented=found))
    renew(work, "find_lr")  # `train` reads it
    renew(work, "train")


FAULTS = [
    Fault("DL-11.1", "no augmentation", augment_nothing),
    Fault("DL-11.2", "mixup alpha has no effect", mix_without_effect),
    Fault("DL-11.2", "mixed images, whole targets", mix_targets_not_at_all),
    Fault("DL-11.2", "nothing advanced at medium", mix_nothing),
    Fault("DL-11.3", "augmentation of validation", augment_validation),
    Fault("DL-11.4", "vertical flip of digits", mirror_digits, edits=True),
]
