"""Faults of phase 2: raw files, cleaning, splits, versions; the rest is in `data_loading`."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from faults.data_loading import report
from faults.harness import Fault, Workspace
from faults.problem import answer

RAW = "data/raw"


def pictures(work: Workspace, label: str) -> list[Path]:
    return sorted((work.root / RAW / label).glob("*.png"))


def plant_a_copy(work: Workspace, original: str) -> str:
    copy = f"{Path(original).parent}/copy.png"
    work.write(f"{RAW}/{copy}", (work.root / RAW / original).read_bytes())
    return copy


def keep_three_of_a_class(work: Workspace) -> None:
    for path in pictures(work, "8")[3:]:
        path.unlink()
    work.run("ingest", "explore")


def draw_nine_classes(work: Workspace) -> None:
    work.patch("data.image_plots", "MAX_CLASSES", 9)
    work.run("explore")


def train_on_a_test_item(work: Workspace) -> None:
    splits = csv.DictReader((work.root / "data/splits.csv").read_text().splitlines())
    tested = next(row["id"] for row in splits if row["split"] == "test")
    copy = plant_a_copy(work, tested)
    assign = work.module("data.split").assign

    def leak(ids: Any, *arguments: Any) -> Any:
        split = assign(ids, *arguments)
        split[ids == copy], split[ids == tested] = "train", "test"
        return split

    work.patch("data.clean", "find_duplicates", lambda items: {})
    work.patch("data.split", "assign", leak)
    work.run("ingest", "clean", "split")


def split_in_halves(work: Workspace) -> None:
    work.set_config("split/stratified.yaml", train=0.5, validation=0.25, test=0.25)
    work.run("split")


def split_at_random(work: Workspace) -> None:
    work.set_config("split/stratified.yaml", name="random")
    work.run("split")


def validate_without_a_class(work: Workspace) -> None:
    assign = work.module("data.split").assign

    def leave_out(ids: Any, *arguments: Any) -> Any:
        split = assign(ids, *arguments)
        split[ids.str.startswith("8/") & (split == "validation")] = "train"
        return split

    work.patch("data.split", "assign", leave_out)
    work.run("split")


def test_on_bright_items(work: Workspace) -> None:
    """Within each class the brightest items are tested: another source, by its look."""
    assign = work.module("data.split").assign

    def by_light(ids: Any, strata: Any, *arguments: Any) -> Any:
        split = assign(ids, strata, *arguments)
        light = ids.map(lambda name: np.asarray(Image.open(work.root / RAW / name)).mean())
        for _, group in split.groupby(strata):
            order = light[group.index].sort_values().index
            split[order] = sorted(group, key=["train", "validation", "test"].index)
        return split

    work.patch("data.split", "assign", by_light)
    work.run("split", "preprocess")


def change_the_targets(work: Workspace) -> None:
    content = bytearray((work.root / "data/processed/targets.npy").read_bytes())
    content[-8] ^= 1
    work.write("data/processed/targets.npy", bytes(content))


def write_into_raw(work: Workspace) -> None:
    measure = work.module("data.preprocess").measure_splits

    def measure_and_write(store: Any) -> Any:
        inverted = ImageOps.invert(Image.open(pictures(work, "0")[0]))
        inverted.save(work.root / RAW / "0" / "inverted.png")
        return measure(store)

    work.patch("data.preprocess", "measure_splits", measure_and_write)
    work.run("preprocess")


def leave_splits_untracked(work: Workspace) -> None:
    work.edit("dvc.yaml", "    outs:\n      - data/splits.csv\n", "")


def ask_for_a_tiny_gain(work: Workspace) -> None:
    """The demo waives this rule: its validation split is small."""
    work.charter(**{"need.expected_gain": 0.001, "waivers": []})


FAULTS = [
    Fault("DL-06.1", "one class cut to 3 samples", keep_three_of_a_class, also=("DL-05.1",)),
    Fault("DL-06.2", "sampling not told", answer("data.sampling", "")),
    Fault(
        "DL-07.1", "another imbalance", report("explore", lambda f: f["labels"].update(imbalance=9))
    ),
    Fault("DL-07.3", "statistics missing", report("explore", lambda f: f["contrast"].pop("mean"))),
    Fault("DL-07.4", "a class missing from the sheet", draw_nine_classes),
    Fault("DL-09.1", "50/25/25", split_in_halves),
    Fault("DL-09.2", "a random split", split_at_random),
    Fault(
        "DL-09.3", "a test file copied into train", train_on_a_test_item, also=("ML-19", "DL-08.3")
    ),
    Fault("DL-14.1", "data changed and hash not", change_the_targets),
    Fault("DL-14.3", "a stage writes into raw", write_into_raw),
    Fault("ML-16", "no reason why", answer("data.dev_and_test", "")),
    Fault("ML-16", "validation without a class", validate_without_a_class, also=("DL-09.2",)),
    Fault("ML-17", "test of another source", test_on_bright_items),
    Fault("ML-18", "a gain of 0.1 %, and no waiver", ask_for_a_tiny_gain, also=("DL-17.1",)),
    Fault(
        "ML-19", "a test file copied into train", train_on_a_test_item, also=("DL-09.3", "DL-08.3")
    ),
    Fault("ML-20", "no cost", answer("data.collection_cost", "")),
    Fault("ML-21", "splits untracked", leave_splits_untracked),
]
