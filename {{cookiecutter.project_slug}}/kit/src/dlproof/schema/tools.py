"""The settings of stages, in `configs/stages.yaml`."""

from typing import Annotated

from pydantic import Field

from .strict import Positive, Share, Strict


class Explore(Strict):
    """Settings of the explore stage."""

    outlier_z: float
    samples_per_class: Positive


class Labels(Strict):
    """Settings of the labels stage."""

    spot_check: Positive
    folds: Annotated[int, Field(ge=2)]
    max_items: Positive


class Sanity(Strict):
    """Settings of the sanity stage."""

    steps: Positive
    num_items: Positive
    max_loss_share: Share
    card: Positive | str | None
    skip: str


class FindLr(Strict):
    """Settings of the find_lr stage."""

    low: Annotated[float, Field(gt=0)]
    high: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    steps: Annotated[int, Field(ge=30)]


class FindBatchSize(Strict):
    """Settings of the find_batch_size stage."""

    steps: Positive
    min_gain: Annotated[float, Field(gt=0)]


class Diagnose(Strict):
    """Settings of the diagnose stage."""

    run: str


class Tune(Strict):
    """Settings of the search for hyperparameters."""

    keys: Annotated[list[str], Field(min_length=1)]
    ranges: dict[str, Annotated[list[int | float], Field(min_length=2, max_length=2)]]
    trials: Positive
    epochs: Positive
    storage: str | None


class Ablate(Strict):
    """Settings of the ablate stage."""

    components: Annotated[dict[str, list[str]], Field(min_length=1)]
    seeds: Annotated[int, Field(ge=2)]
    epochs: Positive
    negligible: Share


class Staleness(Strict):
    """Settings of the staleness stage."""

    shares: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2)]
    seeds: Annotated[int, Field(ge=2)]
    epochs: Positive


class Compare(Strict):
    """Settings of the compare stage."""

    champion: str | list[str]
    challenger: str | list[str]


class Benchmark(Strict):
    """Settings of the benchmark stage."""

    batches: list[Positive]
    repeats: Positive


class Probe(Strict):
    """Settings of the probe stage."""

    num_items: Positive
    requests_per_second: Annotated[float, Field(gt=0)]
    load_seconds: Annotated[float, Field(ge=0)]
