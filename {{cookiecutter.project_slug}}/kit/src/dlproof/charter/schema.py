"""The charter's schema: which answers `project.yaml` must hold, and what does not count as one.

`mistakes.py` distinguishes what is to do (TODO, placeholders, what is missing) from what is wrong.
"""

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .words import (
    Amount,
    Licence,
    Link,
    Mitigation,
    Name,
    Phrase,
    Sentence,
    Text,
    is_nothing,
    refuse_no_figure,
    refuse_paragraphs,
    refuse_two_people,
)


class Section(BaseModel):
    """Refuses unknown keys and does not convert types (`yes` is not a number)."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Signature(Section):
    """Who answers, since when, until when the answer holds."""

    by: Name
    since: date
    until: date

    @model_validator(mode="after")
    def refuse_backwards(self) -> "Signature":
        """An answer cannot end before it begins."""
        if self.until < self.since:
            raise ValueError(f"ends on {self.until}, before it was signed on {self.since}")
        return self


class Problem(Section):
    """What is asked."""

    statement: Annotated[Sentence, AfterValidator(refuse_paragraphs)]
    goal: Sentence
    goal_number: Phrase
    input: Phrase
    output: Phrase
    classes: Annotated[list[Text], Field(description="a list of classes, or [] for a number")]
    task: Literal["classification", "regression", "segmentation", "detection", "generation"]
    signed: Signature


class Need(Section):
    """Why deep learning."""

    why_deep_learning: Sentence
    enough_data: Sentence
    expected_gain: Amount
    from_scratch: Phrase
    good_enough_baseline: Sentence
    worth_it: Sentence
    signed: Signature


class Success(Section):
    """When the work is good enough."""

    metric: Name
    minimum: float
    source: Sentence
    costs: Annotated[
        list[Annotated[list[Amount], Field(description="a row of numbers, one per class")]],
        Field(description="a list of rows, such as [[0, 1], [5, 0]], or [] for a number"),
    ]
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

    currency: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", description="an ISO 4217 code, such as EUR")
    ]
    price_per_hour: Amount
    training: Amount
    serving_per_month: Amount
    signed: Signature


class Expert(Section):
    """Somebody who knows the field."""

    name: Name
    reviewed: Sentence


class People(Section):
    """Who is involved."""

    owner: Annotated[Name, AfterValidator(refuse_two_people)]
    contact: Annotated[
        str,
        Field(
            pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+|@[\w-]+(/[\w.-]+)?)$",
            description="an e-mail address or a @name, as CODEOWNERS has it",
        ),
    ]
    rhythm: Phrase
    experts: Annotated[list[Expert], Field(min_length=1)]
    signed: Signature


class Milestone(Section):
    """A step with a date."""

    name: Name
    scope: Phrase
    due: date


class Source(Section):
    """Where data comes from and by what right."""

    name: Name
    licence: Licence
    owner: Name
    link: Link


class LabelCheck(Section):
    """What a person found on the sheet of random labels that `labels` writes."""

    sheet: Annotated[
        str,
        Field(pattern=r"^[0-9a-f]{12}$", description="the 12 characters that `labels` prints"),
    ]
    checked: Annotated[int, Field(ge=0)]
    wrong: Annotated[int, Field(ge=0)]
    how: Sentence


class DataAnswers(Section):
    """What the data represents."""

    population: Sentence
    groups: Annotated[
        dict[str, Annotated[float, Field(gt=0, le=1)]],
        Field(description="a mapping of groups to their shares, such as {label=7: 0.1}, or {}"),
    ]
    sampling: Sentence
    dev_and_test: Sentence
    sources: Annotated[list[Source], Field(min_length=1)]
    personal: Sentence
    personal_found: Annotated[
        dict[str, Sentence],
        Field(description="a mapping of kinds that `ingest` found to why they may be there, or {}"),
    ]
    forbidden: Annotated[list[Text], Field(description="a list of columns or sources, or []")]
    collection_cost: Phrase
    label_check: LabelCheck
    signed: Signature


class Risk(Section):
    """A harm, how bad it is, and what is done about it."""

    harm: Phrase
    level: Literal["low", "medium", "high"]
    mitigation: Mitigation

    @model_validator(mode="after")
    def refuse_idleness(self) -> "Risk":
        """Only a low risk may be borne without doing anything."""
        if self.level != "low" and is_nothing(self.mitigation):
            raise ValueError(f"needs a mitigation, since its level is {self.level}")
        return self


class Serving(Section):
    """Where the model works."""

    target: Literal["server", "client", "browser", "device"]
    max_age_days: Annotated[int, Field(gt=0)]
    runs_page: Link
    limitations: Sentence
    signed: Signature


class Reference(Section):
    """What others reach."""

    title: Phrase
    figure: Annotated[Phrase, AfterValidator(refuse_no_figure)]
    link: Link


class Waiver(Section):
    """A rule of thumb that does not hold here, for now."""

    bullet: Text
    reason: Sentence
    by: Name
    until: date


def refuse_disorder(milestones: list[Milestone]) -> list[Milestone]:
    """Milestones in the order of their dates."""
    for earlier, later in pairwise(milestones):
        if later.due < earlier.due:
            raise ValueError(f"must be in order, and {later.name!r} is due before {earlier.name!r}")
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
