"""What people may not write into the charter: fillers, paragraphs, two owners, no figure."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field


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


def refuse_two_people(text: str) -> str:
    """One name: what two own, nobody owns."""
    if re.search(r"[,;&/+]|\b(and|or|und|et)\b", text, re.IGNORECASE):
        raise ValueError("must be one name: what two own, nobody owns")
    return text


def refuse_no_figure(text: str) -> str:
    """What others reach is a number."""
    if not re.search(r"\d", text):
        raise ValueError("must say the figure that is reached")
    return text


Words = Annotated[str, AfterValidator(refuse_placeholder)]
Sentence = Annotated[Words, AfterValidator(refuse_paragraphs)]
Licence = Annotated[Words, AfterValidator(refuse_unknown_licence)]
Amount = Annotated[float, Field(ge=0)]
