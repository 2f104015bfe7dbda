"""What families write to the service account: questions for a person, and opinions for the level above."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.core.errors import Conflict
from app.needs.enums import InquiryKind, InquiryState, OpinionState, Speaker
from app.needs.models import Inquiry, Opinion
from app.needs.operations.replying import let_answer_leave
from app.needs.rules import level_above
from app.people.models import Guardian


class AlreadyAnswered(Conflict):
    code = "needs.already_answered"
    title = "已经有人回复过了"


async def take_inquiry(
    *, guardian: Guardian, kind: InquiryKind, text: str | None, evidence: str, now: datetime
) -> Inquiry:
    """Put what a guardian wrote on the lists of his cadre and his county, once for each push.

    Joins the transaction of the caller, if there is one.

    Args:
        guardian: who wrote.
        kind: question, not understood, voice.
        text: his words, None for a voice message.
        evidence: names the push.
        now: when.
    """
    before = await Inquiry.get_or_none(evidence=evidence)
    if before is not None:
        return before
    return await Inquiry.create(
        guardian_id=guardian.id,
        region_code=guardian.region_code,
        kind=kind,
        state=InquiryState.WAITING,
        text=text,
        evidence=evidence,
        asked_at=now,
    )


async def answer_inquiry(
    *, inquiry: Inquiry, speaker: Speaker, speaker_id: int, answer: str, now: datetime
) -> Inquiry:
    """Write down that somebody answered, and what, and let the words leave if WeChat allows it.

    Else they wait until the guardian writes again (`queries.untold_answer`).

    Raises:
        AlreadyAnswered: somebody else was faster.
    """
    change = {
        "state": InquiryState.ANSWERED,
        "answer": answer,
        "answered_by": speaker,
        "answerer_id": speaker_id,
        "answered_at": now,
    }
    async with in_transaction():
        if not await Inquiry.filter(id=inquiry.id, state=InquiryState.WAITING).update(**change):
            raise AlreadyAnswered
        inquiry.update_from_dict(change)
        inquiry.message_id = await let_answer_leave(inquiry, now=now)
        if inquiry.message_id is not None:
            await inquiry.save(update_fields=["message_id"])
    return inquiry


async def give_opinion(*, guardian: Guardian, text: str, evidence: str, now: datetime) -> Opinion:
    """Keep what a guardian thinks of the work for the federation above his own, once for each push.

    Joins the transaction of the caller, if there is one.
    """
    before = await Opinion.get_or_none(evidence=evidence)
    if before is not None:
        return before
    return await Opinion.create(
        guardian_id=guardian.id,
        region_code=guardian.region_code,
        org_code=level_above(guardian.region_code),
        state=OpinionState.WAITING,
        text=text,
        evidence=evidence,
        given_at=now,
    )


async def answer_opinion(*, opinion: Opinion, actor: audit.Actor, answer: str, now: datetime) -> Opinion:
    """Write down what the federation above says to an opinion.

    Raises:
        AlreadyAnswered: a colleague was faster.
    """
    change = {
        "state": OpinionState.ANSWERED,
        "answer": answer,
        "answered_by": actor.id,
        "answered_at": now,
    }
    async with in_transaction():
        if not await Opinion.filter(id=opinion.id, state=OpinionState.WAITING).update(**change):
            raise AlreadyAnswered
        await audit.record(
            actor=actor,
            action="opinion.answered",
            object_kind="opinion",
            object_id=opinion.id,
            now=now,
            region_code=opinion.org_code,
        )
    opinion.update_from_dict(change)
    return opinion
