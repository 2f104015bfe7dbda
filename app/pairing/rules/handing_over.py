"""Decisions about planned hand-overs (官方方案 四(三)): which day, how long to undo, and who still calls."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.core.clock import china_date, chinese_day
from app.pairing.enums import EndReason, HandoverState
from app.pairing.rules.periods import PLANNED_AHEAD
from app.people.enums import BeneficiaryStatus

# Time for a visit of both together, and a bound beyond which two cadres would be nobody's duty.
USUAL_OVERLAP_DAYS = 7
LONGEST_OVERLAP_DAYS = 60
# A slip is noticed within days; until the change day nothing has happened yet.
UNDO_WITHIN = timedelta(days=3)

_STANDS = frozenset({HandoverState.PLANNED, HandoverState.ACCEPTED})
# What a person's new state says about the end of his pairings.
END_OF = {
    BeneficiaryStatus.DECEASED: EndReason.BENEFICIARY_DECEASED,
    BeneficiaryStatus.MOVED_AWAY: EndReason.BENEFICIARY_MOVED,
    BeneficiaryStatus.NO_LONGER_ELIGIBLE: EndReason.NO_LONGER_ELIGIBLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What decides about one planned hand-over."""

    state: HandoverState
    changes_on: date
    overlap_days: int
    planned_at: datetime


def change_day_refusal(changes_on: date, *, today: date) -> str | None:
    """Return why a hand-over cannot happen on this day, None when it can.

    Not in the past: what the old cadre has recorded since would lie outside his own days.
    """
    if changes_on < today:
        return f"交接日期不能早于今天（{chinese_day(today)}），已经过去的日子仍记在原帮扶干部名下"
    if changes_on > today + PLANNED_AHEAD:
        return "交接日期太远，最多提前一年安排"
    return None


def overlap_end(plan: Plan) -> date:
    """Return the first day on which the predecessor no longer sees the family.

    The overlap follows the change day and belongs to the predecessor: from that day on the family has one
    number to call, the successor's, and whoever knows the house can still come along. A successor who went
    before it would be a second cadre in charge without being told to be one; he has the digest to prepare.
    """
    return plan.changes_on + timedelta(days=plan.overlap_days)


def is_in_overlap(plan: Plan, *, day: date) -> bool:
    """Tell whether the predecessor may still see the family and record contacts on a day."""
    return plan.state in _STANDS and plan.changes_on <= day < overlap_end(plan)


def undo_refusal(plan: Plan, *, now: datetime) -> str | None:
    """Return why a plan cannot be undone, None when it can: before its day, or within 3 days of planning."""
    if plan.state not in _STANDS:
        return f"这次交接{plan.state.label}，不能撤销"
    if china_date(now) < plan.changes_on or now <= plan.planned_at + UNDO_WITHIN:
        return None
    return "交接已经生效，也超过了3天，不能撤销；需要时请另外安排交接"


def answer_refusal(plan: Plan) -> str | None:
    """Return why the successor cannot answer any more, None when he can."""
    return None if plan.state is HandoverState.PLANNED else f"这次交接{plan.state.label}，不能再答复"


def settle_refusal(plan: Plan, *, today: date) -> str | None:
    """Return why a plan cannot be noted as seen to, None when it can: only what somebody has to look at.

    Else a plan would be silent that is declined, or not answered, later.
    """
    is_silent = plan.state is HandoverState.PLANNED and plan.changes_on <= today
    if is_silent or plan.state is HandoverState.DECLINED:
        return None
    return f"这次交接{plan.state.label}，现在没有需要处理的事"


def goes_back(plan: Plan, *, today: date) -> bool:
    """Tell whether a plan that is declined leaves the family with the predecessor.

    Before the change day it does. From that day on the predecessor may have gone: the successor stays
    accountable until somebody plans anew, so that the family never falls between the two.
    """
    return today < plan.changes_on


def status_refusal(present: BeneficiaryStatus, wanted: BeneficiaryStatus) -> str | None:
    """Return why a person's state cannot be noted, None when it can."""
    if present is wanted:
        return f"该帮扶对象已经是“{present.label}”，无需改动"
    if present is not BeneficiaryStatus.ACTIVE and wanted is not BeneficiaryStatus.ACTIVE:
        return f"该帮扶对象已是“{present.label}”，请先恢复在册再改"
    return None
