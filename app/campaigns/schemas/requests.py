"""Request bodies."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.campaigns.enums import CampaignKind, PolicyAudience
from app.campaigns.rules import (
    MOST_ON_TRIAL_LIST,
    MOST_SPREAD_MINUTES,
    Draft,
)
from app.core.bodies import Moment, RequestBody, RowId
from app.festivals.enums import FestivalKey
from app.messaging.enums import Reason

OrgCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CampaignBody(RequestBody):
    """What somebody composes; what is left out gets the usual value."""

    kind: CampaignKind
    title: Title
    text: Text = ""
    region_code: Annotated[OrgCode | None, Field(description="行政区划代码，默认本级")] = None
    festival: FestivalKey | None = None
    festival_on: date | None = None
    send_at: Moment | None = None
    expires_at: Moment | None = None
    urgent: bool = False
    canary: Annotated[bool | None, Field(description="先试发、再放行；不填：能收到的人超过1000时试发")] = None
    call_tasks: Annotated[
        bool | None, Field(description="微信和短信都送不到的，请帮扶干部打电话；不填：政策通知打，其他不打")
    ] = None
    policy_key: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=40),
        Field(description="按政策库中的一项政策选择家庭；不填：发给本地区所有监护人"),
    ] = None
    policy_audience: PolicyAudience = PolicyAudience.GAP
    spread_minutes: Annotated[
        int, Field(ge=0, le=MOST_SPREAD_MINUTES, description="分散到多少分钟里发送，夜间不算")
    ] = 0

    def draft(self, *, own_org: str) -> Draft:
        """Return the draft, for the caller's own region unless another is named."""
        return Draft(**self.model_dump(exclude={"region_code"}), region_code=self.region_code or own_org)


class ApprovalBody(RequestBody):
    """The content hash of what the approver read."""

    content_hash: Hash


class PauseBody(RequestBody):
    """Why it is paused."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class TrialListBody(RequestBody):
    """Who of the own federation gets its campaigns first."""

    cadre_ids: Annotated[list[RowId], Field(max_length=MOST_ON_TRIAL_LIST)]


class RetryBody(RequestBody):
    """Only what did not arrive for these reasons."""

    reasons: Annotated[list[Reason], Field(min_length=1, max_length=len(Reason))]


class SettleBody(RequestBody):
    """What somebody found out about a message whose outcome nobody knew."""

    outcome: Literal["arrived", "not_arrived"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class AutomaticBody(RequestBody):
    """Whether the federation wants a reminder every year."""

    enabled: bool = True
