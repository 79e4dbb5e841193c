"""The groups of the problem and of training."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, WrapValidator

from .strict import Positive, Share, Strict

NotNegative = Annotated[float, Field(ge=0)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
# Of an epoch's batches: a number, or a share.
Batches = Positive | Annotated[float, Field(gt=0, le=1)]
Precision = Literal["auto", "32-true", "64-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true"]


class Task(Strict):
    """What is predicted, and the metric that ranks models."""

    name: str
    metric: str
    mode: Literal["min", "max"]
    label_smoothing: BelowOne = 0.0


def accept_auto(rate: Any, check: Callable[[Any], float]) -> Any:
    """Lets `auto` stand for the rate that `find_lr` suggests; anything else must be a number."""
    return rate if rate == "auto" else check(rate)


class Optimizer(Strict):
    """Keyword arguments of the optimizer class."""

    partial_: Literal[True] = Field(alias="_partial_")
    name: str
    lr: Annotated[NotNegative, WrapValidator(accept_auto)]
    weight_decay: NotNegative
    betas: Annotated[list[BelowOne], Field(min_length=2, max_length=2)] = Field([0.9, 0.999])
    eps: NotNegative = 1e-8
    momentum: BelowOne = 0.0
    nesterov: bool = False


class Schedule(Strict):
    """The shape of the learning rate over all steps."""

    partial_: Literal[True] = Field(alias="_partial_")
    name: str
    warmup: Share
    milestones: list[Share] = Field([])
    factor: Share = 0.1
    start: Share = 0.0
    end: Share = 0.0


class Launcher(Strict):
    """Where a command runs; the values are a SLURM job's."""

    name: Literal["local", "slurm"]
    minutes: Positive = 60
    signal_seconds: Positive = 120
    max_requeues: Annotated[int, Field(ge=0)] = 0
    gpus_per_node: Annotated[int, Field(ge=0)] | None = None
    cpus_per_task: Positive | None = None
    mem_gb: Annotated[float, Field(gt=0)] | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    setup: list[str] | None = None
    extra: dict[str, str | int | bool] | None = None
    wait: bool = False


class Trainer(Strict):
    """Arguments of Lightning's Trainer, and whether the network is compiled."""

    name: str
    compile: bool
    accelerator: str
    devices: Literal["auto", -1] | Positive | list[int]
    num_nodes: Positive
    strategy: str
    sync_batchnorm: bool
    precision: Precision | Literal[16, 32, 64]
    max_epochs: Literal["auto"] | Positive
    min_steps: Positive | None = None
    max_steps: Literal[-1] | Positive
    gradient_clip_val: NotNegative | None
    accumulate_grad_batches: Positive
    check_val_every_n_epoch: Positive
    log_every_n_steps: Positive
    num_sanity_val_steps: Annotated[int, Field(ge=-1)]
    limit_train_batches: Batches
    limit_val_batches: Batches
    overfit_batches: Annotated[int, Field(ge=0)] | Share
    fast_dev_run: bool | int
    detect_anomaly: bool
    deterministic: bool | Literal["warn"]
    enable_progress_bar: bool
