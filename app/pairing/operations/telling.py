"""Telling all three sides before a rotation: both cadres by 订阅消息, the family by 模板消息 if it agreed.

Cadres read it in the mini program anyway (`PairingNotice`), and the cadre of before tells every family
himself, so that nobody depends on WeChat. A message that cannot leave still has its row, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.clock import china_moment
from app.messaging.enums import MessageState, Purpose, Reason, RecipientKind
from app.messaging.models import Message
from app.messaging.notices import Decision, DueMessage, Suppress
from app.messaging.rules.choosing import MAIN_CHANNEL, choose
from app.pairing.enums import HandoverState
from app.pairing.models import Handover
from app.pairing.notices import change_notice, handover_reminder
from app.pairing.queries.handovers import HandoverLine, handover_lines
from app.pairing.queries.reaching import Reachable, cadres_reachable, guardians_reachable

_STANDS = frozenset({HandoverState.PLANNED, HandoverState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class NoticeTemplates:
    """The templates that WeChat gave the federation for this; an empty one is not used."""

    cadres: str
    families: str


async def queue_notices(handovers: Sequence[Handover], *, templates: NoticeTemplates, now: datetime) -> None:
    """Queue what cadres and families are told about these hand-overs, each once. Joins the transaction.

    Args:
        handovers: that were planned just now.
        templates: of which kinds.
        now: when.
    """
    messages: list[Message] = []
    if templates.cadres:
        ids = {one.from_cadre_id for one in handovers} | {one.to_cadre_id for one in handovers}
        found = await cadres_reachable(cadre_ids=sorted(ids), template_id=templates.cadres)
        cadres = {one.id: one for one in found}
        messages += [
            _message(one, cadres[cadre_id], Purpose.CADRE_HANDOVER, templates.cadres, now=now)
            for one in handovers
            for cadre_id in (one.from_cadre_id, one.to_cadre_id)
        ]
    if templates.families:
        by_person = {one.beneficiary_id: one for one in handovers}
        messages += [
            _message(by_person[person], guardian, Purpose.CADRE_CHANGE, templates.families, now=now)
            for person, guardian in await guardians_reachable(beneficiary_ids=sorted(by_person))
        ]
    if messages:
        await Message.bulk_create(messages, ignore_conflicts=True)


def _message(
    handover: Handover, person: Reachable, purpose: Purpose, template_id: str, *, now: datetime
) -> Message:
    kind = RecipientKind.GUARDIAN if purpose is Purpose.CADRE_CHANGE else RecipientKind.CADRE
    choice = choose(purpose, facts=person.facts, roads={})
    reason = Reason.MUTED if person.is_muted else choice.reason
    return Message(
        dedup_key=f"handover:{handover.id}:{kind.value}:{person.id}",
        purpose=purpose,
        channel=choice.channel or MAIN_CHANNEL[purpose],
        recipient_kind=kind,
        recipient_id=person.id,
        region_code=person.region_code,
        org_code=handover.region_code,
        openid=person.openid,
        template_id=template_id,
        consent="" if reason else person.consent,
        choice=choice.text,
        subject_id=handover.id,
        state=MessageState.SUPPRESSED if reason else MessageState.QUEUED,
        reason=reason,
        next_at=now,
        # On the day itself it would come too late.
        expires_at=china_moment(handover.changes_on),
        created_at=now,
        settled_at=now if reason else None,
    )


class HandoverWriter:
    """Writes what cadres and families are told, as long as the hand-over stands and they may be told."""

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        """Return the words of each message, or why it is not sent."""
        del now  # what comes too late is sorted out by the sender
        ids = [one.id for one in messages]
        subjects = dict(await Message.filter(id__in=ids).values_list("id", "subject_id"))
        found = await handover_lines(handover_ids=sorted(set(subjects.values())))
        lines = {line.id: line for line in found}
        people = sorted({line.handover.beneficiary_id for line in found})
        guardians = {one.id: one for _, one in await guardians_reachable(beneficiary_ids=people)}
        return {
            one.id: _decision(one, lines[subjects[one.id]], guardians.get(one.recipient_id))
            for one in messages
        }


def _decision(message: DueMessage, line: HandoverLine, guardian: Reachable | None) -> Decision:
    if line.handover.state not in _STANDS:
        return Suppress(reason=Reason.HANDOVER_OFF)
    if message.purpose is Purpose.CADRE_HANDOVER:
        return handover_reminder(
            name=line.beneficiary_name,
            takes_over=message.recipient_id == line.handover.to_cadre_id,
            day=line.handover.changes_on,
        )
    if guardian is None or guardian.openid != message.openid:
        return Suppress(reason=Reason.NOT_BOUND)
    if guardian.is_muted:
        return Suppress(reason=Reason.MUTED)
    choice = choose(message.purpose, facts=guardian.facts, roads={})
    if choice.reason is not None:
        return Suppress(reason=choice.reason)
    return change_notice(successor=line.to_name, day=line.handover.changes_on)
