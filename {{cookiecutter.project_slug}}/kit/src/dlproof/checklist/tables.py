"""The small tables that the data stages write, read once as plain rows."""

import csv
from collections import Counter
from functools import lru_cache
from pathlib import Path

from .evidence import Evidence, NotYetError

Row = dict[str, str]
SPLITS = ("train", "validation", "test")


def read_items(project: Evidence) -> tuple[Row, ...]:
    """All raw items as `ingest` listed them: id, label, hash, source."""
    project.figures("ingest")
    return read_rows(project, "items.csv")


def read_clean(project: Evidence) -> tuple[Row, ...]:
    """The usable items."""
    project.figures("clean")
    return read_rows(project, "clean.csv")


def read_split(project: Evidence) -> list[Row]:
    """The usable items with their `split`, which is empty for an item that has none."""
    project.figures("split")
    splits = {row["id"]: row["split"] for row in read_rows(project, "splits.csv")}
    clean = read_rows(project, "clean.csv")
    return [row | {"split": splits.get(row["id"], "")} for row in clean]


def read_rows(project: Evidence, name: str) -> tuple[Row, ...]:
    """The rows of a CSV below the data folder.

    Raises:
        NotYetError: It is not there.
    """
    path = Path(project.cfg.paths.data_dir, name)
    if not path.exists():
        raise NotYetError("run `pipeline`")
    found = path.stat()
    return parse(str(path.resolve()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def parse(path: str, modified: int, size: int) -> tuple[Row, ...]:
    """The rows of a CSV; another time or size is another table."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def count_by_split(rows: list[Row]) -> dict[str, int]:
    """Split -> items."""
    counts = Counter(row["split"] for row in rows)
    return {split: counts[split] for split in SPLITS}


def are_classes(project: Evidence) -> bool:
    """Whether labels are classes rather than numbers."""
    return bool(project.cfg.task.name == "classification")
