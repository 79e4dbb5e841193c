"""What every part of the schema shares."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Refuses unknown keys and does not convert types (a `true` is no number)."""

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)

    target_: str | None = Field(None, alias="_target_")


class Open(Strict):
    """A group whose options bring keys of their own."""

    model_config = ConfigDict(extra="allow")


class Named(Open):
    """An option that has a name and its own keys."""

    name: str
