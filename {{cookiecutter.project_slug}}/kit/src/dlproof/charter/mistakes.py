"""What the schema refuses in a charter, a sentence for each place: which form it asks for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ..config import nearest
from .schema import Charter
from .words import OPEN, are_alike, is_placeholder, say_placeholder

# What pydantic calls an error -> the form that was asked for, where the field does not say it.
FORMS = {
    "string_type": "text; put quotes around it",
    "int_type": "a whole number",
    "float_type": "a number",
    "date_type": "a date such as 2027-01-31",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of {ge:g} or more",
    "less_than_equal": "a number of {le:g} or less",
    "literal_error": "{expected}",
    "list_type": "a list",
    "dict_type": "a mapping",
    "too_short": "a list of one or more",
}


SIGNED = "signed"
# Parts of a charter whose values are names: they may be the same as each other.
NAMES = ("name", "owner", "by", "licence", "link", "title", "contact", SIGNED)


@dataclass(frozen=True)
class Mistake:
    """What is the matter with a place of the charter.

    Attributes:
        reason: In words that follow the place's name.
        state: Whether nothing has been answered, or something wrong, or a date is over.
    """

    reason: str
    state: Literal["todo", "wrong", "expired"] = "wrong"


def find_mistakes(content: dict[str, Any]) -> dict[str, Mistake]:
    """Dotted place -> what the schema refuses there, in the schema's order."""
    try:
        TypeAdapter(Charter).validate_python(content)
    except ValidationError as error:
        return {place: mistake for item in error.errors() for place, mistake in list_mistakes(item)}
    return {}


def find_copies(content: dict[str, Any]) -> dict[str, Mistake]:
    """Dotted place -> that its text answers another question too."""
    texts = [(place, text) for place, text in flatten(content) if isinstance(text, str)]
    found = {}
    for (place, text), (other, copy) in combinations(texts, 2):
        if name_question(place) != name_question(other) and are_alike(text, copy):
            for here, there in ((place, other), (other, place)):
                told = f"repeats {there}: each question needs its own answer"
                found[here] = Mistake(told, "todo")
    return found


def name_question(place: str) -> str:
    """What a place asks, whichever item of a list it is in; of names, that it is one."""
    parts = [part for part in place.split(".") if not part.isdecimal()]
    return "a name" if {*parts} & {*NAMES} else ".".join(parts)


def find_dates(
    content: dict[str, Any], today: date, known: Iterable[str]
) -> Iterator[tuple[str, Mistake]]:
    """Signatures dated in the future or expired; those with other mistakes are listed already."""
    for section in Charter.model_fields:
        body, place = content.get(section), f"{section}.{SIGNED}"
        signed = body.get(SIGNED) if isinstance(body, dict) else None
        broken = any(name == section or name.startswith(place) for name in known)
        if broken or not isinstance(signed, dict):
            continue
        if signed["since"] > today:
            yield f"{place}.since", Mistake(f"must not be in the future, but is {signed['since']}")
        elif signed["until"] < today:
            told = f"was valid until {signed['until']}: ask {signed['by']} again"
            yield place, Mistake(told, "expired")


def flatten(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted place and scalar, for all that a value holds."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flatten(part, f"{place}.{name}" if place else str(name))
    else:
        yield place, value


def list_mistakes(error: ErrorDetails) -> Iterator[tuple[str, Mistake]]:
    """Place and text of a pydantic error; for a missing section, of each of its keys."""
    kind, parts, found = error["type"], error["loc"], error["input"]
    place = ".".join(map(str, parts))
    field, model = walk(parts)
    if kind == "missing":
        sections = field is not None and field.annotation is model
        names = [f"{place}.{name}" for name in model.model_fields] if sections else [place]
        yield from ((name, Mistake("is missing", "todo")) for name in names)
    elif kind == "extra_forbidden":
        known = list(walk(parts[:-1])[1].model_fields)
        yield place, Mistake(f"is not asked for{nearest(str(parts[-1]), known).rstrip('.')}")
    elif kind == OPEN:
        yield place, Mistake(error["msg"], "todo")
    elif is_placeholder(found):
        yield place, Mistake(say_placeholder(found), "todo")
    elif kind == "value_error":
        yield place, Mistake(error["msg"].removeprefix("Value error, "))
    else:
        shown = f", not {found!r:.40}" if isinstance(found, str | int | float) else ""
        yield place, Mistake(f"must be {find_form(error)}{shown}")


def find_form(error: ErrorDetails) -> str:
    """What a place must hold: as its field says, or else as the error has it."""
    kind = "date_type" if error["type"].startswith("date") else error["type"]
    field, model = walk(error["loc"])
    if kind == "model_type":
        return f"a mapping with {', '.join(model.model_fields)}"
    if field and field.description and not kind.startswith(("greater", "less")):
        return field.description
    return FORMS.get(kind, error["msg"]).format(**error.get("ctx", {})).replace("'", "")


def walk(place: Iterable[str | int]) -> tuple[FieldInfo | None, type[BaseModel]]:
    """The field at a place and the model of its content; None for what does not exist."""
    field: FieldInfo | None = None
    model: type[BaseModel] = Charter
    for part in place:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field:
            model = find_model(field.annotation)
        elif isinstance(part, str):
            return None, BaseModel  # a key of a mapping
    return field, model


def find_model(annotation: Any) -> type[BaseModel]:
    """The model behind a type, or behind the items of a list type; an empty one for other types."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = [find_model(part) for part in get_args(annotation)]
    return next((model for model in models if model.model_fields), BaseModel)
