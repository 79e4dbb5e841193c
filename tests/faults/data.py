"""Faults of phase 2 in raw files, cleaning and versions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from faults.harness import TABLES, Fault, Workspace
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


def miscount_the_balance(work: Workspace) -> None:
    """The largest class is held against the mean."""
    measure = work.find("data.explore", "measure_labels")

    def measure_otherwise(labels: Any) -> dict[str, Any]:
        counts = labels.value_counts()
        return measure(labels) | {"imbalance": round(float(counts.max() / counts.mean()), 2)}

    work.patch("data.explore", "measure_labels", measure_otherwise)
    work.run("explore")


def forget_the_mean_contrast(work: Workspace) -> None:
    describe = work.find("data.image_plots", "describe_numbers")

    def describe_less(values: Any) -> dict[str, Any]:
        figures = describe(values)
        return {n: v for n, v in figures.items() if values.name != "contrast" or n != "mean"}

    work.patch("data.image_plots", "describe_numbers", describe_less)
    work.run("explore")


def draw_nine_classes(work: Workspace) -> None:
    work.patch("data.image_plots", "MAX_CLASSES", 9)
    work.run("explore")


def show_another_picture(name: str) -> Callable[[Workspace], None]:
    """A picture of the reports in place of another: the one of the wrong run, or of another set."""

    def show(work: Workspace) -> None:
        work.write(f"reports/{name}", (work.root / "reports/find_lr.png").read_bytes())

    return show


def change_the_targets(work: Workspace) -> None:
    content = bytearray((work.root / "data/processed/targets.npy").read_bytes())
    content[-8] ^= 1
    work.write("data/processed/targets.npy", bytes(content))


def write_into_raw(work: Workspace) -> None:
    measure = work.find("data.preprocess", "measure_splits")

    def measure_and_write(store: Any) -> Any:
        inverted = ImageOps.invert(Image.open(pictures(work, "0")[0]))
        inverted.save(work.root / RAW / "0" / "inverted.png")
        return measure(store)

    work.patch("data.preprocess", "measure_splits", measure_and_write)
    work.run("preprocess")


def lose_the_version(work: Workspace) -> None:
    for path in (work.root / "data/versions").glob("*.csv"):
        path.unlink()


def forget_dvcs_id(work: Workspace) -> None:
    describe = work.find("deployment.export", "describe_model")

    def describe_less(*arguments: Any) -> dict[str, Any]:
        sidecar = describe(*arguments)
        return sidecar | {"state": sidecar["state"] | {"dvc": None}}

    work.patch("deployment.export", "describe_model", describe_less)
    work.run("export")


def change_the_size(work: Workspace) -> None:
    work.set_config("preprocess/image.yaml", size=48)


def describe_another_size(work: Workspace) -> None:
    work.edit("docs/data_card.md", "size: 32", "size: 28")


def leave_versions_to_git(work: Workspace) -> None:
    work.edit("dvc.yaml", "    - data/versions:\n        persist: true\n", "")


def leave_splits_untracked(work: Workspace) -> None:
    kept = "    outs:\n    - data/splits.csv:\n        persist: true"
    work.edit("dvc.yaml", kept, "    # outs: none")


FAULTS = [
    Fault("DL-06.1", "one class cut to 3 samples", keep_three_of_a_class, also=("DL-05.1",)),
    Fault("DL-06.2", "sampling not told", answer("data.sampling", ""), becomes="to do"),
    Fault("DL-07.1", "another imbalance", miscount_the_balance),
    Fault("DL-07.3", "statistics missing", forget_the_mean_contrast),
    Fault("DL-07.4", "a class missing from the sheet", draw_nine_classes),
    Fault(
        "DL-07.4",
        "another sheet of samples",
        show_another_picture("explore_samples.png"),
        becomes="stale",
    ),
    Fault(
        "DL-07.1",
        "another plot of the classes",
        show_another_picture("explore_labels.png"),
        becomes="stale",
    ),
    Fault(
        "DL-14.1",
        "data changed and hash not",
        change_the_targets,
        also=("DL-30.1", "DL-31.1", "DL-31.2", "DL-31.4", "ML-06"),
        edits=True,
    ),
    Fault("DL-14.1", "the version's items are gone", lose_the_version),
    Fault("DL-14.1", "a model without DVC's id", forget_dvcs_id, option_set=TABLES),
    Fault("DL-14.2", "config changed and card not", change_the_size),
    Fault("DL-14.2", "a card of another size", describe_another_size, edits=True),
    Fault("DL-14.3", "a stage writes into raw", write_into_raw),
    Fault("ML-20", "no cost", answer("data.collection_cost", ""), becomes="to do"),
    Fault("ML-21", "older annotations not kept", leave_versions_to_git),
    Fault("ML-21", "splits untracked", leave_splits_untracked),
]
