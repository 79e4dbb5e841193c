"""`ingest`: lists every raw item, holds it against what is expected, searches for personal data."""

from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from ..configuration import build
from ..errors import UserError
from ..files import atomic, hash_json
from ..report import Report
from .expectations import RULES, enforce
from .personal import tally
from .types import DataType

MAX_LISTED = 100  # classes in a report; a regression target has no classes to list


def run(cfg: DictConfig) -> Report:
    """Lists the raw items; writes the embedded data first where it is asked for and absent."""
    data_type: DataType = build(cfg.data)
    data_type.provide()
    items = data_type.list_items()
    expectations = enforce(items, data_type, cfg)
    personal = tally(data_type.find_personal(items))
    path = Path(cfg.paths.data_dir, "items.csv")
    write_table(items, path)
    counts = items.loc[items["label"] != "", "label"].value_counts()
    few = len(counts) <= MAX_LISTED
    report = Report(
        stage="ingest",
        figures={
            "items": len(items),
            "unlabelled_items": int((items["label"] == "").sum()),
            "ignored_files": items.attrs.get("ignored", 0),
            "distinct_labels": len(counts),
            "classes": counts.sort_index().to_dict() if few else None,
            "raw_hash": hash_raw(items),
            "expectations": expectations,
            "personal": personal,
        },
        summary=f"{len(items):,} items, {len(counts):,} different labels, "
        f"{expectations['unexpected_items']} unexpected, "
        f"personal data: {', '.join(personal) or 'none found'}",
    )
    report.add_file(path)
    report.add_file(path.with_name(RULES))
    return report


def hash_raw(items: pd.DataFrame) -> str:
    """One hash for all raw items: their ids, labels and contents."""
    return hash_json(items[["id", "label", "hash"]].values.tolist())


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes a CSV atomically."""
    with atomic(path) as draft:
        table.to_csv(draft, index=False, encoding="utf-8", lineterminator="\n")


def read_table(path: Path, stage: str) -> pd.DataFrame:
    """Reads a CSV of ids and labels as text: a class called `NA` is no missing value.

    Raises:
        UserError: The stage that writes it has not run.
    """
    if not path.exists():
        raise UserError(f"{path} is not there: run `{stage}` first (or the whole `pipeline`).")
    return pd.read_csv(path, dtype=str, keep_default_na=False)
