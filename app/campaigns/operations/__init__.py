"""What is done to campaigns; a package because there is much of it, used through this name.

`drafting` composes, submits and approves; `deciding` pauses, resumes and cancels; `expanding` starts them
and makes their messages; `canary` tries them out on a few first; `watching` stops what goes wrong;
`repeating` sends again and settles by order; `automatic` keeps the festivals that come every year;
`restoring` stops everything after a backup was put back.
"""

from app.campaigns.operations.automatic import (
    NotMarked,
    OwnMark,
    confirm_automatic,
    mark_automatic,
    start_automatic,
)
from app.campaigns.operations.canary import (
    NotColleagues,
    NotHeld,
    OwnRelease,
    TooManyOnTrialList,
    give_up_held,
    release,
    set_trial_list,
    try_out_step,
)
from app.campaigns.operations.deciding import cancel, pause, pause_by_system, resume
from app.campaigns.operations.drafting import (
    Author,
    ContentChanged,
    NoGreetings,
    NotOurs,
    OwnDraft,
    RegionOutside,
    TextReveals,
    TitleReveals,
    TooLateToApprove,
    WrongState,
    approve,
    create_draft,
    edit,
    submit,
)
from app.campaigns.operations.expanding import expand_step, start_due
from app.campaigns.operations.repeating import (
    MessageNotFound,
    OutcomeKnown,
    Retried,
    retry,
    settle_unknown,
)
from app.campaigns.operations.restoring import Restored, Stopped, after_restore
from app.campaigns.operations.watching import clear_cancelled_calls_step, clear_cancelled_step, watch_step

__all__ = [
    "Author",
    "ContentChanged",
    "MessageNotFound",
    "NoGreetings",
    "NotColleagues",
    "NotHeld",
    "NotMarked",
    "NotOurs",
    "OutcomeKnown",
    "OwnDraft",
    "OwnMark",
    "OwnRelease",
    "RegionOutside",
    "Restored",
    "Retried",
    "Stopped",
    "TextReveals",
    "TitleReveals",
    "TooLateToApprove",
    "TooManyOnTrialList",
    "WrongState",
    "after_restore",
    "approve",
    "cancel",
    "clear_cancelled_calls_step",
    "clear_cancelled_step",
    "confirm_automatic",
    "create_draft",
    "edit",
    "expand_step",
    "give_up_held",
    "mark_automatic",
    "pause",
    "pause_by_system",
    "release",
    "resume",
    "retry",
    "set_trial_list",
    "settle_unknown",
    "start_automatic",
    "start_due",
    "submit",
    "try_out_step",
    "watch_step",
]
