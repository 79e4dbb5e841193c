"""The groups of the problem and of training."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WrapValidator

from .strict import Positive, Share, Strict

NotNegative = Annotated[float, Field(ge=0)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
# Of an epoch's batches: a number, or a share.
Batches = Positive | Annotated[float, Field(gt=0, le=1)]
Precision = (
    Literal["auto", "32-true", "64-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true"]
    | Literal["transformer-engine", "transformer-engine-float16", "16", "bf16", "32", "64"]
    | Literal[16, 32, 64]
)
Numbers = Annotated[str, Field(pattern=r"^-?\d+(, ?\d+)*,?$")]  # of devices: "0,1"
Time = str | dict[str, int]  # "00:12:00:00", or {hours: 12}
Object = dict[str, Any]  # with its class as `_target_`


class Task(Strict):
    """What is predicted, and the metric that ranks models."""

    name: str
    metric: str
    mode: Literal["min", "max"]
    label_smoothing: BelowOne = 0.0


def accept_auto(rate: Any, check: Callable[[Any], float]) -> Any:
    """Accepts `auto` for the rate that `find_lr` suggests; anything else must be a number."""
    return rate if rate == "auto" else check(rate)


class Optimizer(Strict):
    """Keyword arguments of the optimizer class."""

    takes_any: ClassVar[bool] = True
    partial_: Literal[True] = Field(alias="_partial_")
    name: str
    lr: Annotated[NotNegative, WrapValidator(accept_auto)]
    weight_decay: NotNegative
    betas: Annotated[list[BelowOne], Field(min_length=2)] = Field([0.9, 0.999])
    eps: NotNegative | list[NotNegative | None] = 1e-8
    momentum: BelowOne = 0.0
    nesterov: bool = False


class Schedule(Strict):
    """The shape of the learning rate over all steps."""

    takes_any: ClassVar[bool] = True
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
    """Arguments of Lightning's Trainer, and whether the network is compiled.

    Here are those with a bound of their own, or that every config has. What else the Trainer takes
    is found by `arguments`.
    """

    arguments_of: ClassVar[str | None] = "lightning.pytorch.Trainer"
    name: str
    compile: bool
    accelerator: str
    devices: Literal["auto", -1] | Positive | list[int] | Numbers
    num_nodes: Positive
    strategy: str | Object
    sync_batchnorm: bool
    precision: Precision
    max_epochs: Literal["auto"] | Positive
    min_steps: Positive | None = None
    max_steps: Literal[-1] | Positive
    max_time: Time | None = None
    gradient_clip_val: NotNegative | None
    accumulate_grad_batches: Positive
    check_val_every_n_epoch: Positive
    val_check_interval: Batches | Time | None = None
    log_every_n_steps: Positive
    num_sanity_val_steps: Annotated[int, Field(ge=-1)]
    limit_train_batches: Batches
    limit_val_batches: Batches
    overfit_batches: Annotated[int, Field(ge=0)] | Share
    fast_dev_run: bool | int
    detect_anomaly: bool
    deterministic: bool | Literal["warn"]
    profiler: str | Object | None = None
    plugins: Object | list[Object] | None = None
    enable_progress_bar: bool
    # Set elsewhere: the description says where.
    callbacks: None = Field(None, description="config group `callbacks`")
    logger: None = Field(None, description="config group `logger`")
    default_root_dir: None = Field(None, description="paths.runs_dir")
    enable_checkpointing: None = Field(None, description="config group `callbacks`")
    use_distributed_sampler: None = Field(None, description="config group `loader`")
