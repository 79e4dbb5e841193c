"""What every part of the schema shares."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Refuses unknown keys and does not convert types (`true` is not a number).

    Optional arguments of the class that `_target_` names are known; see `arguments`.

    Attributes:
        arguments_of: The class whose arguments these are, where `_target_` does not name it.
        takes_any: Whether `**kwargs` of that class stand for any key.
    """

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)

    arguments_of: ClassVar[str | None] = None
    takes_any: ClassVar[bool] = False
    target_: str | None = Field(None, alias="_target_")


class Open(Strict):
    """A group whose options bring keys of their own."""

    model_config = ConfigDict(extra="allow")


class Named(Open):
    """An option that has a name and its own keys."""

    name: str
