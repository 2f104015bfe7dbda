"""What is done to campaigns; a package because there is much of it, used through this name.

`drafting` composes, submits and approves; `deciding` pauses, resumes and cancels; `expanding` starts them
and makes their messages; `automatic` keeps the festivals that come every year.
"""

from app.campaigns.operations.automatic import (
    NotMarked,
    OwnMark,
    confirm_automatic,
    mark_automatic,
    start_automatic,
)
from app.campaigns.operations.deciding import cancel, pause, pause_by_system, resume
from app.campaigns.operations.drafting import (
    Author,
    ContentChanged,
    NoGreetings,
    NotOurs,
    OwnDraft,
    RegionOutside,
    TitleReveals,
    TooLateToApprove,
    WrongState,
    approve,
    create_draft,
    edit,
    submit,
)
from app.campaigns.operations.expanding import expand_step, start_due

__all__ = [
    "Author",
    "ContentChanged",
    "NoGreetings",
    "NotMarked",
    "NotOurs",
    "OwnDraft",
    "OwnMark",
    "RegionOutside",
    "TitleReveals",
    "TooLateToApprove",
    "WrongState",
    "approve",
    "cancel",
    "confirm_automatic",
    "create_draft",
    "edit",
    "expand_step",
    "mark_automatic",
    "pause",
    "pause_by_system",
    "resume",
    "start_automatic",
    "start_due",
    "submit",
]
