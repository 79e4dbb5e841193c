"""What a valid item is, in a file that people read: `data.expectations`, from `data expect`."""

from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..config import build
from ..errors import UserError
from ..files import atomic, hash_file, write_json
from ..types import DataType, State

RULES = "expectations.json"  # in data/: what ingest enforced, for the model to take along


def enforce(items: pd.DataFrame, data_type: DataType, cfg: DictConfig) -> dict[str, Any]:
    """Writes why each item is unexpected into the column `unexpected`; empty for those that fit.

    The rules go to `data/expectations.json`, from where they travel with the model.

    Returns:
        Figures: `path`, `sha256` and `rules` (how many) of the file, and `unexpected_items`.

    Raises:
        UserError: The file is wrong, or the data as a whole is not what it says, or unusable.
    """
    data_type.refuse_unusable(cfg.preprocess)
    path = cfg.data.expectations
    rules: State = {}
    reasons: dict[str, str] = {}
    if path is not None:
        if not Path(path).is_file():
            raise UserError(
                f"{path} does not exist: draft it with `data expect`, or correct data.expectations."
            )
        rules, reasons = data_type.expect(items, Path(path))
    items["unexpected"] = [reasons.get(item, "") for item in items["id"].tolist()]
    found = {"path": path, "sha256": hash_file(path) if path else None}
    write_json(Path(cfg.paths.data_dir, RULES), found | {"rules": rules})
    return found | {"rules": len(rules), "unexpected_items": len(reasons)}


def write_expectations(cfg: DictConfig) -> Path:
    """Drafts a file from the raw data as it is, for a person to widen or narrow.

    Raises:
        UserError: There is one already, or the raw data is unusable.
    """
    path = Path("expectations", f"{cfg.data.name}.yaml")
    if path.exists():
        raise UserError(f"{path} exists already: edit it, or remove it first.")
    data_type: DataType = build(cfg.data)
    data_type.provide()
    data_type.refuse_unusable(cfg.preprocess)
    text = data_type.draft_expectations()
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return path
