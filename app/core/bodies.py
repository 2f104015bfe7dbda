"""Base classes of request and answer bodies, and values that many of them, and many addresses, hold."""

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from app.core.crypto import SEALED_PREFIX

# Nobody types them; WeChat, spreadsheets and screen readers stumble over them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
Moment = AwareDatetime
# What a BIGINT column can hold; a larger number is nobody's.
LARGEST_ID = 2**63 - 1
RowId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{5}$")]
# Chosen by the phone. No blanks: MySQL takes "a" and "a " for the same.
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class RequestBody(BaseModel):
    """What a caller sends; a field that we do not know is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", str_max_length=5000)

    @field_validator("*", mode="before")
    @classmethod
    def _is_plain_text(cls, value: Any) -> Any:
        # A text that looks sealed would be taken for ciphertext that does not open.
        if isinstance(value, str) and (value.lstrip().startswith(SEALED_PREFIX) or _CONTROL.search(value)):
            raise ValueError("含有不能保存的字符，请删除后重新填写")
        return value


class AnswerBody(BaseModel):
    """What we answer."""

    model_config = ConfigDict(from_attributes=True)
