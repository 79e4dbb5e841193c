"""Versions of the data: what each held, item by item, and how two of them differ."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ..config import flatten
from ..errors import UserError
from ..files import hash_file, hash_json, read_json, read_table, write_json, write_table
from ..types import State

INDEX = "versions.json"  # beside the versions: since when there are which, made with what


def hash_version(folder: Path, data_dir: Path, state: State) -> str:
    """The data version: the usable items and labels, the split, the arrays and what was fitted."""
    paths = [data_dir / "clean.csv", data_dir / "splits.csv", *sorted(folder.glob("*.npy"))]
    fitted = {part: state[part] for part in ("data", "task")}
    return hash_json([*((path.name, hash_file(path)) for path in paths), fitted])


def keep_version(data_dir: Path, version: str, items: pd.DataFrame, made_with: Any) -> None:
    """Writes `versions/<version>.csv` (id, label, split, hash), which stays, unless it exists.

    Args:
        data_dir: Holds `versions`, which DVC keeps.
        version: The content hash.
        items: The items that the version holds.
        made_with: Name of the data, and the settings of split and preprocessing.
    """
    folder = data_dir / "versions"
    index = read_index(data_dir)
    if version in index and (folder / f"{version}.csv").exists():
        return
    write_table(items[["id", "label", "split", "hash"]], folder / f"{version}.csv")
    created = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"created": created, "items": len(items), "made_with": made_with}
    write_json(folder / INDEX, index | {version: entry})


def read_index(data_dir: Path) -> dict[str, dict[str, Any]]:
    """Version -> when it was made, how many items it has and what it was made with."""
    path = data_dir / "versions" / INDEX
    return dict(read_json(path)) if path.exists() else {}


def find_version(data_dir: Path, prefix: str) -> str:
    """The version that begins with a few characters.

    Raises:
        UserError: None does, or several.
    """
    known = read_index(data_dir)
    found = [version for version in known if version.startswith(prefix.lower())]
    if len(found) == 1:
        return found[0]
    if not known:
        raise UserError(
            f"{data_dir}/versions has no versions yet: run `preprocess` (or `dvc pull`)."
        )
    shown = ", ".join(version[:8] for version in found or known)
    told = "matches several versions" if found else "is not a version"
    raise UserError(f"{prefix!r} {told}: there are {shown}.")


def compare_versions(data_dir: Path, before: str, after: str) -> dict[str, Any]:
    """What changed from one version to another.

    Returns:
        `added`, `removed`, `relabelled`, `moved` (between splits) and `changed` (content): id ->
        what it was and is; and `settings`: setting -> its two values.
    """
    old, new = (
        read_table(data_dir / "versions" / f"{version}.csv", "preprocess").set_index("id")
        for version in (before, after)
    )
    both = old.index.intersection(new.index)
    differences: dict[str, Any] = {
        "added": new.loc[new.index.difference(both), "label"].to_dict(),
        "removed": old.loc[old.index.difference(both), "label"].to_dict(),
    }
    for kind, column in (("relabelled", "label"), ("moved", "split"), ("changed", "hash")):
        pair = old.loc[both, column], new.loc[both, column]
        odd = pair[0] != pair[1]
        differences[kind] = {
            str(item): [pair[0][item], pair[1][item]] for item in both[odd.to_numpy()]
        }
    index = read_index(data_dir)
    settings = [dict(flatten(index[version]["made_with"])) for version in (before, after)]
    differences["settings"] = {
        key: [part.get(key) for part in settings]
        for key in {**settings[0], **settings[1]}
        if settings[0].get(key) != settings[1].get(key)
    }
    return differences


def find_dvc_id(raw: Path) -> str | None:
    """DVC's own hash of the raw data, where DVC tracks it inside the project."""
    pointer = raw.with_name(f"{raw.name}.dvc")
    if not pointer.exists():
        return None
    return str(yaml.safe_load(pointer.read_text("utf-8"))["outs"][0]["md5"])
