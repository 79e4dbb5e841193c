"""Settings of the project's own stages, in `configs/stages.yaml`; unknown keys are refused."""

from typing import Annotated, Literal

import dlproof
from dlproof import Positive, Share, Strict
from pydantic import Field


class Clean(Strict):
    """What the `clean` stage removes."""

    missing: Literal["keep", "drop"]
    duplicates: Literal["auto", "keep", "drop"]
    near_duplicates: Literal["group", "drop"]
    group_keys: Literal["exact", "fold"]
    min_similarity: Annotated[float, Field(gt=0, le=1)]


class Baselines(Strict):
    """Which models the `baselines` stage fits, and on how many items."""

    max_items: Positive
    resamples: Positive
    backbone: str | None
    weights: str | None


class Evaluate(Strict):
    """Intervals of the `evaluate` stage, what test items are put through, and why once more."""

    reason: str
    confidence: Share
    resamples: Positive
    sure: Share
    robustness: dict[str, list[Annotated[float, Field(ge=0)]]]
    robustness_items: Positive


class Calibrate(Strict):
    """How often the interval of a predicted number should hold the true one."""

    confidence: Share


class Export(Strict):
    """Format of the `export` stage, and how closely it must agree with PyTorch."""

    opset: Positive
    tolerance: float
    items: Positive


class Serve(Strict):
    """Address and limits of the service."""

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    max_mb: float
    notice_seconds: Annotated[float, Field(ge=0)]
    drain_seconds: Annotated[float, Field(ge=0)]


class Predict(Strict):
    """What the `predict` stage reads and writes."""

    input: str
    output: str | None
    absent: list[str]


class Monitor(Strict):
    """Window and bound of the `monitor` stage."""

    max_psi: float
    min_items: Positive
    window: Positive


class Config(dlproof.Config):
    """The whole composed config: what every project has, and this project's stages."""

    clean: Clean
    baselines: Baselines
    evaluate: Evaluate
    calibrate: Calibrate
    export: Export
    serve: Serve
    predict: Predict
    monitor: Monitor
