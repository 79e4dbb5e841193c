"""The cheat sheet as data: holds a config's values against their usual ranges."""

from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf


def load_cheatsheet(path: Path) -> list[dict[str, Any]]:
    """All rows of the four tables: name, key, default, range or options, scale, note."""
    tables = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [row for rows in tables.values() for row in rows]


def find_outside_range(cfg: DictConfig, path: Path) -> list[str]:
    """One sentence for each value of the config outside its range, with the sheet's note."""
    findings = []
    for row in load_cheatsheet(path):
        for key in row["keys"]:
            value = OmegaConf.select(cfg, key)
            if value is not None and not is_usual(value, row):
                findings.append(
                    f"{key}={value} is outside the usual {describe_range(row)}: {row['note']}"
                )
    return findings


def find_reason(cfg: DictConfig, key: str) -> str:
    """What `reasons` says for the value that a key has now; empty where it says nothing of it.

    `reasons` names a value (`trainer.gradient_clip_val=null`) or an option (`split=predefined`), so
    that a reason does not outlive the value that it was given for.
    """
    value = read_choice(cfg, key)
    for choice, reason in cfg.reasons.items():
        name, is_given, told = str(choice).partition("=")
        if name == key and is_given and OmegaConf.from_dotlist([f"value={told}"]).value == value:
            return str(reason).strip()
    return ""


def read_choice(cfg: DictConfig, key: str) -> Any:
    """The value of a key, or the option of a group."""
    value = OmegaConf.select(cfg, key)
    return value.get("name", value) if isinstance(value, DictConfig) else value


def is_usual(value: Any, row: dict[str, Any]) -> bool:
    """Whether a value (or each of a list) lies in the row's range or among its options."""
    if "options" in row:
        return value in row["options"]
    values = value if isinstance(value, list) or OmegaConf.is_list(value) else [value]
    low, high = row["range"]
    return all(not isinstance(v, int | float) or low <= v <= high for v in values)


def describe_range(row: dict[str, Any]) -> str:
    """`low to high` or the list of options, as a person would write it."""
    if "options" in row:
        return ", ".join(map(str, row["options"]))
    return f"{row['range'][0]:g} to {row['range'][1]:g}"
