"""Short runs of training on the tumours: a second each, whatever is patched."""

from collections.abc import Callable
from typing import Any

from faults.harness import Workspace
from faults.sanity import look_again

EPOCHS = 6
ODD = 3  # the epoch in which something goes wrong
BUSY = ("DL-12.3",)  # steps this short wait for their batches where a machine is busy


def current_run(work: Workspace) -> str:
    """The run that made the model."""
    return work.load("train").figures["run"]


def train_briefly(work: Workspace) -> None:
    """A state of the project in which its model has been trained for a few epochs."""
    work.set_config("trainer/auto.yaml", max_epochs=EPOCHS)
    work.edit("configs/config.yaml", "logger: [csv, wandb]", "logger: [csv]")
    train_anew(work)
    work.run("evaluate")


def train_anew(work: Workspace) -> None:
    """Trains with another config, which `sanity` has to see first."""
    look_again(work)
    work.run("train")


def change_loss(work: Workspace, change: Callable[[Any, Any], Any]) -> None:
    """Lets each training step give another loss: `change(module, loss)`."""
    module = work.module("training.module").LitModel
    take_step = module.training_step

    def step(self: Any, batch: dict[str, Any], index: int) -> Any:
        return change(self, take_step(self, batch, index))

    work.monkeypatch.setattr(module, "training_step", step)


def forget_where(work: Workspace, is_forgotten: Callable[[str, int], bool]) -> None:
    """Lets a run log less: `is_forgotten(name, epoch)`."""
    module = work.module("training.module").LitModel
    log = module.log

    def log_others(self: Any, name: str, *arguments: Any, **options: Any) -> None:
        if not is_forgotten(name, self.current_epoch):
            log(self, name, *arguments, **options)

    work.monkeypatch.setattr(module, "log", log_others)
