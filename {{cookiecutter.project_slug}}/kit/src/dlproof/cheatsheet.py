"""The cheat sheet as data: holds a config's values against their usual ranges."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from omegaconf import DictConfig, OmegaConf
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from .errors import UserError
from .markup import read_yaml
from .schema.strict import Strict


class Row(Strict):
    """What the sheet says of some keys: their options, or a range with the scale of a search."""

    name: str
    keys: list[str]
    default: Any
    note: str
    options: list[Any] | None = None
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    scale: Literal["log", "linear"] | None = None

    @model_validator(mode="after")
    def refuse_half(self) -> Self:
        """Refuses what says neither, or a range without its scale."""
        low, high = self.range or (0.0, 0.0)
        if (self.options is None) == (self.range is None) or low > high:
            raise ValueError("must have options, or a range with its smaller end first")
        if self.range is not None and self.scale is None:
            raise ValueError("has a range without a scale, log or linear")
        return self


TABLES = TypeAdapter(dict[str, list[Row]])


def load_cheatsheet(path: Path) -> list[dict[str, Any]]:
    """All rows of the four tables: name, keys, default, range or options, scale, note.

    Raises:
        UserError: The file is missing, or a row is not one.
    """
    tables = read_yaml(path)
    try:
        TABLES.validate_python(tables)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        told = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        raise UserError(f"{path}: {place} {told[0].lower()}{told[1:]}.") from error
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
