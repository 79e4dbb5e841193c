"""The whole composed config, and what is wrong with one in sentences.

Architectures and callbacks are open, since users add their own: there, the built class refuses
what it does not know.
"""

import difflib
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from .data import Augmentation, Balance, Data, Loader, Preprocess, Split
from .stages import (
    Ablate,
    Baselines,
    Benchmark,
    Clean,
    Diagnose,
    Evaluate,
    Explore,
    Export,
    FindBatchSize,
    FindLr,
    Labels,
    Monitor,
    Predict,
    Probe,
    Sanity,
    Serve,
    Tune,
)
from .strict import Named, Open, Strict
from .training import Launcher, Optimizer, Schedule, Task, Trainer


class Paths(Strict):
    """Folders, relative to the project root."""

    data_dir: str
    models_dir: str
    reports_dir: str
    runs_dir: str


class Config(Strict):
    """The whole composed config."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    goal: str
    change: str
    strict: bool
    reasons: dict[str, str]
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
    callbacks: dict[str, Open | None]
    logger: dict[str, Open | None]
    explore: Explore
    clean: Clean
    labels: Labels
    baselines: Baselines
    sanity: Sanity
    find_lr: FindLr
    find_batch_size: FindBatchSize
    tune: Tune
    diagnose: Diagnose
    evaluate: Evaluate
    ablate: Ablate
    export: Export
    benchmark: Benchmark
    serve: Serve
    probe: Probe
    predict: Predict
    monitor: Monitor


def find_mistakes(config: dict[str, Any]) -> list[str]:
    """One sentence for each key or value of a composed config that the schema refuses."""
    try:
        Config.model_validate(config)
    except ValidationError as error:
        return [describe_mistake(item) for item in error.errors()]
    return []


def describe_mistake(item: Any) -> str:
    """`optimizer.lr: must be a number, not 'fast'`, with the nearest key for an unknown one."""
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        owner = find_model(item["loc"][:-1])
        known = [field.alias or name for name, field in owner.model_fields.items()]
        close = difflib.get_close_matches(str(item["loc"][-1]), known, n=1, cutoff=0.5)
        return f"{key} is unknown" + (f": did you mean {close[0]}?" if close else ".")
    if item["type"] == "missing":
        return f"{key} is missing."
    message = item["msg"].removeprefix("Input ")
    return f"{key}={item['input']!r} {message[0].lower()}{message[1:]}."


def find_model(location: tuple[Any, ...]) -> type[BaseModel]:
    """The schema class that describes the mapping at a location."""
    model: type[BaseModel] = Config
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None and isinstance(field.annotation, type):
            model = field.annotation
    return model
