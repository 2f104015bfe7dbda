"""Planning the rotation of a county, and changing what is planned: put off, cancelled, successor by hand."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, region_prefix
from app.audit import operations as audit
from app.core.clock import china_date
from app.core.errors import Conflict, Invalid
from app.pairing.enums import HandoverState, RotationState, WishSide
from app.pairing.models import Handover, Pairing, Rotation, StayWish
from app.pairing.operations.handing_over import undo_handover
from app.pairing.operations.starting import PairingTaken
from app.pairing.queries import PairingNotFound
from app.pairing.queries.repairing import bars_of
from app.pairing.queries.rotations import (
    RotationNotFound,
    population_in,
    rounds_in,
    standing_in,
)
from app.pairing.rules.rotation import (
    LONGEST_HORIZON,
    Month,
    MonthLoad,
    RotationPreview,
    Round,
    Staggered,
    change_day,
    first_month,
    stagger,
)
from app.people.enums import CadreStatus
from app.people.models import Cadre
from app.people.queries import CadreNotFound

_BATCH = 1000


class RotationClosed(Conflict):
    code = "pairing.rotation_closed"
    title = "这条轮换安排已经办结，不能再改"


class RotationsChanged(Conflict):
    code = "pairing.rotations_changed"
    title = "另一位管理员同时排了轮换计划，请刷新后再看"


class RotationMonthWrong(Invalid):
    code = "pairing.rotation_month_wrong"
    title = "轮换的月份不能用"


class SuccessorRefused(Conflict):
    code = "pairing.successor_refused"
    title = "不能指定这名接任干部"


async def preview_rotations(*, scope: Scope, months: int, now: datetime) -> RotationPreview:
    """Return by month what planning the rotations of the caller's county would come to.

    No transaction: nothing is written.

    Args:
        scope: who asks; his own county.
        months: how many, from the first one that leaves time to tell everybody.
        now: when.
    """
    first, standing = first_month(china_date(now)), await standing_in(scope=scope)
    _, found = await _staggered(scope, standing=standing, first=first)
    population = await population_in(scope=scope)
    added = Counter(found.months.values())
    begin = min([first, *standing])
    shown = range(begin, first + months)
    return RotationPreview(
        months=[MonthLoad(month, standing.get(month, 0), added[month]) for month in shown],
        share=found.share,
        even_share=found.even_share,
        population=population,
        later=sum(count for month, count in added.items() if month >= first + months),
    )


async def _staggered(
    scope: Scope, *, standing: dict[Month, int], first: Month
) -> tuple[list[Round], Staggered]:
    rounds = await rounds_in(scope=scope)
    population = await population_in(scope=scope)
    return rounds, stagger(rounds, standing=standing, first=first, population=population)


async def plan_rotations(*, scope: Scope, months: int, actor: audit.Actor, now: datetime) -> int:
    """Give each pairing of the caller's county that passes on within some months its month; return how many.

    All pairings are spread over the months of their windows, and those of the coming months are written
    down. What stands already is not moved: people may have been told. Planning again adds what is new.

    Args:
        scope: who asks; his own county.
        months: up to 12, from the first one that leaves time to tell everybody.
        actor: as the audit trail names him.
        now: when.

    Raises:
        RotationsChanged: somebody planned at the same moment.
    """
    first = first_month(china_date(now))
    try:
        async with in_transaction():
            rounds, found = await _staggered(scope, standing=await standing_in(scope=scope), first=first)
            wanted = [one for one in rounds if found.months[one.pairing_id] < first + months]
            wanted.sort(key=lambda one: (found.months[one.pairing_id], one.pairing_id))
            await _insert(wanted, found, actor=actor, now=now)
    except IntegrityError as error:
        # One pairing has one open round: the database has the last word.
        raise RotationsChanged from error
    return len(wanted)


async def _insert(wanted: Sequence[Round], found: Staggered, *, actor: audit.Actor, now: datetime) -> None:
    ids = [one.pairing_id for one in wanted]
    known = {
        row["id"]: row
        for start in range(0, len(ids), _BATCH)
        for row in await Pairing.filter(id__in=ids[start : start + _BATCH])
        .order_by("id")
        .values("id", "region_code", "beneficiary_id")
    }
    rows = [
        Rotation(
            region_code=known[one.pairing_id]["region_code"], pairing_id=one.pairing_id,
            open_pairing_id=one.pairing_id, beneficiary_id=known[one.pairing_id]["beneficiary_id"],
            cadre_id=one.cadre_id, changes_on=change_day(found.months[one.pairing_id]),
            state=RotationState.PLANNED, planned_by=actor.id, planned_at=now,
        )
        for one in wanted
    ]  # fmt: skip
    await Rotation.bulk_create(rows, batch_size=_BATCH)
    deeds = [
        audit.Deed(
            action="rotation.planned",
            object_kind="pairing",
            object_id=row.pairing_id,
            region_code=row.region_code,
            detail=f"on={row.changes_on}",
        )
        for row in rows
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)


async def postpone_rotation(
    *, scope: Scope, rotation_id: int, month: Month, reason: str, actor: audit.Actor, now: datetime
) -> None:
    """Put a rotation off to another month; a hand-over that is planned for it already is undone first.

    Args:
        scope: who asks.
        rotation_id: which one.
        month: which month; it leaves time to tell everybody, and lies within a year.
        reason: why, for the list.
        actor: as the audit trail names him.
        now: when.

    Raises:
        RotationNotFound: it is of another region.
        RotationClosed: it is done, cancelled or overtaken.
        RotationMonthWrong: the month is too near or too far.
        HandoverStands, HandoverChanged: the hand-over cannot be undone any more.
    """
    first = first_month(china_date(now))
    if not first <= month < first + LONGEST_HORIZON:
        raise RotationMonthWrong("月份应留出30天通知各方，并在一年以内")
    await _undo(rotation_id, scope=scope, actor=actor, now=now)
    async with in_transaction():
        rotation = await _locked(rotation_id, scope=scope)
        rotation.update_from_dict(
            {
                "changes_on": change_day(month),
                "state": RotationState.PLANNED,
                "handover_id": None,
                "family_told_at": None,
                "note": reason,
            }
        )
        await rotation.save()
        await _record(rotation, "rotation.postponed", f"to={rotation.changes_on}", actor=actor, now=now)


async def cancel_rotation(
    *, scope: Scope, rotation_id: int, reason: str, actor: audit.Actor, now: datetime
) -> None:
    """Leave a pairing as it is for this round, so that it is due again two years later.

    Raises:
        RotationNotFound: it is of another region.
        RotationClosed: it is done, cancelled or overtaken.
        HandoverStands, HandoverChanged: the hand-over cannot be undone any more.
    """
    await _undo(rotation_id, scope=scope, actor=actor, now=now)
    async with in_transaction():
        rotation = await _locked(rotation_id, scope=scope)
        rotation.state, rotation.open_pairing_id, rotation.note = RotationState.CANCELLED, None, reason
        await rotation.save(update_fields=["state", "open_pairing_id", "note"])
        await _record(rotation, "rotation.cancelled", "", actor=actor, now=now)


async def _undo(rotation_id: int, *, scope: Scope, actor: audit.Actor, now: datetime) -> None:
    """Undo the hand-over of a rotation that has one; a transaction of its own, which may be repeated."""
    rotation = await Rotation.get_or_none(in_regions("region_code", scope.act), id=rotation_id)
    if rotation is None or rotation.handover_id is None or not rotation.state.is_open:
        return
    standing = [HandoverState.PLANNED, HandoverState.ACCEPTED]
    if await Handover.filter(id=rotation.handover_id, state__in=standing).exists():
        await undo_handover(scope=scope, handover_id=rotation.handover_id, actor=actor, now=now)


async def choose_successor(
    *, scope: Scope, rotation_id: int, cadre_id: int | None, actor: audit.Actor, now: datetime
) -> None:
    """Choose by hand who takes a family over; None leaves it to the best pairs when the day is near.

    Raises:
        RotationNotFound: it is of another region.
        RotationClosed: it is announced already, or over.
        CadreNotFound: the cadre is neither of that county nor of a federation above it.
        SuccessorRefused: he has the family now, must not meet it, or is not in office.
    """
    async with in_transaction():
        rotation = await _locked(rotation_id, scope=scope)
        if rotation.state is not RotationState.PLANNED:
            raise RotationClosed("已经安排交接；要换接任干部，请先改期或撤销交接")
        if cadre_id is not None:
            await _check_successor(rotation, cadre_id)
        rotation.update_from_dict({"to_cadre_id": cadre_id, "note": ""})
        await rotation.save(update_fields=["to_cadre_id", "note"])
        await _record(rotation, "rotation.successor_chosen", f"to={cadre_id}", actor=actor, now=now)


async def _check_successor(rotation: Rotation, cadre_id: int) -> None:
    cadre = await Cadre.filter(id=cadre_id).first().values("org_code", "status")
    if cadre is None or not rotation.region_code.startswith(region_prefix(str(cadre["org_code"]))):
        raise CadreNotFound
    if cadre_id == rotation.cadre_id:
        raise SuccessorRefused("这名干部就是现在的帮扶干部")
    if cadre["status"] is not CadreStatus.ACTIVE:
        raise SuccessorRefused("这名干部不在岗")
    barred = await bars_of(beneficiary_ids=[rotation.beneficiary_id])
    reason = barred.get(rotation.beneficiary_id, {}).get(cadre_id)
    if reason is not None:
        raise SuccessorRefused(f"这名干部需要回避：{reason}")


async def note_stay_wish(
    *, scope: Scope, pairing_id: int, side: WishSide, stays: bool | None, actor: audit.Actor, now: datetime
) -> None:
    """Keep whether the family or the cadre wishes that their pairing goes on after two years.

    A cadre says so for himself, and passes on what the family told him; a clerk enters either after asking.

    Args:
        scope: the cadre of the pairing, or staff of its county.
        pairing_id: which one.
        side: who wishes it.
        stays: True to stay, False to change, None takes it back.
        actor: as the audit trail names him.
        now: when.

    Raises:
        PairingNotFound: it is not his, or of a region in which the caller may not act.
        PairingTaken: it has ended, or somebody takes over already.
    """
    today = china_date(now)
    async with in_transaction():
        found = Pairing.filter(id=pairing_id)
        if scope.cadre_id is not None:
            found = found.filter(cadre_id=scope.cadre_id)
        else:
            found = found.filter(in_regions("region_code", scope.act))
        pairing = await found.select_for_update().get_or_none()
        if pairing is None:
            raise PairingNotFound
        if pairing.open_beneficiary_id is None:
            raise PairingTaken
        wish = await StayWish.get_or_none(pairing_id=pairing_id) or StayWish(pairing_id=pairing_id)
        said_on: date | None = None if stays is None else today
        wish.update_from_dict({f"{side.value}_stays": stays, f"{side.value}_said_on": said_on})
        await wish.save()
        await audit.record(
            actor=actor, action="pairing.stay_wish_noted", object_kind="pairing", object_id=pairing.id,
            now=now, region_code=pairing.region_code, detail=f"{side.value}={stays}",
        )  # fmt: skip


async def note_family_told(*, scope: Scope, rotation_id: int, actor: audit.Actor, now: datetime) -> None:
    """Note that the cadre of before told the family himself who comes next; twice changes nothing.

    Raises:
        RotationNotFound: it is not his, or nobody takes over yet.
    """
    async with in_transaction():
        found = Rotation.filter(id=rotation_id, cadre_id=scope.cadre_id or 0, handover_id__gt=0)
        rotation = await found.select_for_update().get_or_none()
        if rotation is None:
            raise RotationNotFound
        if rotation.family_told_at is None:
            rotation.family_told_at = now
            await rotation.save(update_fields=["family_told_at"])
            await _record(rotation, "rotation.family_told", "", actor=actor, now=now)


async def _locked(rotation_id: int, *, scope: Scope) -> Rotation:
    found = Rotation.filter(in_regions("region_code", scope.act), id=rotation_id)
    rotation = await found.select_for_update().get_or_none()
    if rotation is None:
        raise RotationNotFound
    if not rotation.state.is_open:
        raise RotationClosed(f"这条轮换安排{rotation.state.label}，不能再改")
    return rotation


async def _record(rotation: Rotation, action: str, detail: str, *, actor: audit.Actor, now: datetime) -> None:
    await audit.record(
        actor=actor, action=action, object_kind="rotation", object_id=rotation.id, now=now,
        region_code=rotation.region_code, detail=detail or f"pairing={rotation.pairing_id}",
    )  # fmt: skip
