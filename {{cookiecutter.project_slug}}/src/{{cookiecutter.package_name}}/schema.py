"""The config's schema: unknown keys and wrong types are refused before anything starts.

Options of a group that share their keys share a class; architectures and callbacks are open, since
users add their own: there, the built class refuses what it does not know.
"""

import difflib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Refuses unknown keys and does not convert types (a `true` is no number)."""

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)

    target_: str | None = Field(None, alias="_target_")


class Open(Strict):
    """A group whose options bring keys of their own."""

    model_config = ConfigDict(extra="allow")


class Paths(Strict):
    """Folders, relative to the project root."""

    data_dir: str
    models_dir: str
    reports_dir: str
    runs_dir: str


class Data(Strict):
    """Where raw data lies; images have `root`, tables `path`, `target` and `drop`."""

    name: str
    embedded: str | None
    root: str | None = None
    path: str | None = None
    target: str | None = None
    drop: list[str] = []


class Task(Strict):
    """What is predicted, and the metric that ranks models."""

    name: str
    metric: str
    mode: Literal["min", "max"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Split(Strict):
    """Shares of the three splits."""

    name: Literal["stratified", "random"]
    train: Share
    validation: Share
    test: Share


class Preprocess(Strict):
    """Shape and encoding of an item."""

    name: str
    size: Positive | None = None
    channels: Literal["auto", 1, 3] = "auto"
    max_categories: Positive | None = None


class Augmentation(Strict):
    """Ranges of the random changes of training items."""

    name: str
    shift: Share = 0.0
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Share = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    flip: bool = False
    deviation: Annotated[float, Field(ge=0)] = 0.0


class Balance(Strict):
    """How rare classes are made to count."""

    name: Literal["none", "class_weights", "weighted_sampler"]


class Loader(Strict):
    """How batches are read."""

    batch_size: Positive
    num_workers: Literal["auto"] | Annotated[int, Field(ge=0)]
    pin_memory: Literal["auto"] | bool


class Optimizer(Strict):
    """Keyword arguments of the optimizer class."""

    partial_: Literal[True] = Field(alias="_partial_")
    name: str
    lr: Annotated[float, Field(ge=0)]
    weight_decay: Annotated[float, Field(ge=0)]
    betas: list[float] | None = None
    eps: float | None = None
    momentum: float | None = None
    nesterov: bool | None = None


class Schedule(Strict):
    """The shape of the learning rate over all steps."""

    partial_: Literal[True] = Field(alias="_partial_")
    name: str
    warmup: Share
    milestones: list[Share] | None = None
    factor: float | None = None
    start: float | None = None
    end: float | None = None


class Trainer(Strict):
    """Arguments of Lightning's Trainer."""

    name: str
    accelerator: str
    devices: Literal["auto"] | int | list[int]
    num_nodes: Positive
    strategy: str
    precision: str | int
    max_epochs: int
    max_steps: int
    gradient_clip_val: float | None
    accumulate_grad_batches: Positive
    check_val_every_n_epoch: Positive
    log_every_n_steps: Positive
    num_sanity_val_steps: int
    limit_train_batches: int | float
    limit_val_batches: int | float
    overfit_batches: int | float
    fast_dev_run: bool | int
    detect_anomaly: bool
    deterministic: bool | Literal["warn"]
    enable_progress_bar: bool


class Named(Open):
    """An option that has a name and its own keys."""

    name: str


class Explore(Strict):
    """Settings of the explore stage."""

    outlier_z: float
    samples_per_class: Positive


class Baselines(Strict):
    """Settings of the baselines stage."""

    max_items: Positive
    resamples: Positive


class Sanity(Strict):
    """Settings of the sanity stage."""

    steps: Positive
    num_items: Positive
    max_loss_share: Share


class Evaluate(Strict):
    """Settings of the evaluate stage."""

    reason: str
    confidence: Share
    resamples: Positive


class Export(Strict):
    """Settings of the export stage."""

    opset: Positive
    tolerance: float
    items: Positive


class Benchmark(Strict):
    """Settings of the benchmark stage."""

    batches: list[Positive]
    repeats: Positive


class Serve(Strict):
    """Settings of the service."""

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    max_mb: float
    notice_seconds: Annotated[float, Field(ge=0)]
    drain_seconds: Annotated[float, Field(ge=0)]


class Probe(Strict):
    """Settings of the probe stage."""

    num_items: Positive
    requests_per_second: Annotated[float, Field(gt=0)]
    load_seconds: Annotated[float, Field(ge=0)]


class Predict(Strict):
    """Settings of offline prediction."""

    input: str
    output: str


class Monitor(Strict):
    """Settings of the monitor stage."""

    max_psi: float
    min_items: Positive
    window: Positive


class Config(Strict):
    """The whole composed config."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    goal: str
    change: str
    strict: bool
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
    callbacks: dict[str, Open | None]
    logger: dict[str, Open | None]
    explore: Explore
    baselines: Baselines
    sanity: Sanity
    evaluate: Evaluate
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
