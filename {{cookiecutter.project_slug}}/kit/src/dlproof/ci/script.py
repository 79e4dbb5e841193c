"""A script of CI, and the YAML that CI's files are written in."""

import re
import textwrap
from collections.abc import Iterator
from configparser import Error as IniError
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

PUSH, REQUEST = "push", "request"
EVERY = frozenset({PUSH, REQUEST})
# What reading a file raises that is damaged, or of another form than its kind.
DAMAGE = (
    *(OSError, ValueError, TypeError, AttributeError, LookupError, SyntaxError, RecursionError),
    *(yaml.YAMLError, IniError),
)


class UnreadableError(Exception):
    """A file that CI or a command of it reads cannot be read; the message is the sentence."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Says of a file what keeps it from being read.

    Raises:
        UnreadableError: It is damaged, or of another form than its kind.
    """
    try:
        yield
    except DAMAGE as error:
        reason = textwrap.shorten(re.sub(r" at 0x\w+", "", str(error)), 120)
        told = f"{path.as_posix()} cannot be read ({reason}), so nothing in it counts"
        raise UnreadableError(told) from error


@dataclass(frozen=True)
class Script:
    """What a job runs in one shell.

    Attributes:
        path: The file that says so.
        text: The commands.
        triggers: When: at every push, at every request, or both.
        pipefail: Whether a pipe fails with any of its commands.
        damage: Why the file cannot be read; empty where it can.
    """

    path: str
    text: str
    triggers: frozenset[str] = field(default=EVERY)
    pipefail: bool = False
    damage: str = ""


class Reference(list[Any]):
    """GitLab's `!reference [job, key]`, which stands for what is there."""


class Loader(yaml.SafeLoader):
    """YAML with tags that are not known read as plain values."""


def read_plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    """A value without its tag."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


def read_reference(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> Reference:
    """A reference that is still to follow."""
    return Reference(loader.construct_sequence(node, deep=True))


Loader.add_multi_constructor("!", read_plain)
Loader.add_constructor("!reference", read_reference)
Loader.add_constructor("tag:yaml.org,2002:bool", Loader.construct_yaml_str)  # `on` is a name


def read_yaml(path: Path) -> dict[str, Any]:
    """A file's mapping; an empty one where there is nothing in it.

    Raises:
        UnreadableError: It is no YAML, or no mapping.
    """
    with reading(path):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)
        return dict(content or {})


def is_true(value: Any) -> bool:
    """Whether a key is set: not `false` or an empty text, which are texts here."""
    return str(value or "").lower() not in ("", "false", "no", "0")


def fill(text: str, values: dict[str, list[Any]], pattern: str) -> Iterator[str]:
    """A text once for each combination of values of the names that it holds.

    Args:
        text: With names to fill in.
        values: Name -> what it may be.
        pattern: How a name stands in the text; `NAME` for the name.
    """
    places = {name: re.compile(pattern.replace("NAME", re.escape(str(name)))) for name in values}
    held = [name for name in values if values[name] and places[name].search(text)]
    for chosen in product(*(values[name] for name in held)):
        filled = text
        for name, value in zip(held, map(str, chosen), strict=True):
            filled = value.join(places[name].split(filled))
        yield filled


def flatten(script: Any) -> Iterator[str]:
    """Lines of a script, which may hold lists of others."""
    for line in script if isinstance(script, list) else [script]:
        if isinstance(line, list):
            yield from flatten(line)
        else:
            yield str(line)
