"""The charter `project.yaml`: what only people can answer. Run: `charter`.

A value that begins with TODO is to do, never done. Sections are signed: who answers, since when,
and until when the answer holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from ..errors import UserError
from .schema import Charter

PLACEHOLDER = "TODO"
GROUP_TOLERANCE = 0.05  # between a group's share in the data and in the population


@dataclass(frozen=True)
class Answer:
    """One value of the charter: what it is, and what is wrong with it.

    Attributes:
        key: Dotted place, such as `problem.statement` or `data.sources.0.licence`.
        line: Line in the file; 0 where the key is missing.
        value: As written.
        state: `done`, `todo`, `wrong` or `expired`.
        reason: What is wrong or to do.
    """

    key: str
    line: int
    value: Any
    state: Literal["done", "todo", "wrong", "expired"]
    reason: str = ""


Lines = dict[str, int]


def read_charter(path: Path | str = "project.yaml") -> tuple[dict[str, Any], Lines]:
    """The charter as plain containers, and the line of every key.

    Raises:
        UserError: The file is missing or no YAML mapping.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except FileNotFoundError as error:
        raise UserError(f"{path} is not there: take it from git or the template.") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold sections such as `problem:`.")
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


def is_placeholder(value: Any) -> bool:
    """Whether a value is still to do."""
    return value is None or (isinstance(value, str) and value.strip().startswith(PLACEHOLDER))


class Answers:
    """The charter's values, each with its state.

    Args:
        content: As read.
        lines: Dotted place -> line.
        today: For expiry; the present day by default.
    """

    def __init__(self, content: dict[str, Any], lines: Lines, today: date | None = None) -> None:
        self.content, self.lines = content, lines
        self.today = today or date.today()
        self.mistakes = find_mistakes(content)

    def get(self, key: str) -> Answer:
        """One answer by its dotted place; a section or list stands for all it holds."""
        found, value = select(self.content, key)
        line = self.lines.get(key, 0)
        if not found:
            return Answer(key, 0, None, "todo", "is missing")
        inside = (
            {**flatten(value, key), key: value} if isinstance(value, dict | list) else {key: value}
        )
        unfinished = sorted(place for place, part in inside.items() if is_placeholder(part))
        if unfinished:
            return Answer(key, self.lines.get(unfinished[0], line), value, "todo", "is to do")
        wrong = [
            m for place, m in self.mistakes.items() if place == key or place.startswith(f"{key}.")
        ]
        if wrong:
            return Answer(key, line, value, "wrong", wrong[0])
        return self.hold_signature(Answer(key, line, value, "done"))

    def hold_signature(self, answer: Answer) -> Answer:
        """The answer, unless its section is unsigned or its date is over."""
        section = answer.key.partition(".")[0]
        body = self.content[section]
        signed = body.get("signed") if isinstance(body, dict) else None
        if not isinstance(body, dict) or "signed" not in type_of(section).model_fields:
            return answer
        place = f"{section}.signed"
        wrong = [reason for key, reason in self.mistakes.items() if key.startswith(place)]
        if not isinstance(signed, dict) or any(map(is_placeholder, signed.values())):
            return Answer(
                answer.key, self.lines.get(place, 0), answer.value, "todo", "is not signed"
            )
        if wrong:
            return Answer(answer.key, self.lines.get(place, 0), answer.value, "wrong", wrong[0])
        if signed["until"] < self.today:
            reason = f"held until {signed['until']}: ask {signed['by']} again"
            return Answer(answer.key, answer.line, answer.value, "expired", reason)
        return answer

    def all(self) -> list[Answer]:
        """Every answer of the schema, in the file's order."""
        places = [place for name in Charter.model_fields for place in leaves(name, self.content)]
        return [self.get(place) for place in places]


def type_of(section: str) -> type[BaseModel]:
    """The schema of a section; a list's is its items'."""
    annotation = Charter.model_fields[section].annotation
    while get_origin(annotation) is not None:
        annotation = get_args(annotation)[0]
    assert isinstance(annotation, type)
    return annotation


def leaves(section: str, content: dict[str, Any]) -> list[str]:
    """Dotted places of a section's answers."""
    value = content.get(section)
    if isinstance(value, list):
        return [f"{section}.{index}" for index in range(len(value))]
    names = [name for name in type_of(section).model_fields if name != "signed"]
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


def flatten(value: Any, prefix: str) -> dict[str, Any]:
    """Dotted place -> scalar, for all that a value holds."""
    if isinstance(value, dict):
        parts = [flatten(part, f"{prefix}.{name}") for name, part in value.items()]
    elif isinstance(value, list):
        parts = [flatten(part, f"{prefix}.{index}") for index, part in enumerate(value)]
    else:
        return {prefix: value}
    return {place: leaf for part in parts for place, leaf in part.items()}


def find_mistakes(content: dict[str, Any]) -> dict[str, str]:
    """Dotted place -> what the schema refuses there; placeholders are no mistakes."""
    try:
        TypeAdapter(Charter).validate_python(content)
    except ValidationError as error:
        mistakes = {}
        for item in error.errors():
            place = ".".join(map(str, item["loc"]))
            found, value = select(content, place)
            if not (found and is_placeholder(value)):
                mistakes[place] = item["msg"].removeprefix("Value error, ")
        return mistakes
    return {}
