"""One step in the life of a need; the history only grows."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.core.errors import Conflict, Invalid, NotAllowed
from app.needs.enums import Speaker
from app.needs.models import Need, NeedStep
from app.needs.rules import Step, may_take, state_after, step_refusal


class StepNotAllowed(NotAllowed):
    code = "needs.step_not_allowed"
    title = "这一步要由家属自己来说"


class StepIncomplete(Invalid):
    code = "needs.step_incomplete"
    title = "还缺少内容"


class StepNotPossible(Conflict):
    code = "needs.step_not_possible"
    title = "这条诉求现在不能这样处理"


class ChangedMeanwhile(Conflict):
    code = "needs.changed_meanwhile"
    title = "这条诉求刚刚被别人处理过，请刷新后再看"


async def take_step(*, need: Need, speaker: Speaker, speaker_id: int, step: Step, now: datetime) -> Need:
    """Take one step with a need and write it into its history; of two at once, one is told to look again.

    Args:
        need: as the caller saw it, found within his scope.
        speaker: guardian, cadre or staff.
        speaker_id: who.
        step: what is done.
        now: when.

    Raises:
        StepNotAllowed: only the family may say this.
        StepIncomplete: words or the department are missing.
        StepNotPossible: the need is in no state for it.
        ChangedMeanwhile: somebody else took a step after this caller looked.
    """
    if not may_take(speaker, step.act):
        raise StepNotAllowed
    missing = step_refusal(speaker, step.act, text=step.text, department=step.department)
    if missing is not None:
        raise StepIncomplete(missing)
    following = state_after(need.state, step.act)
    if following is None:
        raise StepNotPossible(f"“{need.state.label}”的诉求不能“{step.act.label}”")
    change = {
        "state": following,
        "last_step_at": now,
        "settled_at": None if following.is_open else now,
        "department": step.department or need.department,
    }
    async with in_transaction():
        taken = await Need.filter(id=need.id, state=need.state, last_step_at=need.last_step_at).update(
            **change
        )
        if not taken:
            raise ChangedMeanwhile
        await NeedStep.create(
            need_id=need.id,
            act=step.act,
            speaker=speaker,
            speaker_id=speaker_id,
            text=step.text,
            department=step.department or "",
            at=now,
        )
    need.update_from_dict(change)
    return need
