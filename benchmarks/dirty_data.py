"""Dirty data of our own making: what was planted against what the data phase found.

Run `python benchmarks/dirty_data.py`. Dirt is planted into scikit-learn's digits (as files) and
breast tumours (as a CSV); `ingest`, `clean`, `labels` and `split` of a generated project run on
them; a table says, kind by kind, how much of it they found and what else they took for it.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from projects import PACKAGE, generate, list_sources

STAGES = ("ingest", "clean", "labels", "split")
FLIPPED = 0.05  # share of labels
COPIES = ("same content", "identical content", "near")  # begin of such reasons for quarantine
Pair = tuple[str, str]


@dataclass
class Dirt:
    """Ids of what was planted.

    Attributes:
        broken: Kind -> items that nobody can use.
        exact, near: Kind -> (original, copy), of the same bytes or cells, or nearly.
        leaked: (item of the test split, its copy under another name).
        flipped: Items with a wrong label.
    """

    broken: dict[str, list[str]] = field(default_factory=dict)
    exact: dict[str, list[Pair]] = field(default_factory=dict)
    near: dict[str, list[Pair]] = field(default_factory=dict)
    leaked: list[Pair] = field(default_factory=list)
    flipped: list[str] = field(default_factory=list)


def run(project: Path, package: str, *stages: str) -> subprocess.CompletedProcess:
    """Runs stages one after another and returns the last; stops at the first that refuses."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(list_sources(project))}
    for stage in stages:
        done = subprocess.run(
            [sys.executable, "-m", package, stage, "clean.duplicates=drop"],
            cwd=project,
            env=environment,
            text=True,
            capture_output=True,
        )
        if done.returncode:
            break
    return done


def read(project: Path, name: str) -> pd.DataFrame:
    """A table of the project's data folder, as text."""
    return pd.read_csv(project / "data" / name, dtype=str, keep_default_na=False)


def draw(project: Path, seed: int = 0) -> tuple[list[str], list[str]]:
    """Ids to plant on, in random order: of the test split of the clean data, and of the rest."""
    splits = read(project, "splits.csv").sample(frac=1, random_state=seed)
    tested = splits["split"] == "test"
    return splits.loc[tested, "id"].tolist(), splits.loc[~tested, "id"].tolist()


def spoil_images(project: Path, count: int) -> Dirt:
    """Plants `count` of each kind among the digits, and flips labels."""
    root, dirt = project / "data" / "raw", Dirt()
    tested, others = draw(project)

    def place(name: str, content: bytes) -> str:
        (root / name).write_bytes(content)
        return name

    def copy_of(item: str, tag: str) -> str:
        return f"{Path(item).parent}/{tag}-{Path(item).name}"

    def enlarge(item: str, tag: str) -> str:
        with Image.open(root / item) as image:
            larger = image.resize((2 * image.width, 2 * image.height), Image.Resampling.BICUBIC)
        name = copy_of(item, tag)
        larger.save(root / name)
        return name

    content = {item: (root / item).read_bytes() for item in (*tested, *others)}
    items = iter(others)
    dirt.broken["truncated file"] = [
        place(copy_of(item, "cut"), content[item][: len(content[item]) // 2])
        for item in take(items, count)
    ]
    dirt.broken["text named .png"] = [place(f"1/text-{n}.png", b"no image") for n in range(count)]
    dirt.exact["exact copy"] = [
        (item, place(copy_of(item, "copy"), content[item])) for item in take(items, count)
    ]
    dirt.exact["copy of another class"] = [
        (item, place(f"{other_class(item)}/copy-{Path(item).stem}.png", content[item]))
        for item in take(items, count)
    ]
    dirt.near["enlarged copy"] = [(item, enlarge(item, "large")) for item in take(items, count)]
    dirt.leaked = [(item, place(copy_of(item, "leak"), content[item])) for item in tested[:count]]
    dirt.leaked += [(item, enlarge(item, "leak")) for item in tested[count : 2 * count]]
    for item in take(items, round(FLIPPED * len(content))):
        name = f"{other_class(item)}/moved-{Path(item).stem}.png"
        (root / item).rename(root / name)
        dirt.flipped.append(name)
    return dirt


def other_class(item: str) -> int:
    """A digit that is not the item's, the same each time."""
    digit = int(Path(item).parent.name)
    return (digit + 1 + int(Path(item).stem) % 9) % 10


def take(items: Iterable[str], count: int) -> list[str]:
    """The next items."""
    iterator = iter(items)
    return [next(iterator) for _ in range(count)]


def spoil_table(project: Path, count: int) -> Dirt:
    """Plants `count` rows of each kind among the tumours, and flips labels."""
    path, dirt = project / "data" / "raw" / "breast_cancer.csv", Dirt()
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    target = header.index("diagnosis")
    features = [column for column in range(len(header)) if column != target]
    tested, others = draw(project)
    generator = np.random.default_rng(0)
    items = iter(others)

    def number(item: str) -> int:
        return int(item.removeprefix("row-")) - 1

    def add(row: list[str]) -> str:
        rows.append(row)
        return f"row-{len(rows):07d}"

    def nearly(item: str) -> list[str]:
        row = list(rows[number(item)])
        column = generator.choice(features)
        row[column] = repr(float(row[column]) * 1.0001)
        return row

    def without(item: str, columns: Iterable[int], value: str) -> list[str]:
        row = list(rows[number(item)])
        for column in columns:
            row[column] = value
        return row

    def swap(row: list[str]) -> list[str]:
        other = {"benign": "malignant", "malignant": "benign"}[row[target]]
        return [*row[:target], other, *row[target + 1 :]]

    dirt.broken["infinite cell"] = [
        add(without(i, features[:1], "inf")) for i in take(items, count)
    ]
    dirt.broken["empty row"] = [add(without(i, features, "")) for i in take(items, count)]
    dirt.broken["row without a label"] = [add(without(i, [target], "")) for i in take(items, count)]
    dirt.exact["exact row"] = [(i, add(list(rows[number(i)]))) for i in take(items, count)]
    dirt.exact["row of another class"] = [
        (i, add(swap(rows[number(i)]))) for i in take(items, count)
    ]
    dirt.near["row with one cell off"] = [(i, add(nearly(i))) for i in take(items, count)]
    dirt.leaked = [(i, add(list(rows[number(i)]))) for i in tested[:count]]
    dirt.leaked += [(i, add(nearly(i))) for i in tested[count : 2 * count]]
    for item in take(items, round(FLIPPED * len(others + tested))):
        rows[number(item)] = swap(rows[number(item)])
        dirt.flipped.append(item)
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return dirt


def compare(project: Path, dirt: Dirt) -> pd.DataFrame:
    """A row for each kind: planted, found, and false alarms of the search that finds it.

    Broken: in quarantine. Exact: not both left. Near: not both left, or known to be near. Leaked:
    not in two splits. Flipped: among the suspects.
    """
    quarantine = read(project, "quarantine.csv").set_index("id")["reason"]
    clean = read(project, "clean.csv").set_index("id")
    split = read(project, "splits.csv").set_index("id")["split"]
    suspects = set(read(project, "label_suspects.csv")["id"])
    copied = quarantine.str.startswith(COPIES)
    near = clean["near"][clean["near"] != ""]
    pairs = chain(*dirt.exact.values(), *dirt.near.values(), dirt.leaked)
    paired = {item for pair in pairs for item in pair}
    broken = {item for items in dirt.broken.values() for item in items}

    def apart(pair: Pair) -> bool:
        return not set(pair) <= set(clean.index)

    def known(pair: Pair) -> bool:
        return apart(pair) or (pair[0] in near and near[pair[0]] == near.get(pair[1]))

    def straddles(pair: Pair) -> bool:
        found = [split[item] for item in pair if item in split]
        return len(set(found)) > 1

    alarms = {
        "broken": len(set(quarantine.index[~copied]) - broken - paired),
        "exact": len(set(quarantine.index[copied]) - paired),
        "near": len(set(near.index) - paired),
        "flipped": len(suspects - set(dirt.flipped) - paired),
    }
    rows = [(k, v, len(set(v) & set(quarantine.index)), "broken") for k, v in dirt.broken.items()]
    rows += [(k, v, sum(map(apart, v)), "exact") for k, v in dirt.exact.items()]
    rows += [(k, v, sum(map(known, v)), "near") for k, v in dirt.near.items()]
    leaks = [pair for pair in dirt.leaked if not straddles(pair)]
    rows.append(("copy of a test item", dirt.leaked, len(leaks), ""))
    rows.append(("wrong label", dirt.flipped, len(suspects & set(dirt.flipped)), "flipped"))
    return pd.DataFrame(
        [
            {
                "kind": kind,
                "planted": len(planted),
                "found": found,
                "recall": found / len(planted),
                "false alarms": alarms.get(search, ""),
            }
            for kind, planted, found, search in rows
        ]
    ).set_index("kind")


def refuses_text_in_numbers(project: Path, package: str) -> str:
    """What a project says of a CSV with a word in a column of numbers; empty if nothing."""
    path = project / "data" / "raw" / "breast_cancer.csv"
    header, first, *rest = path.read_text().splitlines()
    cells = first.split(",")
    path.write_text("\n".join([header, ",".join(["unknown", *cells[1:]]), *rest]) + "\n")
    done = run(project, package, *STAGES, "preprocess")
    return done.stderr.strip() if done.returncode and "Traceback" not in done.stderr else ""


SPOIL = {"image": spoil_images, "tabular": spoil_table}


def measure(project: Path, package: str, data_type: str, count: int) -> pd.DataFrame:
    """Runs a project on clean data, then on the same data with dirt in it, and compares."""
    done = run(project, package, *STAGES)
    assert not done.returncode, done.stderr[-2000:]
    dirt = SPOIL[data_type](project, count)
    done = run(project, package, *STAGES)
    assert not done.returncode, done.stderr[-2000:]
    return compare(project, dirt)


def main() -> None:
    """Prints a table for each kind of data."""
    with tempfile.TemporaryDirectory() as folder:
        for data_type, count in (("image", 20), ("tabular", 10)):
            answers = {"project_slug": f"dirty-{data_type}", "data_type": data_type}
            project = generate(Path(folder), package_name=PACKAGE, **answers)
            table = measure(project, PACKAGE, data_type, count)
            print(f"\n{data_type}\n{table.to_string(float_format='{:.0%}'.format)}", flush=True)
        told = refuses_text_in_numbers(project, PACKAGE)
        print(f"\ntabular, a word in a column of numbers: {told or 'not refused'}")


if __name__ == "__main__":
    main()
