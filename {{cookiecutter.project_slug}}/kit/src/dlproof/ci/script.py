"""A script of CI, and the YAML that CI's files are written in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

PUSH, REQUEST = "push", "request"
EVERY = frozenset({PUSH, REQUEST})


@dataclass(frozen=True)
class Script:
    """What a job runs in one shell.

    Attributes:
        path: The file that says so.
        text: The commands.
        triggers: When: at every push, at every request, or both.
        pipefail: Whether a pipe fails with any of its commands.
    """

    path: str
    text: str
    triggers: frozenset[str] = field(default=EVERY)
    pipefail: bool = False


class Loader(yaml.SafeLoader):
    """YAML with tags that are not known, such as GitLab's `!reference`, read as plain values."""


def read_plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    """A value without its tag."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


Loader.add_multi_constructor("!", read_plain)
Loader.add_constructor("tag:yaml.org,2002:bool", Loader.construct_yaml_str)  # `on` is a name


def read_yaml(path: Path) -> dict[str, Any]:
    """A file's mapping; empty if it holds anything else."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


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
    held = {n: v for n, v in values.items() if v and re.search(pattern.replace("NAME", n), text)}
    for chosen in product(*held.values()):
        filled = text
        for name, value in zip(held, chosen, strict=True):
            filled = re.sub(pattern.replace("NAME", name), str(value), filled)
        yield filled


def flatten(script: Any) -> Iterator[str]:
    """Lines of a script, which may hold lists of others."""
    for line in script if isinstance(script, list) else [script]:
        if isinstance(line, list):
            yield from flatten(line)
        else:
            yield str(line)
