"""The keyword arguments that a config's classes take: the schema learns them from signatures."""

import inspect
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from hydra.utils import get_object
from pydantic import BaseModel, create_model

from .strict import Open, Strict

PLAIN = (bool, int, float, str, NoneType)  # what YAML holds; the class itself refuses the rest
Schema = TypeVar("Schema", bound=BaseModel)


def add_arguments(schema: type[Schema], config: dict[str, Any]) -> type[Schema]:
    """A schema that knows what each group's class takes beyond the schema's own keys.

    A class is looked at only where its group has such a key and the command uses it: importing it
    takes seconds, and memory for torch that nobody who serves needs.

    Raises:
        ImportError: A class cannot be imported.
    """
    fields: dict[str, Any] = {}
    for name, field in schema.model_fields.items():
        model, group = field.annotation, config.get(name)
        if not (inspect.isclass(model) and issubclass(model, Strict) and isinstance(group, dict)):
            continue
        target = model.arguments_of or group.get("_target_")
        known = {known.alias or key for key, known in model.model_fields.items()}
        if target and not issubclass(model, Open) and set(group) - known:
            used = getattr(schema, "used", None)
            is_used = used is None or name in used
            extended = take_arguments(model, target, known) if is_used else open_up(model)
            fields[name] = (extended, ...)
    return create_model(schema.__name__, __base__=schema, **fields) if fields else schema


def open_up(model: type[Strict]) -> type[Strict]:
    """A group's schema with any argument: whatever uses the group holds it against its class."""
    return create_model(model.__name__, __base__=(model, Open))


def take_arguments(model: type[Strict], target: str, known: set[str]) -> type[Strict]:
    """A group's schema with the optional arguments of a callable.

    Arguments without a default are not the config's to give: code passes them.

    Raises:
        ImportError: The callable cannot be imported.
    """
    found = read_signature(target).values()
    optional = {
        parameter.name: (choose_type(parameter.annotation), parameter.default)
        for parameter in found
        if parameter.default is not parameter.empty and parameter.name not in known
    }
    is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in found)
    bases = (model, Open) if is_open and model.takes_any else model
    fields: dict[str, Any] = dict(optional)
    extended: type[Strict] = create_model(model.__name__, __base__=bases, **fields)
    return extended


def read_signature(target: str) -> dict[str, inspect.Parameter]:
    """The parameters of a class or function, with types where their names can be resolved.

    Raises:
        ImportError: It cannot be imported.
    """
    try:
        found = get_object(target)
    except Exception as error:  # whatever a module of the project's raises
        raise ImportError(f"{target} cannot be imported: {error}") from error
    try:
        return dict(inspect.signature(found, eval_str=True).parameters)
    except NameError:  # of a type that is imported for type checkers alone
        return dict(inspect.signature(found).parameters)


def choose_type(hint: Any) -> Any:
    """A type hint where YAML can hold all that it names, else anything."""
    if get_origin(hint) in (Union, UnionType):
        parts = [choose_type(part) for part in get_args(hint)]
        return Any if Any in parts else hint
    return hint if get_origin(hint) is Literal or hint in PLAIN else Any
