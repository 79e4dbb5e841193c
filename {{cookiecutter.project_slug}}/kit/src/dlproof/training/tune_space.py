"""What `tune` searches: `tune.keys` with the ranges of the cheat sheet's rows, as distributions."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ..cheatsheet import load_cheatsheet
from ..config import to_plain
from ..errors import UserError

SHEET = Path("configs/cheatsheet.yaml")
POWERS_OF_TWO = ("loader.batch_size",)  # what hardware likes
EARLIER = ("data.", "preprocess.", "split.")  # of commands whose results all trials share
GROUP = ".name"  # `optimizer.name` chooses among the files of configs/optimizer/

Distribution = CategoricalDistribution | FloatDistribution | IntDistribution


def build_space(cfg: DictConfig) -> dict[str, Distribution]:
    """Key -> distribution, in the order of `tune.keys`.

    Raises:
        UserError: A key cannot be searched, or the config's own value lies outside.
    """
    settings = to_plain(cfg.tune)
    rows = {key: row for row in load_cheatsheet(SHEET) for key in row["keys"]}
    for key in {*settings["keys"], *settings["ranges"]}:
        reasons = {
            f"is not a key of {SHEET}": key not in rows or key.endswith("]"),
            "acts before training": key.startswith(EARLIER),
            "this config lacks": OmegaConf.select(cfg, key) is None,
        }
        for reason in (reason for reason, holds in reasons.items() if holds):
            raise UserError(f"tune has {key}, which {reason}: leave it out of tune.keys.")
    return {key: make(cfg, key, rows[key], settings["ranges"].get(key)) for key in settings["keys"]}


def make(cfg: DictConfig, key: str, row: dict[str, Any], limits: Any) -> Distribution:
    """A row, or the part of its range in `limits`, as Optuna's; raises as `build_space` does."""
    value, options = OmegaConf.select(cfg, key), row.get("options", [])
    low, high = limits or row.get("range", (0, 0))
    if limits and (options or not row["range"][0] <= low < high <= row["range"][1]):
        raise UserError(f"tune.ranges has {limits} for {key}, beyond {SHEET}: stay within it.")
    if key.endswith(GROUP):
        known = [path.stem for path in Path("configs", key.removesuffix(GROUP)).glob("*.yaml")]
        options = [option for option in options if option in known]
    if key in POWERS_OF_TWO:
        options = [2**n for n in range(32) if low <= 2**n <= high]
    if value not in options if options else not low <= value <= high:
        told = " ".join(map(str, options or (low, "to", high)))
        raise UserError(
            f"{key}={value} is not in {told}, where tune searches, so no trial could be compared "
            "with it: set it within the range, or leave the key out of tune.keys."
        )
    if options:
        return CategoricalDistribution(options)
    kind = IntDistribution if isinstance(value, int) else FloatDistribution
    return kind(low, high, log=row["scale"] == "log")


def describe_space(space: dict[str, Distribution]) -> dict[str, list[Any]]:
    """Key -> its choices, or the ends of its range."""
    return {
        key: list(d.choices) if isinstance(d, CategoricalDistribution) else [d.low, d.high]
        for key, d in space.items()
    }


def to_overrides(values: dict[str, Any]) -> list[str]:
    """Values as Hydra overrides, groups first, since they bring values of their own."""
    groups = [f"{key.removesuffix(GROUP)}={v}" for key, v in values.items() if key.endswith(GROUP)]
    return groups + [f"{key}={v}" for key, v in values.items() if not key.endswith(GROUP)]
