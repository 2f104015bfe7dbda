"""Planning hand-overs, undoing them, and what the successor says (官方方案 四(三): 调整、交接)."""

from collections.abc import Sequence
from datetime import date, datetime

from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.core.errors import Conflict
from app.pairing.enums import BarReason, EndReason, HandoverState, PairDecision, PairingNews
from app.pairing.models import Handover, Pairing, PairingBar, PairingNotice
from app.pairing.operations.repairing import Move, Moved, judged, move_all
from app.pairing.operations.starting import PairingDateWrong
from app.pairing.queries import PairingNotFound
from app.pairing.queries.handovers import HandoverNotFound, plan_of
from app.pairing.queries.repairing import MoveLine, OpenPairing, cadre_names
from app.pairing.rules.handing_over import (
    answer_refusal,
    change_day_refusal,
    goes_back,
    settle_refusal,
    undo_refusal,
)
from app.pairing.rules.proposing import ProposedChange
from app.people.enums import CadreStatus
from app.people.models import Cadre

_GONE = "这条结对已经结束，或已安排交接"
_FINE = "可以交接"


class HandoverStands(Conflict):
    code = "pairing.handover_fixed"
    title = "这次交接不能再改"


class HandoverChanged(Conflict):
    code = "pairing.handover_changed"
    title = "安排交接之后结对又有变动，请刷新后再办理"


async def preview_handovers(
    *, scope: Scope, moves: Sequence[Move], changes_on: date, now: datetime
) -> list[MoveLine]:
    """Return what handing over each of these pairings on a day would come to, in the same order.

    No transaction: nothing is written.

    Raises:
        PairingDateWrong: the day is past or more than a year ahead.
        PairingNotFound: a pairing is of a region in which the caller may not act.
    """
    _check_day(changes_on, now=now)
    found = Pairing.filter(in_regions("region_code", scope.act), id__in=[move.pairing_id for move in moves])
    rows = await (
        found.order_by("id")
        .limit(len(moves) or 1)
        .values(
            "id", "region_code", "beneficiary_id", "cadre_id", "open_beneficiary_id",
            beneficiary_name="beneficiary__name", cadre_name="cadre__name",
        )
    )  # fmt: skip
    is_open = {row["id"]: row.pop("open_beneficiary_id") is not None for row in rows}
    known = {row["id"]: OpenPairing(**row) for row in rows}
    if any(move.pairing_id not in known for move in moves):
        raise PairingNotFound
    changes = [_change(known[move.pairing_id], move.cadre_id) for move in moves]
    verdicts = await judged(changes, scope=scope, on=changes_on, now=now, locked=False)
    names = await cadre_names(scope=scope, cadre_ids=sorted({move.cadre_id for move in moves}))
    lines = []
    for move, verdict in zip(moves, verdicts, strict=True):
        decision, sentence = verdict.decision, verdict.sentence
        if not is_open[move.pairing_id]:
            decision, sentence = PairDecision.REFUSED, _GONE
        lines.append(
            MoveLine(
                pairing=known[move.pairing_id],
                cadre_id=move.cadre_id,
                cadre_name=names.get(move.cadre_id, ""),
                decision=decision,
                sentence=sentence or (_FINE if decision is PairDecision.APPLIED else decision.label),
            )
        )
    return lines


def _change(pairing: OpenPairing, cadre_id: int) -> ProposedChange:
    return ProposedChange(
        beneficiary_id=pairing.beneficiary_id, cadre_id=cadre_id, present_cadre_id=pairing.cadre_id
    )


def _check_day(changes_on: date, *, now: datetime) -> None:
    refusal = change_day_refusal(changes_on, today=china_date(now))
    if refusal is not None:
        raise PairingDateWrong(refusal)


async def plan_handovers(  # noqa: PLR0913 - who, to whom, from when, why, and by whom
    *,
    scope: Scope,
    moves: Sequence[Move],
    changes_on: date,
    overlap_days: int,
    reason: EndReason,
    bars: bool = False,
    actor: audit.Actor,
    now: datetime,
) -> list[int]:
    """Plan that pairings pass to other cadres on a day, all of them or none, and return the plans' ids.

    Both pairings stand at once, the old one with its end and the new one with its beginning: on every day
    exactly one cadre is accountable, and the change needs nobody who wakes up on its day. A successor who
    says nothing is accountable from that day on all the same, and the plan stands in the list of what needs
    attention.

    Args:
        scope: who asks.
        moves: which pairing, to whom.
        changes_on: the first day of the successor; today or later.
        overlap_days: so many days from then on the predecessor still sees the family and may record contacts.
        reason: why.
        bars: the family does not want the predecessor again.
        actor: as the audit trail names him.
        now: when.

    Raises:
        PairingDateWrong: the day is past or more than a year ahead.
        PairingNotFound: a pairing is of a region in which the caller may not act.
        PairingTaken: a pairing is not open any more: somebody was quicker.
        PairingsRefused: at least one may not be; `refusals` lists position and sentence of each.
    """
    _check_day(changes_on, now=now)

    async def whole() -> list[int]:
        async with in_transaction():
            moved = await move_all(moves, scope=scope, on=changes_on, reason=reason, actor=actor, now=now)
            await _settle_earlier([one.old.beneficiary_id for one in moved], now=now)
            if bars:
                await _bar(moved, now=now)
            ids = await _write(moved, changes_on=changes_on, overlap_days=overlap_days, reason=reason,
                               actor=actor, now=now)  # fmt: skip
            await _tell(moved, changes_on=changes_on, now=now)
            return ids

    return await sql.retrying(whole)


async def _settle_earlier(beneficiary_ids: Sequence[int], *, now: datetime) -> None:
    await (
        Handover.filter(beneficiary_id__in=beneficiary_ids, settled_at=None)
        .exclude(state=HandoverState.ACCEPTED)
        .update(settled_at=now)
    )


async def _bar(moved: Sequence[Moved], *, now: datetime) -> None:
    bars = [
        PairingBar(
            beneficiary_id=one.old.beneficiary_id, cadre_id=one.old.cadre_id, reason=BarReason.FAMILY_WISH,
            created_at=now,
        )
        for one in moved
    ]  # fmt: skip
    await PairingBar.bulk_create(bars, ignore_conflicts=True)


async def _write(
    moved: Sequence[Moved],
    *,
    changes_on: date,
    overlap_days: int,
    reason: EndReason,
    actor: audit.Actor,
    now: datetime,
) -> list[int]:
    rows = [
        Handover(
            region_code=one.old.region_code, beneficiary_id=one.old.beneficiary_id, pairing_id=one.old.id,
            new_pairing_id=one.new_id, from_cadre_id=one.old.cadre_id, to_cadre_id=one.cadre_id,
            changes_on=changes_on, overlap_days=overlap_days, reason=reason, state=HandoverState.PLANNED,
            planned_by=actor.id, planned_at=now,
        )
        for one in moved
    ]  # fmt: skip
    await Handover.bulk_create(rows)
    new_ids = [one.new_id for one in moved]
    found = await Handover.filter(new_pairing_id__in=new_ids).order_by("id").values("id", "new_pairing_id")
    by_new = {row["new_pairing_id"]: int(row["id"]) for row in found}
    deeds = [
        audit.Deed(
            action="handover.planned",
            object_kind="handover",
            object_id=by_new[one.new_id],
            region_code=one.old.region_code,
            detail=f"pairing={one.old.id} to={one.cadre_id} on={changes_on} reason={reason.value}",
        )
        for one in moved
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)
    return [by_new[new_id] for new_id in new_ids]


async def _tell(moved: Sequence[Moved], *, changes_on: date, now: datetime) -> None:
    told = [
        PairingNotice(cadre_id=cadre_id, beneficiary_id=one.old.beneficiary_id, news=news,
                      on_day=changes_on, at=now)
        for one in moved
        for cadre_id, news in (
            (one.cadre_id, PairingNews.TAKES_OVER),
            (one.old.cadre_id, PairingNews.HANDS_OVER),
        )
    ]  # fmt: skip
    await PairingNotice.bulk_create(told)


async def undo_handover(*, scope: Scope, handover_id: int, actor: audit.Actor, now: datetime) -> None:
    """Take a plan back, so that the old pairing goes on as if nothing had been planned.

    The pairing that was to begin ends on its first day, and never was in force; what the plan barred is free.

    Raises:
        HandoverNotFound: it is of another region.
        HandoverStands: too late, or the successor has begun.
        HandoverChanged: somebody changed one of the pairings since.
    """

    async def whole() -> None:
        async with in_transaction():
            handover, old, new = await _locked(handover_id, scope=scope)
            refusal = undo_refusal(plan_of(handover), now=now)
            if refusal is not None:
                raise HandoverStands(refusal)
            await _restore(handover, old, new, now=now)
            # The moment tells what this plan barred from what stood before it.
            await PairingBar.filter(
                beneficiary_id=handover.beneficiary_id, cadre_id=handover.from_cadre_id,
                reason=BarReason.FAMILY_WISH, created_at=handover.planned_at,
            ).delete()  # fmt: skip
            handover.state = HandoverState.UNDONE
            await handover.save(update_fields=["state"])
            await _told(handover, handover.to_cadre_id, PairingNews.TAKEN_BACK, now=now)
            await _told(handover, handover.from_cadre_id, PairingNews.STAYS, now=now)
            await _record(handover, "handover.undone", actor=actor, now=now)

    await sql.retrying(whole)


async def accept_handover(*, scope: Scope, handover_id: int, actor: audit.Actor, now: datetime) -> None:
    """Note that the successor takes over; saying so twice changes nothing.

    Raises:
        HandoverNotFound: it is not to him.
        HandoverStands: it was declined, undone or overtaken.
    """
    async with in_transaction():
        handover, _, new = await _locked(handover_id, scope=scope)
        if handover.state is HandoverState.ACCEPTED:
            return
        _check_answer(handover)
        if new.open_beneficiary_id is None:
            raise HandoverChanged
        handover.state, handover.answered_at = HandoverState.ACCEPTED, now
        await handover.save(update_fields=["state", "answered_at"])
        await _record(handover, "handover.accepted", actor=actor, now=now)


async def decline_handover(
    *, scope: Scope, handover_id: int, reason: str, actor: audit.Actor, now: datetime
) -> None:
    """Note that the successor does not take over, and why; the plan needs attention from now on.

    Before the change day the old pairing goes on. From that day on the successor stays accountable until an
    admin plans anew, so that the family never falls between two cadres.

    Raises:
        HandoverNotFound: it is not to him.
        HandoverStands: it was accepted, undone or overtaken.
        HandoverChanged: somebody changed one of the pairings since.
    """
    async with in_transaction():
        handover, old, new = await _locked(handover_id, scope=scope)
        _check_answer(handover)
        if goes_back(plan_of(handover), today=china_date(now)):
            await _restore(handover, old, new, now=now)
            await _told(handover, handover.from_cadre_id, PairingNews.STAYS, now=now)
        handover.state, handover.answered_at = HandoverState.DECLINED, now
        handover.decline_reason = reason
        if new.open_beneficiary_id is not None:
            # Whoever saw to his silence does not know of this yet.
            handover.update_from_dict({"settled_at": None})
        await handover.save(update_fields=["state", "answered_at", "decline_reason", "settled_at"])
        await _record(handover, "handover.declined", actor=actor, now=now)


async def settle_handover(*, scope: Scope, handover_id: int, actor: audit.Actor, now: datetime) -> None:
    """Note that somebody saw to a declined or unanswered plan, and things stay as they are.

    Raises:
        HandoverNotFound: it is of another region.
        HandoverStands: there is nothing to see to.
    """
    async with in_transaction():
        handover, _, _ = await _locked(handover_id, scope=scope)
        refusal = settle_refusal(plan_of(handover), today=china_date(now))
        if refusal is not None:
            raise HandoverStands(refusal)
        if handover.settled_at is None:
            handover.settled_at = now
            await handover.save(update_fields=["settled_at"])
            await _record(handover, "handover.settled", actor=actor, now=now)


def _check_answer(handover: Handover) -> None:
    refusal = answer_refusal(plan_of(handover))
    if refusal is not None:
        raise HandoverStands(refusal)


async def _locked(handover_id: int, *, scope: Scope) -> tuple[Handover, Pairing, Pairing]:
    """Lock both pairings, then the plan: everybody who changes pairings locks them first."""
    if scope.cadre_id is not None:
        found = Handover.filter(id=handover_id, to_cadre_id=scope.cadre_id)
    else:
        found = Handover.filter(in_regions("region_code", scope.act), id=handover_id)
    known = await found.get_or_none()
    if known is None:
        raise HandoverNotFound
    ids = [known.pairing_id, known.new_pairing_id]
    pairings = {one.id: one for one in await Pairing.filter(id__in=ids).order_by("id").select_for_update()}
    handover = await Handover.filter(id=handover_id).select_for_update().get()
    return handover, pairings[known.pairing_id], pairings[known.new_pairing_id]


async def _restore(handover: Handover, old: Pairing, new: Pairing, *, now: datetime) -> None:
    planned = (handover.changes_on, handover.reason)
    begun = (new.started_on, new.ended_on, new.cadre_id)
    if (old.ended_on, old.end_reason) != planned:
        raise HandoverChanged
    if begun != (handover.changes_on, None, handover.to_cadre_id):
        raise HandoverChanged
    # The relation belongs to contacts, which stand above: who was contacted as his stays his.
    if await Pairing.filter(id=new.id, contacts__undone_at=None, contacts__id__gt=0).exists():
        raise HandoverStands("接任后已有联系记录，不能撤销；需要时请另外安排交接")
    if china_date(now) >= handover.changes_on:
        # From the change day on his post may have been closed; before it, it cannot.
        cadre = await Cadre.filter(id=handover.from_cadre_id).select_for_update().get()
        if cadre.status is not CadreStatus.ACTIVE:
            raise HandoverStands(f"原帮扶干部{cadre.status.label}，不能恢复原结对；请另外安排交接")
    new.ended_on, new.end_reason = new.started_on, EndReason.ENTERED_BY_MISTAKE
    new.open_beneficiary_id = None
    await new.save(update_fields=["ended_on", "end_reason", "open_beneficiary_id"])
    old.update_from_dict({"ended_on": None, "end_reason": None, "open_beneficiary_id": old.beneficiary_id})
    await old.save(update_fields=["ended_on", "end_reason", "open_beneficiary_id"])


async def _told(handover: Handover, cadre_id: int, news: PairingNews, *, now: datetime) -> None:
    await PairingNotice.create(
        cadre_id=cadre_id, beneficiary_id=handover.beneficiary_id, news=news, on_day=handover.changes_on,
        at=now,
    )  # fmt: skip


async def _record(handover: Handover, action: str, *, actor: audit.Actor, now: datetime) -> None:
    await audit.record(
        actor=actor, action=action, object_kind="handover", object_id=handover.id, now=now,
        region_code=handover.region_code, detail=f"pairing={handover.pairing_id}",
    )  # fmt: skip
