"""Faults of phase 2: raw files, cleaning, splits, versions; the rest is in `data_loading`."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from faults.data_loading import report
from faults.harness import TABLES, Fault, Workspace
from faults.problem import SCORES, answer

RAW = "data/raw"


def pictures(work: Workspace, label: str) -> list[Path]:
    return sorted((work.root / RAW / label).glob("*.png"))


def plant_a_truncated_file(work: Workspace) -> None:
    work.write(f"{RAW}/0/broken.png", pictures(work, "0")[0].read_bytes()[:60])


def plant_a_copy(work: Workspace, original: str) -> str:
    copy = f"{Path(original).parent}/copy.png"
    work.write(f"{RAW}/{copy}", (work.root / RAW / original).read_bytes())
    return copy


def find_nothing(*_: Any) -> dict[str, Any]:
    return {}


def find_no_kind(*_: Any) -> dict[str, dict[str, str]]:
    kinds = ("unreadable", "unexpected", "unlabelled", "conflicting", "duplicate")
    return {kind: {} for kind in kinds}


def keep_three_of_a_class(work: Workspace) -> None:
    for path in pictures(work, "8")[3:]:
        path.unlink()
    work.run("ingest", "explore")


def lose_a_class(work: Workspace) -> None:
    def find_kinds(items: Any, data_type: Any) -> dict[str, dict[str, str]]:
        lost = dict.fromkeys(items.loc[items["label"] == "8", "id"], "is too round")
        return find_no_kind() | {"unlabelled": lost}

    work.patch("data.clean", "find_kinds", find_kinds)
    work.run("clean")


def overlook_a_truncated_file(work: Workspace) -> None:
    image, plots = work.module("data.image_files"), work.module("data.image_plots")

    def open_leniently(path: Path) -> Image.Image:
        try:
            return image.open_image(path)
        except image.BrokenImageError:
            return Image.new("L", (8, 8))

    plant_a_truncated_file(work)
    work.patch("data.image_plots", "open_image", open_leniently)
    work.patch("data.image_plots", "measure_image", plots.measure_image)
    work.patch("data.image_plots", "Image", Lenient())
    work.run("ingest", "explore", "clean")


class Lenient:
    """Pillow's `Image.open` that takes a broken file for a grey one."""

    @staticmethod
    def open(path: Path) -> Image.Image:
        """Opens a picture, or makes a grey one."""
        try:
            return Image.open(path)
        except OSError:
            return Image.new("L", (8, 8))


def draw_nine_classes(work: Workspace) -> None:
    work.patch("data.image_plots", "MAX_CLASSES", 9)
    work.run("explore")


def use_a_truncated_file(work: Workspace) -> None:
    plant_a_truncated_file(work)
    work.patch("data.clean", "find_kinds", find_no_kind)
    work.run("ingest", "explore", "clean")


def use_an_unlabelled_file(work: Workspace) -> None:
    work.write(f"{RAW}/whose.png", pictures(work, "0")[0].read_bytes()[:-1] + b"\x00")
    work.patch("data.clean", "find_kinds", find_no_kind)
    work.run("ingest", "clean")


def lose_a_median(work: Workspace) -> None:
    files = work.module("files")
    state = files.read_json("data/processed/state.json")
    next(iter(state["data"]["numeric"].values()))["median"] = float("nan")
    files.write_json("data/processed/state.json", state)


def use_a_copy(work: Workspace) -> None:
    plant_a_copy(work, "0/0000.png")
    work.patch("data.clean", "find_duplicates", find_nothing)
    work.run("ingest", "clean")


def train_on_a_test_item(work: Workspace) -> None:
    splits = csv.DictReader((work.root / "data/splits.csv").read_text().splitlines())
    tested = next(row["id"] for row in splits if row["split"] == "test")
    copy = plant_a_copy(work, tested)
    assign = work.module("data.split").assign

    def leak(ids: Any, *arguments: Any) -> Any:
        split = assign(ids, *arguments)
        split[ids == copy], split[ids == tested] = "train", "test"
        return split

    work.patch("data.clean", "find_duplicates", find_nothing)
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
    Fault("DL-06.2", "cleaning takes a whole class", lose_a_class),
    Fault(
        "DL-07.1", "another imbalance", report("explore", lambda f: f["labels"].update(imbalance=9))
    ),
    Fault("DL-07.2", "a truncated file not listed", overlook_a_truncated_file),
    Fault("DL-07.3", "statistics missing", report("explore", lambda f: f["contrast"].pop("mean"))),
    Fault("DL-07.4", "a class missing from the sheet", draw_nine_classes),
    Fault("DL-08.1", "unreadable file is used", use_a_truncated_file, also=("DL-07.2", *SCORES)),
    Fault("DL-08.2", "an unlabelled item is used", use_an_unlabelled_file),
    Fault(
        "DL-08.2", "a median that is no number", lose_a_median, option_set=TABLES, also=("DL-37.2",)
    ),
    Fault("DL-08.3", "an exact copy is used", use_a_copy),
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
