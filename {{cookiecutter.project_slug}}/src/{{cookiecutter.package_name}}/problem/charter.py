"""The charter `project.yaml`: what only people can answer. Run: `charter`.

A value that begins with TODO is to do, never done. Sections are signed: who answers, since when,
and until when the answer holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from ..errors import UserError

PLACEHOLDER = "TODO"


def refuse_placeholder(text: str) -> str:
    """A person's words: not empty and not a filler."""
    if len(text.strip()) < 2 or text.strip().lower() in {"tbd", "n/a", "none yet", "xxx", "?"}:
        raise ValueError("is a filler, not an answer")
    return text


def refuse_paragraphs(text: str) -> str:
    """One sentence."""
    ends = sum(text.rstrip().count(mark) for mark in (". ", "? ", "! ", "\n"))
    if ends or len(text) > 300:
        raise ValueError("must be one sentence of at most 300 characters")
    return text


def refuse_unknown_licence(text: str) -> str:
    """A licence or a contract, not the absence of one."""
    if text.strip().lower() in {"unknown", "unclear", "none", "no", "-"}:
        raise ValueError("must be an SPDX name (MIT, CC-BY-4.0 …) or name the contract")
    return text


Words = Annotated[str, AfterValidator(refuse_placeholder)]
Sentence = Annotated[Words, AfterValidator(refuse_paragraphs)]
Licence = Annotated[Words, AfterValidator(refuse_unknown_licence)]
Amount = Annotated[float, Field(ge=0)]
Day = Annotated[date, BeforeValidator(lambda value: value)]


class Section(BaseModel):
    """Refuses unknown keys and does not convert types (a `yes` is no number)."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Signature(Section):
    """Who answers, since when, until when the answer holds."""

    by: Words
    on: Day
    until: Day


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
    """Who is there. One owner: two names are nobody's."""

    owner: Annotated[Words, Field(pattern=r"^[^,;&/]+$")]
    contact: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    rhythm: Words
    experts: Annotated[list[Expert], Field(min_length=1)]
    signed: Signature


class Milestone(Section):
    """A step with a date."""

    name: Words
    scope: Words
    on: Day


class Source(Section):
    """Where data comes from and by what right."""

    name: Words
    licence: Licence
    owner: Words
    link: Words


class DataAnswers(Section):
    """What the data stands for."""

    population: Words
    groups: dict[str, Annotated[float, Field(gt=0, le=1)]]
    sampling: Words
    dev_and_test: Words
    sources: Annotated[list[Source], Field(min_length=1)]
    personal: Words
    forbidden: list[str]
    collection_cost: Words
    signed: Signature


class Risk(Section):
    """A harm, how bad it is, and what is done about it."""

    harm: Words
    level: Literal["low", "medium", "high"]
    mitigation: Words


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
    figure: Words
    link: Words


class Waiver(Section):
    """A rule of thumb that does not hold here, for now."""

    bullet: Words
    reason: Words
    by: Words
    until: Day


class Charter(Section):
    """All sections."""

    problem: Problem
    need: Need
    success: Success
    limits: Limits
    budgets: Budgets
    people: People
    milestones: Annotated[list[Milestone], Field(min_length=1)]
    data: DataAnswers
    risks: Annotated[list[Risk], Field(min_length=1)]
    serving: Serving
    references: Annotated[list[Reference], Field(min_length=1)]
    waivers: list[Waiver] = []


@dataclass(frozen=True)
class Answer:
    """One value of the charter: what it is, and what is wrong with it.

    Attributes:
        key: Dotted place, such as `problem.statement` or `data.sources.0.licence`.
        line: Line in the file; 0 where the key is missing.
        value: As written.
        state: `done`, `todo`, `wrong` or `expired`.
        reason: What is wrong or to do.
    """

    key: str
    line: int
    value: Any
    state: Literal["done", "todo", "wrong", "expired"]
    reason: str = ""
