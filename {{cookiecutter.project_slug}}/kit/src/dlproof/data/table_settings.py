"""The config's word about columns, and how a sentence writes it: as an override, ready to paste."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UserError

KINDS = ("number", "category", "date", "ignore")
ESCAPED = re.compile(r"([\\()\[\]{}:=,])")  # in a key of Hydra's
PLAIN = re.compile(r"[A-Za-z0-9_/+.$%*@?| ()\[\]{}:=,\\-]+")  # what such a key may hold
BARE = re.compile(r"(?!(?:true|false|null|nan|inf)$)[A-Za-z]\w*", re.IGNORECASE | re.ASCII)

Fold = bool | Mapping[str, str]


@dataclass
class Rules:
    """What `data.columns`, `data.missing` and `data.fold` say.

    Attributes:
        columns: Column -> kind, or kind and how it is written.
        missing: Words that mean "not known" in every feature, or column -> words.
        fold: Column -> whether its spellings are one word, or spelling -> word.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    missing: list[str] | dict[str, list[str]] | None = None
    fold: dict[str, Fold] = field(default_factory=dict)

    def read_declared(self, name: str) -> tuple[str, dict[str, Any]] | None:
        """Kind of a column and how it is written, where the config says it.

        Raises:
            UserError: It is not a kind, or it is a date without its form.
        """
        told = self.columns.get(name)
        if told is None:
            return None
        if told == "date":
            raise UserError(
                f"{format_setting('columns', name, 'date')} must say how dates are written, such "
                f"as {format_setting('columns', name, {'date': '%d.%m.%Y'})} or 'ISO8601'."
            )
        kind, how = (told, {}) if isinstance(told, str) else next(iter(told.items()))
        if kind not in KINDS:
            raise UserError(
                f"{format_setting('columns', name, kind)} is none of {', '.join(KINDS)}."
            )
        return kind, {"date": how} if kind == "date" else dict(how)

    def has_date(self, name: str) -> bool:
        """Whether the config says that a column holds dates."""
        told = self.read_declared(name)
        return told is not None and told[0] == "date"

    def choose_missing(self, name: str, *, is_feature: bool) -> tuple[str, ...] | None:
        """Words that mean "not known" in a column; None where `data.missing` does not say.

        Args:
            name: The column's.
            is_feature: Whether it is a feature: a list applies only to features.
        """
        if isinstance(self.missing, Mapping):
            return tuple(self.missing[name]) if name in self.missing else None
        return tuple(self.missing) if self.missing is not None and is_feature else None


def read_rules(columns: Any, missing: Any, fold: Any) -> Rules:
    """Rules of a config, whose keys YAML may have read as numbers."""
    by_name = isinstance(missing, Mapping)
    return Rules(
        {str(name): told for name, told in (columns or {}).items()},
        {str(name): words for name, words in missing.items()} if by_name else missing,
        {
            str(name): rule if isinstance(rule, bool) else {str(k): str(v) for k, v in rule.items()}
            for name, rule in (fold or {}).items()
        },
    )


def format_setting(setting: str, column: str, value: Any) -> str:
    """`data.columns={zip: category}`; what no override can hold is said as YAML."""
    if PLAIN.fullmatch(column):
        key = ESCAPED.sub(r"\\\1", column)
        return f"data.{setting}={write({key: value})}"
    return f"`{setting}: {write({repr(column): value})}` in configs/data"


def write(value: Any) -> str:
    """A value as both Hydra and YAML read it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {write(part)}" for key, part in value.items()) + "}"
    if isinstance(value, str):
        return value if BARE.fullmatch(value) else repr(value)
    return "[" + ", ".join(repr(str(part)) for part in value) + "]"
