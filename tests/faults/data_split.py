"""Faults of phase 2 in the splits: shares, leaks, order in time, and drift between sources."""

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from faults.data import RAW, pictures, plant_a_copy
from faults.data_clean import find_nothing, plant_resized_copies
from faults.harness import TABLES, Fault, Workspace
from faults.problem import answer

Rows = list[dict[str, str]]
TABLE = "data/raw/breast_cancer.csv"


def read(work: Workspace, path: str) -> Rows:
    return list(csv.DictReader((work.root / path).read_text(encoding="utf-8").splitlines()))


def choose(work: Workspace, option: str, before: str = "stratified") -> None:
    """Splits by another method."""
    work.edit("configs/config.yaml", f"- split: {before}", f"- split: {option}")
    work.run("split")


def change_splits(change: Callable[[Any, Any], Any]) -> Callable[[Workspace], None]:
    """Lets the stage assign otherwise: `change(items, splits)`, both tables' rows alike."""

    def apply(work: Workspace) -> None:
        assign = work.find("data.split", "assign_by_shares")

        def assign_otherwise(items: Any, *arguments: Any) -> Any:
            splits = assign(items, *arguments)
            change(items, splits)
            return splits

        work.patch("data.split", "assign_by_shares", assign_otherwise)
        work.run("split")

    return apply


def split_in_halves(work: Workspace) -> None:
    work.set_config("split/stratified.yaml", train=0.5, validation=0.25, test=0.25)
    work.run("split")


def take_a_published_split(work: Workspace) -> None:
    """As with CIFAR-10: a file says which item is where, in shares that are not the usual ones."""
    splits = read(work, "data/splits.csv")
    train = [row for row in splits if row["split"] == "train"]
    for row in train[::4]:
        row["split"] = "test"
    lines = [f"{row['id']},{row['split']}" for row in splits]
    work.write("data/published.csv", "\n".join(["id,split", *lines]) + "\n")
    work.set_config("split/predefined.yaml", path="data/published.csv")
    reason = "The published items stay whole, so that figures compare"
    work.set_config("config.yaml", reasons={"split=predefined": reason})
    choose(work, "predefined")


def take_its_reason_away(work: Workspace) -> None:
    work.set_config("config.yaml", reasons={})


def make_a_class_rare(work: Workspace) -> None:
    """One in fifty is an 8."""
    for path in pictures(work, "8")[34:]:
        path.unlink()
    work.run("ingest", "clean")
    split_afresh(work)


def train_on_a_test_item(work: Workspace) -> None:
    splits = read(work, "data/splits.csv")
    copy = plant_a_copy(work, next(row["id"] for row in splits if row["split"] == "test"))
    work.patch("data.clean", "find_duplicates", find_nothing)
    work.run("ingest", "clean")

    def move(items: Any, assigned: Any) -> None:
        assigned[items["id"] == copy] = "train"

    change_splits(move)(work)


def split_afresh(work: Workspace) -> None:
    work.remove("data/splits.csv")
    work.run("split")


def group_by_tens(work: Workspace) -> None:
    """Ten items that follow each other are one person's."""
    work.set_config("data/digits.yaml", group=r"^(\d+/\d+)\d\.png$")
    work.run("ingest", "clean")
    split_afresh(work)
    work.run("preprocess")


def copy_in_other_sizes(work: Workspace) -> None:
    plant_resized_copies(work)
    work.run("ingest", "clean")
    split_afresh(work)
    work.run("preprocess")


def overlook_what_belongs_together(work: Workspace) -> None:
    work.patch("data.split", "link_items", lambda items: items["id"])
    split_afresh(work)


def declare_times(work: Workspace) -> None:
    """A day for each row, and a split by it."""

    def date(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row["taken"] = f"20{number % 20:02d}-{1 + number % 12:02d}-{1 + number % 28:02d}"

    content = read(work, TABLE)
    date(content)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(content[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(content)
    work.write(TABLE, stream.getvalue())
    work.set_config("data/breast_cancer.yaml", time="taken")
    work.run("ingest", "clean")
    choose(work, "temporal")


def shuffle_times(work: Workspace) -> None:
    assign = work.find("data.split", "assign_by_time")

    def assign_shuffled(items: Any, shares: Any) -> Any:
        times = items["time"].sample(frac=1, random_state=0).to_numpy()
        return assign(items.assign(time=times), shares)

    work.patch("data.split", "assign_by_time", assign_shuffled)
    work.run("split")


@change_splits
def validate_without_a_class(items: Any, splits: Any) -> None:
    splits[items["id"].str.startswith("8/") & (splits == "validation")] = "train"


def test_on_bright_items(work: Workspace) -> None:
    """Within each class the brightest items are tested: another source, by its look."""

    def by_light(items: Any, splits: Any) -> None:
        light = items["id"].map(lambda name: np.asarray(Image.open(work.root / RAW / name)).mean())
        for _, group in splits.groupby(items["stratum"]):
            order = light[group.index].sort_values().index
            splits[order] = sorted(group, key=["train", "validation", "test"].index)

    change_splits(by_light)(work)
    work.run("preprocess")


def test_on_mirrored_items(work: Workspace) -> None:
    """Another source, which none of the watched features shows alone."""
    tested = {row["id"] for row in read(work, "data/splits.csv") if row["split"] == "test"}
    for name in tested:
        stream = io.BytesIO()
        mirrored = Image.open(work.root / RAW / name).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        mirrored.save(stream, "PNG")
        work.write(f"{RAW}/{name}", stream.getvalue())
    work.run("ingest", "clean", "split", "preprocess")


def ask_for_a_tiny_gain(work: Workspace) -> None:
    """The demo waives this rule: its validation split is small."""
    work.charter(**{"need.expected_gain": 0.001, "waivers": []})


FAULTS = [
    Fault("DL-09.1", "50/25/25", split_in_halves),
    Fault(
        "DL-09.1",
        "a published split, its reason gone",
        take_its_reason_away,
        given=take_a_published_split,
        also=("DL-09.3", "ML-19"),  # near duplicates are in two splits, as in CIFAR-10
    ),
    Fault(
        "DL-09.2",
        "a random split of a 1:50 class",
        lambda work: choose(work, "random"),
        given=make_a_class_rare,
    ),
    Fault(
        "DL-09.3", "a test file copied into train", train_on_a_test_item, also=("ML-19", "DL-08.3")
    ),
    Fault(
        "DL-09.3",
        "near duplicates split",
        overlook_what_belongs_together,
        given=copy_in_other_sizes,
        also=("ML-19",),
    ),
    Fault(
        "DL-09.4",
        "shuffled timestamps",
        shuffle_times,
        option_set=TABLES,
        given=declare_times,
        also=("ML-19",),
    ),
    Fault("ML-16", "no reason why", answer("data.dev_and_test", ""), becomes="to do"),
    Fault("ML-16", "validation without a class", validate_without_a_class, also=("DL-09.2",)),
    Fault("ML-17", "test of brighter pictures", test_on_bright_items),
    Fault("ML-17", "test of mirrored pictures", test_on_mirrored_items),
    Fault("ML-18", "a gain of 0.1 %, and no waiver", ask_for_a_tiny_gain, also=("DL-17.1",)),
    Fault(
        "ML-19",
        "a declared group in two splits",
        overlook_what_belongs_together,
        given=group_by_tens,
        also=("DL-09.3",),
    ),
    Fault(
        "ML-19",
        "times declared, a split not by them",
        lambda work: choose(work, "stratified", "temporal"),
        option_set=TABLES,
        given=declare_times,
        also=("DL-09.4",),
    ),
]
