"""Base classes of request and answer bodies."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Moment = AwareDatetime
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class RequestBody(BaseModel):
    """What a caller sends; a field that we do not know is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", str_max_length=5000)


class AnswerBody(BaseModel):
    """What we answer."""

    model_config = ConfigDict(from_attributes=True)
