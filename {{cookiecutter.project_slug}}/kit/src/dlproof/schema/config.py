"""The whole composed config, and what is wrong with one in sentences.

Architectures and callbacks are open, since users add their own: there, the built class refuses
what it does not know. Elsewhere, `arguments` looks up what the named class takes.
"""

from collections.abc import Collection, Iterator
from types import NoneType
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from ..errors import nearest
from .arguments import add_arguments, read_signature
from .data import Augmentation, Balance, Data, Executor, Loader, Preprocess, Split
from .strict import Named, Open, Strict
from .tools import (
    Ablate,
    Benchmark,
    Compare,
    Diagnose,
    Explore,
    FindBatchSize,
    FindLr,
    Labels,
    Probe,
    Sanity,
    Staleness,
    Tune,
)
from .training import Launcher, Optimizer, Schedule, Task, Trainer

FEWEST_WORDS = 3  # of a reason


def refuse_no_sentence(reason: str) -> str:
    """Why a value is right takes some words."""
    if len(reason.split()) < FEWEST_WORDS:
        raise ValueError("must say in a sentence why the value is right")
    return reason


def refuse_no_value(reasons: dict[str, str]) -> dict[str, str]:
    """A reason is one for a value, and must not outlive it."""
    for choice in reasons:
        if "=" not in choice:
            raise ValueError(f"has {choice!r}, which has no value: write `{choice}=value: why`")
    return reasons


Reasons = Annotated[
    dict[str, Annotated[str, AfterValidator(refuse_no_sentence)]], AfterValidator(refuse_no_value)
]


class Paths(Strict):
    """Folders, relative to the project root."""

    data_dir: str
    models_dir: str
    reports_dir: str
    runs_dir: str
    experiments_dir: str


class Config(Strict):
    """What every project's composed config holds; a project adds the settings of its stages.

    Attributes:
        used: Groups that a command uses; None: all.
    """

    used: ClassVar[Collection[str] | None] = None
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    goal: str
    change: str
    keep: bool = True
    strict: bool
    reasons: Reasons
    resume: str | None
    paths: Paths
    data: Data
    task: Task
    split: Split
    preprocess: Preprocess
    augmentation: Augmentation
    balance: Balance
    loader: Loader
    model: Named
    optimizer: Optimizer
    schedule: Schedule
    trainer: Trainer
    launcher: Launcher
    executor: Executor
    callbacks: dict[str, Open | None]
    logger: dict[str, Open | None]
    explore: Explore
    labels: Labels
    sanity: Sanity
    find_lr: FindLr
    find_batch_size: FindBatchSize
    tune: Tune
    diagnose: Diagnose
    ablate: Ablate
    staleness: Staleness
    compare: Compare
    benchmark: Benchmark
    probe: Probe


def find_mistakes(config: dict[str, Any], schema: type[Config]) -> list[str]:
    """One sentence for each key or value of a composed config that the schema refuses."""
    try:
        schema = add_arguments(schema, config)
    except ImportError as error:
        return [f"{error}."]
    try:
        schema.model_validate(config)
    except ValidationError as error:
        places: dict[str, list[Any]] = {}  # several mistakes at one: the types that it may have
        for item in error.errors():
            places.setdefault(find_place(config, item["loc"]), []).append(item)
        return [
            sentence for place in places.items() for sentence in describe_mistakes(schema, *place)
        ]
    return []


def find_place(config: Any, location: tuple[Any, ...]) -> str:
    """The key that a location names, without the types that pydantic tried there."""
    place = []
    for part in location:
        try:
            config = config[part]
        except (KeyError, IndexError, TypeError):
            break
        place.append(str(part))
    return ".".join(place)


def describe_mistakes(schema: type[Config], place: str, items: list[Any]) -> Iterator[str]:
    """`optimizer.lr='fast' should be a valid number`, with the nearest key for an unknown one."""
    wrong = []
    for item in items:
        owner, last = find_model(schema, item["loc"][:-1]), str(item["loc"][-1])
        if item["type"] == "extra_forbidden":
            yield f"{place} is unknown{nearest(last, name_keys(owner))}"
        elif item["type"] == "none_required":
            yield f"{place} cannot be set here, only by {owner.model_fields[last].description}."
        elif item["type"] == "missing":
            yield f"{'.'.join(map(str, item['loc']))} is missing."
        elif item["type"] == "model_type":
            model = find_model(schema, item["loc"])
            is_known = model.__name__ == item["ctx"]["class_name"]
            keys = f" ({', '.join(name_keys(model))})" if is_known else ""
            yield f"{place}={item['input']!r} is a group: set its keys{keys} one by one."
        else:
            wrong.append(item["msg"].removeprefix("Input ").removeprefix("Value error, "))
    if wrong:
        told = " or ".join(f"{message[0].lower()}{message[1:]}" for message in wrong)
        yield f"{place}={items[0]['input']!r} {told}."


def list_arguments(group: str, config: Any) -> list[str]:
    """`group.argument` for all that a group's class takes; none where it cannot be imported."""
    option = config.get(group)
    if not isinstance(option, dict):
        return []
    try:
        schema = add_arguments(Config, {group: option | {"": None}})  # has it looked up
    except ImportError:
        return []
    model = find_model(schema, (group,))
    given = [name for name in name_keys(model) if not find_setter(group, name)]
    if target := option.get("_target_"):
        taken = read_signature(target)
        is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
        given = [name for name in given if is_open or name in taken]
    return [f"{group}.{name}" for name in given]


def find_setter(group: str, name: str) -> str:
    """What alone sets an argument that a group's class takes; empty where the group may."""
    field = find_model(Config, (group,)).model_fields.get(name)
    return str(field.description) if field and field.annotation is NoneType else ""


def name_keys(model: type[BaseModel]) -> list[str]:
    """Keys of a mapping that a schema class describes."""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return [key for key in keys if key != "_target_"]


def find_model(schema: type[BaseModel], location: tuple[Any, ...]) -> type[BaseModel]:
    """The schema class that describes the mapping at a location."""
    model = schema
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None and isinstance(field.annotation, type):
            model = field.annotation
    return model
