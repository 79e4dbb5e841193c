"""Faults of phase 2 in preprocessing and in what reaches the network."""

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from faults.harness import Fault, Workspace
from faults.problem import SCORES
from faults.sanity import look_again


def rewrite(work: Workspace, path: str, change: Callable[[list[dict[str, str]]], Any]) -> None:
    """Changes the rows of a CSV."""
    rows = list(csv.DictReader((work.root / path).read_text(encoding="utf-8").splitlines()))
    names = list(rows[0])
    change(rows)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    work.write(path, stream.getvalue())


def renew(work: Workspace, stage: str) -> None:
    """Lets a report hold again after what it was made from has changed."""
    config = work.find("config", "to_plain")(work.project.compose())
    found = work.module("report").load_report(stage, "reports")
    project = work.project
    code = work.module("closure").Code(project)
    found.made_from = work.module("inputs").describe_inputs(code, project.stages[stage], config)
    work.leave(found)


def normalise_nothing(work: Workspace) -> None:
    module = work.module("model.image_normaliser")

    class Off(module.ImageNormaliser):
        def forward(self, image: Any) -> tuple[Any]:
            return (image.float(),)

    work.patch("model.image_normaliser", "ImageNormaliser", Off)
    look_again(work)


def fit_on_everything(work: Workspace) -> None:
    work.patch("data.preprocess", "choose_fitted", lambda items: items)
    work.run("preprocess")


def lose_a_row(work: Workspace) -> None:
    array = np.load(work.root / "data/processed/image.npy")
    stream = io.BytesIO()
    np.save(stream, array[:, :, :31])
    work.write("data/processed/image.npy", stream.getvalue())


def shuffle_validation(work: Workspace) -> None:
    data = work.module("data.datamodule").SplitData

    def val_dataloader(self: Any) -> Any:
        return self.make_loader(self.store.rows("validation"), shuffle=True)

    work.monkeypatch.setattr(data, "val_dataloader", val_dataloader)
    look_again(work)


def read_small_batches(work: Workspace) -> None:
    work.set_config("loader/default.yaml", batch_size=4)


def train_on_a_gpu(work: Workspace) -> None:
    work.edit_report("train", lambda figures: figures.update(device="cuda"))
    pin_memory(work, True)


def pin_memory(work: Workspace, pinned: bool) -> None:
    work.edit_report("sanity", lambda figures: figures["batches"].update(pin_memory=pinned))
    renew(work, "train")  # it reads sanity's report


FAULTS = [
    Fault("DL-10.1", "normalisation removed", normalise_nothing, also=("DL-23.4",)),
    Fault("DL-10.2", "statistics of everything", fit_on_everything),
    Fault("DL-10.3", "items of another shape", lose_a_row, also=("DL-14.1", *SCORES), edits=True),
    Fault("DL-12.1", "batches of 4, not accumulated", read_small_batches),
    Fault("DL-12.2", "validation shuffled", shuffle_validation),
    Fault(
        "DL-12.4",
        "pin_memory false on a GPU",
        lambda work: pin_memory(work, False),
        given=train_on_a_gpu,
        edits=True,
    ),
]
