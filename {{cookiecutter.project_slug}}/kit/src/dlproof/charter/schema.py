"""The charter's schema: which answers `project.yaml` holds, and which of them are none.

Placeholders (TODO) are no mistakes here: `charter.py` tells them from wrong answers.
"""

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .words import Amount, Licence, Sentence, Words, refuse_no_figure, refuse_two_people

NOTHING = {"none", "no", "nothing", "not needed", "accepted"}


class Section(BaseModel):
    """Refuses unknown keys and does not convert types (a `yes` is no number)."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Signature(Section):
    """Who answers, since when, until when the answer holds."""

    by: Words
    since: date
    until: date

    @model_validator(mode="after")
    def refuse_backwards(self) -> "Signature":
        """An answer cannot end before it begins."""
        if self.until < self.since:
            raise ValueError(f"holds until {self.until}, before it was signed on {self.since}")
        return self


class Problem(Section):
    """What is asked."""

    statement: Sentence
    goal: Words
    goal_number: Words
    input: Words
    output: Words
    classes: list[str]
    task: Literal["classification", "regression", "segmentation", "detection", "generation"]
    signed: Signature


class Need(Section):
    """Why deep learning."""

    why_deep_learning: Words
    enough_data: Words
    expected_gain: Amount
    from_scratch: Words
    good_enough_baseline: Words
    worth_it: Words
    signed: Signature


class Success(Section):
    """When the work is good enough."""

    metric: Words
    minimum: float
    source: Words
    costs: list[list[Amount]]
    signed: Signature


class Limits(Section):
    """What serving must keep."""

    latency_ms: Annotated[float, Field(gt=0)]
    memory_mb: Annotated[float, Field(gt=0)]
    requests_per_second: Annotated[float, Field(gt=0)]
    mode: Literal["online", "batch"]
    signed: Signature


class Budgets(Section):
    """What it may cost."""

    currency: Words
    price_per_hour: Amount
    training: Amount
    serving_per_month: Amount
    signed: Signature


class Expert(Section):
    """Somebody who knows the field."""

    name: Words
    reviewed: Words


class People(Section):
    """Who is there."""

    owner: Annotated[Words, AfterValidator(refuse_two_people)]
    contact: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    rhythm: Words
    experts: Annotated[list[Expert], Field(min_length=1)]
    signed: Signature


class Milestone(Section):
    """A step with a date."""

    name: Words
    scope: Words
    due: date


class Source(Section):
    """Where data comes from and by what right."""

    name: Words
    licence: Licence
    owner: Words
    link: Words


class LabelCheck(Section):
    """What a person found on the sheet of random labels that `labels` writes."""

    sheet: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    checked: Annotated[int, Field(ge=0)]
    wrong: Annotated[int, Field(ge=0)]
    how: Words


class DataAnswers(Section):
    """What the data stands for."""

    population: Words
    groups: dict[str, Annotated[float, Field(gt=0, le=1)]]
    sampling: Words
    dev_and_test: Words
    sources: Annotated[list[Source], Field(min_length=1)]
    personal: Words
    personal_found: dict[str, Words]
    forbidden: list[str]
    collection_cost: Words
    label_check: LabelCheck
    signed: Signature


class Risk(Section):
    """A harm, how bad it is, and what is done about it."""

    harm: Words
    level: Literal["low", "medium", "high"]
    mitigation: Words

    @model_validator(mode="after")
    def refuse_idleness(self) -> "Risk":
        """Only a low risk may be borne without doing anything."""
        if self.level != "low" and self.mitigation.strip(" .").lower() in NOTHING:
            raise ValueError(f"a {self.level} risk needs a mitigation")
        return self


class Serving(Section):
    """Where the model works."""

    target: Literal["server", "client", "browser", "device"]
    max_age_days: Annotated[int, Field(gt=0)]
    runs_page: Words
    limitations: Words
    signed: Signature


class Reference(Section):
    """What others reach."""

    title: Words
    figure: Annotated[Words, AfterValidator(refuse_no_figure)]
    link: Words


class Waiver(Section):
    """A rule of thumb that does not hold here, for now."""

    bullet: Words
    reason: Words
    by: Words
    until: date


def refuse_disorder(milestones: list[Milestone]) -> list[Milestone]:
    """Milestones in the order of their dates."""
    for earlier, later in pairwise(milestones):
        if later.due < earlier.due:
            raise ValueError(f"{later.name!r} is dated before {earlier.name!r}")
    return milestones


class Charter(Section):
    """All sections."""

    problem: Problem
    need: Need
    success: Success
    limits: Limits
    budgets: Budgets
    people: People
    milestones: Annotated[list[Milestone], Field(min_length=1), AfterValidator(refuse_disorder)]
    data: DataAnswers
    risks: Annotated[list[Risk], Field(min_length=1)]
    serving: Serving
    references: Annotated[list[Reference], Field(min_length=1)]
    waivers: list[Waiver] = []
