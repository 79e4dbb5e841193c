"""The charter `project.yaml`: what only people can answer. Run: `charter`.

A value that begins with TODO is to do, never done. Sections are signed: who answers, since when,
and until when the answer holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml

from ..errors import UserError
from ..markup import Loader, read_yaml
from .mistakes import SIGNED, Mistake, find_copies, find_dates, find_mistakes, find_model
from .schema import Charter

CHARTER = "project.yaml"
GROUP_TOLERANCE = 0.05  # between a group's share in the data and in the population


@dataclass(frozen=True)
class Answer:
    """One value of the charter: what it is, and what is wrong with it.

    Attributes:
        key: Dotted place, such as `problem.statement` or `data.sources.0.licence`.
        line: Line in the file; 0 where the key is missing.
        value: As written.
        state: `done`, or what the matter is.
        reason: What is wrong or to do, in words that follow the place's name.
        place: Where exactly, below the key.
    """

    key: str
    line: int
    value: Any
    state: Literal["done", "todo", "wrong", "expired"]
    reason: str = ""
    place: str = ""

    def as_line(self) -> str:
        """`project.yaml:12 success.minimum is to do`."""
        return f"{CHARTER}:{self.line} {self.place or self.key} {self.reason}"


Lines = dict[str, int]


def read_charter(path: Path | str = CHARTER) -> tuple[dict[str, Any], Lines]:
    """The charter as plain containers, and the line of every key.

    Raises:
        UserError: The file is missing, not a mapping in YAML, or holds an impossible date.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} must have sections such as `problem:`.")
    node = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader)
    return content, dict(find_lines(node))


def find_lines(node: yaml.Node, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Dotted place -> line, for mappings and lists at any depth."""
    if prefix:
        yield prefix, node.start_mark.line + 1
    dot = f"{prefix}." if prefix else ""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from find_lines(value, f"{dot}{key.value}")
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from find_lines(value, f"{dot}{index}")


class Answers:
    """The charter's values, each with its state.

    Args:
        content: As read.
        lines: Dotted place -> line.
        today: For dates; the present day by default.

    Attributes:
        mistakes: Dotted place -> what is the matter there.
    """

    def __init__(self, content: dict[str, Any], lines: Lines, today: date | None = None) -> None:
        self.content, self.lines = content, lines
        self.today = today or date.today()
        self.mistakes = find_copies(content) | find_mistakes(content)
        self.mistakes |= find_dates(content, self.today, self.mistakes)

    def get(self, key: str) -> Answer:
        """One answer by its dotted place; for a section or list, all that it holds."""
        found, value = select(self.content, key)
        if not found:
            return Answer(key, self.find_line(key), None, "todo", "is missing")
        section = key.partition(".")[0]
        for within in (key, f"{section}.{SIGNED}"):
            if told := self.find_worst(within):
                place, mistake = told
                line = self.find_line(place)
                return Answer(key, line, value, mistake.state, mistake.reason, place)
        return Answer(key, self.lines.get(key, 0), value, "done")

    def find_worst(self, within: str) -> tuple[str, Mistake] | None:
        """What is the matter with a place or something in it: what is to do comes first."""
        found = [
            (place, mistake)
            for place, mistake in self.mistakes.items()
            if place == within or place.startswith(f"{within}.")
        ]
        return min(found, key=lambda pair: pair[1].state != "todo", default=None)

    def find_line(self, place: str) -> int:
        """The line of a place, or of the nearest parent that exists; otherwise 1."""
        parts = place.split(".")
        places = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self.lines[name] for name in places if name in self.lines), 1)

    def all(self) -> list[Answer]:
        """Every answer of the schema, in the file's order."""
        places = [place for name in Charter.model_fields for place in leaves(name, self.content)]
        return [self.get(place) for place in places]


def leaves(section: str, content: dict[str, Any]) -> list[str]:
    """Dotted places of a section's answers."""
    value = content.get(section)
    if isinstance(value, list):
        return [f"{section}.{index}" for index in range(len(value))]
    model = find_model(Charter.model_fields[section].annotation)
    names = [name for name in model.model_fields if name != SIGNED]
    return [f"{section}.{name}" for name in names]


def select(content: Any, key: str) -> tuple[bool, Any]:
    """Whether a dotted place exists, and its value."""
    for part in key.split("."):
        if isinstance(content, dict) and part in content:
            content = content[part]
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return False, None
    return True, content
