"""Request and answer bodies; a package because there are many, used through this name."""

from app.campaigns.schemas.campaigns import (
    AutomaticAnswer,
    CampaignAnswer,
    ChannelAnswer,
    CountAnswer,
    ForecastAnswer,
    OccasionAnswer,
    OwnNoticeAnswer,
    PreviewAnswer,
    ProgressAnswer,
    ReasonAnswer,
    TrialMemberAnswer,
)
from app.campaigns.schemas.messages import (
    ChangeAnswer,
    ChannelProgressAnswer,
    MessageAnswer,
    RepeatableAnswer,
    RetryAnswer,
    UnreachedAnswer,
)
from app.campaigns.schemas.requests import (
    ApprovalBody,
    AutomaticBody,
    CampaignBody,
    PauseBody,
    RetryBody,
    SettleBody,
    TrialListBody,
)

__all__ = [
    "ApprovalBody",
    "AutomaticAnswer",
    "AutomaticBody",
    "CampaignAnswer",
    "CampaignBody",
    "ChangeAnswer",
    "ChannelAnswer",
    "ChannelProgressAnswer",
    "CountAnswer",
    "ForecastAnswer",
    "MessageAnswer",
    "OccasionAnswer",
    "OwnNoticeAnswer",
    "PauseBody",
    "PreviewAnswer",
    "ProgressAnswer",
    "ReasonAnswer",
    "RepeatableAnswer",
    "RetryAnswer",
    "RetryBody",
    "SettleBody",
    "TrialListBody",
    "TrialMemberAnswer",
    "UnreachedAnswer",
]
