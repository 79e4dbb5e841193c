"""Faults of cleaning: what is broken, missing or repeated and gets through."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from faults.data import RAW, pictures, plant_a_copy
from faults.harness import TABLES, Fault, Workspace
from faults.problem import SCORES


def plant_a_truncated_file(work: Workspace) -> None:
    work.write(f"{RAW}/0/broken.png", pictures(work, "0")[0].read_bytes()[:60])


def plant_resized_copies(work: Workspace) -> None:
    """Eight of them, so that a split that knows nothing of them parts one from its original."""
    work.edit("expectations/digits.yaml", "max_side: 8", "max_side: 16")
    for path in pictures(work, "0")[:8]:
        Image.open(path).resize((16, 16)).save(path.with_stem(f"{path.stem}_resized"))


def find_nothing(*_: Any) -> dict[str, Any]:
    return {}


def read_leniently(work: Workspace, *modules: str) -> None:
    """Takes a broken file for a grey image."""
    image = work.module("data.image_files")
    strict = image.open_image

    def open_leniently(path: Path, *rules: Any) -> Image.Image:
        try:
            return strict(path, *rules)
        except image.BrokenImageError:
            return Image.new("L", (8, 8))

    for module in modules:
        work.patch(module, "open_image", open_leniently)


def measure_leniently(work: Workspace) -> None:
    """As `read_leniently`, of what explore measures."""
    plots = work.module("data.image_plots")

    def measure(path: Path, reading: Any) -> dict[str, Any]:
        try:
            return plots_measure(path, reading)
        except plots.BrokenImageError:
            return plots_measure(pictures(work, "0")[0])

    plots_measure = plots.measure_image
    read_leniently(work, "data.image_plots", "data.image_files")
    work.patch("data.image_plots", "measure_image", measure)


def lose_a_class(work: Workspace) -> None:
    def find_kinds(items: Any, *_: Any) -> dict[str, dict[str, str]]:
        lost = items.loc[items["label"] == "8", "id"]
        return {"unlabelled": dict.fromkeys(lost, "is too round")}

    work.patch("data.clean", "find_kinds", find_kinds)
    work.run("clean")


def overlook_a_truncated_file(work: Workspace) -> None:
    plant_a_truncated_file(work)
    work.run("ingest", "clean")
    measure_leniently(work)
    work.run("explore")


def overlook_resized_copies(work: Workspace) -> None:
    plant_resized_copies(work)
    work.run("ingest", "clean")
    work.patch("data.explore", "name_near", name_nothing)
    work.run("explore")


def name_nothing(items: Any, *_: Any) -> Any:
    return items["id"].mask(items["id"] != "", "")


def use_a_truncated_file(work: Workspace) -> None:
    plant_a_truncated_file(work)
    work.run("ingest", "explore")
    read_leniently(work, "data.image_losses", "data.image_files")
    work.run("clean")


def use_an_unlabelled_file(work: Workspace) -> None:
    work.write(f"{RAW}/whose.png", pictures(work, "0")[0].read_bytes()[:-1] + b"\x00")
    work.patch("data.clean", "find_unlabelled", find_nothing)
    work.run("ingest", "explore", "clean")


def lose_a_stand_in(work: Workspace) -> None:
    files = work.module("files")
    state = files.read_json("data/processed/state.json")
    next(iter(state["data"]["numeric"].values()))["fill"] = float("nan")
    work.write("data/processed/state.json", json.dumps(state))


def use_a_copy(work: Workspace) -> None:
    plant_a_copy(work, "0/0000.png")
    work.patch("data.clean", "find_duplicates", find_nothing)
    work.run("ingest", "explore", "clean")


def split_resized_copies_off(work: Workspace) -> None:
    plant_resized_copies(work)
    work.run("ingest", "explore")
    work.patch("data.clean", "name_near", name_nothing)
    work.remove("data/splits.csv")  # in which new items would fill what a split lacks
    work.run("clean", "split")
    with (work.root / "data/splits.csv").open(encoding="utf-8") as stream:
        splits = {row["id"]: row["split"] for row in csv.DictReader(stream)}
    copies = [item for item in splits if item.endswith("_resized.png")]
    assert any(splits[item] != splits[item.replace("_resized", "")] for item in copies)


def ignore_a_respelt_row(work: Workspace) -> None:
    table = work.root / "data/raw/breast_cancer.csv"
    header, first, *rows = table.read_text().splitlines()
    respelt = ",".join([str(np.float32(cell)) for cell in first.split(",")[:-1]] + ["malignant"])
    respelt = respelt.replace("17.99", "17.98", 1)
    work.write("data/raw/breast_cancer.csv", "\n".join([header, first, *rows, respelt, ""]))
    work.run("ingest", "explore")
    work.patch("data.clean", "name_near", name_nothing)
    work.run("clean")


FAULTS = [
    Fault("DL-06.2", "cleaning takes a whole class", lose_a_class),
    Fault("DL-07.2", "a truncated file not listed", overlook_a_truncated_file),
    Fault("DL-07.2", "resized copies not listed", overlook_resized_copies),
    Fault("DL-08.1", "unreadable file is used", use_a_truncated_file, also=("DL-07.2", *SCORES)),
    Fault("DL-08.2", "an unlabelled item is used", use_an_unlabelled_file),
    Fault(
        "DL-08.2",
        "a stand-in that is no number",
        lose_a_stand_in,
        option_set=TABLES,
        also=("DL-14.1", "DL-37.2"),
        edits=True,
    ),
    Fault("DL-08.3", "an exact copy is used", use_a_copy),
    Fault("DL-08.3", "resized copies left in two splits", split_resized_copies_off),
    Fault("DL-08.3", "a respelt row is not grouped", ignore_a_respelt_row, option_set=TABLES),
]
