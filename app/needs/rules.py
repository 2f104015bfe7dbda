"""The life of a need, who may take which step, and who reads an opinion."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.accounts.rules import org_code_of, region_prefix
from app.needs.enums import OPEN_NEEDS, AnswerWay, NeedAct, NeedState, Speaker

# 官方方案 三(四): difficulties are followed until they are solved; a month of silence is worth a look.
STUCK_AFTER = timedelta(days=30)
# What one family may have open at a time; beyond that somebody presses a button again and again.
MOST_OPEN = 20

_OPEN = frozenset(OPEN_NEEDS)
_LIFE: Mapping[NeedAct, tuple[frozenset[NeedState], NeedState | None]] = {
    # None: a note changes nothing but the history.
    NeedAct.NOTED: (_OPEN, None),
    NeedAct.REFERRED: (_OPEN, NeedState.REFERRED),
    NeedAct.ANSWERED: (_OPEN, NeedState.ANSWERED),
    NeedAct.CONFIRMED: (_OPEN, NeedState.SOLVED),
    NeedAct.NOT_SOLVED: (frozenset({NeedState.ANSWERED}), NeedState.OPEN),
    NeedAct.CLOSED: (_OPEN, NeedState.CLOSED),
    NeedAct.REOPENED: (frozenset({NeedState.SOLVED, NeedState.CLOSED}), NeedState.OPEN),
    NeedAct.WITHDRAWN: (_OPEN, NeedState.WITHDRAWN),
}
_OFFICIAL = frozenset(
    {
        *(NeedAct.NOTED, NeedAct.REFERRED, NeedAct.ANSWERED),
        *(NeedAct.CONFIRMED, NeedAct.CLOSED, NeedAct.REOPENED),
    }
)
_STEPS_OF: Mapping[Speaker, frozenset[NeedAct]] = {
    Speaker.GUARDIAN: frozenset(
        {
            *(NeedAct.NOTED, NeedAct.CONFIRMED, NeedAct.NOT_SOLVED),
            *(NeedAct.REOPENED, NeedAct.WITHDRAWN),
        }
    ),
    Speaker.CADRE: _OFFICIAL,
    Speaker.STAFF: _OFFICIAL,
}
# An official who ends a need, or speaks for the family, says on what ground.
_NEEDS_WORDS = frozenset({NeedAct.NOTED, NeedAct.ANSWERED, NeedAct.CLOSED})
_OFFICIAL_NEEDS_WORDS = frozenset({NeedAct.CONFIRMED, NeedAct.REOPENED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done to a need.

    Args:
        act: the step.
        text: a sentence about it.
        department: to which department it goes, with REFERRED.
    """

    act: NeedAct
    text: str | None = None
    department: str | None = None


def state_after(state: NeedState, act: NeedAct) -> NeedState | None:
    """Return the state a step leads to, None when the need is in no state for this step."""
    allowed = _LIFE.get(act)
    if allowed is None or state not in allowed[0]:
        return None
    return allowed[1] or state


def may_take(speaker: Speaker, act: NeedAct) -> bool:
    """Tell whether this person may take a step; only the family itself says that nothing was solved."""
    return act in _STEPS_OF[speaker]


def step_refusal(speaker: Speaker, act: NeedAct, *, text: str | None, department: str | None) -> str | None:
    """Return what is missing of a step, in words, or None.

    Closing needs the family's yes or a reason on record; so does speaking for the family.
    """
    if act is NeedAct.REFERRED and not department:
        return "请填写转给哪个部门"
    wants_words = act in _NEEDS_WORDS or (speaker is not Speaker.GUARDIAN and act in _OFFICIAL_NEEDS_WORDS)
    if wants_words and not text:
        return f"“{act.label}”需要写一句说明"
    return None


def is_stuck(state: NeedState, *, last_step_at: datetime, now: datetime) -> bool:
    """Tell whether nothing happened to an open need for a month."""
    return state.is_open and last_step_at <= now - STUCK_AFTER


def way_of_answer(*, is_told: bool, leaves: bool, has_left: bool) -> AnswerWay:
    """Return how an answer reaches the family.

    Args:
        is_told: it was read out at the guardian's next message.
        leaves: its message is on its way.
        has_left: WeChat took its message.
    """
    if is_told:
        return AnswerWay.TOLD
    if has_left:
        return AnswerWay.SENT
    return AnswerWay.LEAVES if leaves else AnswerWay.WAITS


def level_above(org_code: str) -> str:
    """Return the federation above one, the province for itself: opinions go there, past the cadre's own.

    官方方案 四(五): what families think of the work is heard where it can be put right.
    """
    prefix = region_prefix(org_code)
    return org_code_of(prefix[:-2] or prefix)
