"""A cadre leaves his post; a person dies, moves, loses or regains eligibility (官方方案 四(三))."""

from collections.abc import Sequence
from datetime import date, datetime

from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.core.errors import Conflict, Invalid
from app.pairing.enums import HandoverState, PairingNews
from app.pairing.models import Handover, Pairing, PairingNotice
from app.pairing.operations.starting import PairingDateWrong
from app.pairing.rules import SCHEME_BEGAN
from app.pairing.rules.handing_over import END_OF, status_refusal
from app.people.enums import BeneficiaryStatus, CadreStatus, MuteReason
from app.people.models import Beneficiary, Cadre, Guardianship
from app.people.operations import OutsideRegion, let_phones_go
from app.people.queries import BeneficiaryNotFound, cadre_in
from app.people.rules import mute_end

_NEWS = {
    BeneficiaryStatus.DECEASED: PairingNews.DECEASED,
    BeneficiaryStatus.MOVED_AWAY: PairingNews.MOVED_AWAY,
    BeneficiaryStatus.NO_LONGER_ELIGIBLE: PairingNews.NO_LONGER_ELIGIBLE,
}
_FAMILY_AT_ONCE = 200


class CadreHasFamilies(Conflict):
    code = "pairing.cadre_has_families"
    title = "这名干部还有帮扶对象，请先安排交接"


class GoesOnWrong(Invalid):
    code = "pairing.goes_on_wrong"
    title = "只有退休干部可以选择继续参与"


class StatusUnchanged(Conflict):
    code = "pairing.status_unchanged"
    title = "帮扶对象的状态不能这样改"


async def change_cadre_status(
    *, scope: Scope, cadre_id: int, status: CadreStatus, goes_on: bool, actor: audit.Actor, now: datetime
) -> Cadre:
    """Note that a cadre has left, retired or come back; nobody leaves with families that nobody takes over.

    官方方案 四(三): 退休离岗后仍然愿意参与的，应当予以支持，并由原单位统一管理. Whoever retires and
    goes on keeps his families, his phone and his unit.

    Args:
        scope: who asks.
        cadre_id: who.
        status: what he is from now on.
        goes_on: he retires and keeps his families.
        actor: as the audit trail names him.
        now: when.

    Raises:
        CadreNotFound: the cadre is of another federation.
        OutsideRegion: the caller may see him, but not act there.
        GoesOnWrong: `goes_on` without retirement.
        CadreHasFamilies: `families` says how many, `counties` where, `plan_at` where to plan.
    """
    if goes_on and status is not CadreStatus.RETIRED:
        raise GoesOnWrong
    async with in_transaction():
        cadre = await cadre_in(scope=scope, cadre_id=cadre_id)
        if not scope.may_act_in(cadre.org_code):
            raise OutsideRegion
        # Whoever pairs him locks this row too, so that nobody gets him between this look and the end.
        await Cadre.filter(id=cadre_id).only("id").select_for_update()
        if status is not CadreStatus.ACTIVE and not goes_on:
            await _refuse_with_families(cadre_id, today=china_date(now))
            await let_phones_go(cadre_id=cadre_id)
        cadre.status, cadre.updated_at = status, now
        await cadre.save(update_fields=["status", "updated_at"])
        await audit.record(
            actor=actor, action="cadre.status_changed", object_kind="cadre", object_id=cadre.id, now=now,
            region_code=cadre.org_code, detail=f"{status.value} goes_on" if goes_on else status.value,
        )  # fmt: skip
    return cadre


async def _refuse_with_families(cadre_id: int, *, today: date) -> None:
    rows = await sql.fetch(
        "SELECT region_code, COUNT(*) AS families FROM pairing WHERE cadre_id = %s"
        # One that ended on its first day never was in force.
        " AND (ended_on IS NULL OR (ended_on > %s AND ended_on > started_on))"
        " GROUP BY region_code ORDER BY region_code",
        (cadre_id, today),
    )
    families = sum(int(row["families"]) for row in rows)
    if families:
        raise CadreHasFamilies(
            f"还有{families}户由他帮扶或将由他帮扶，请先在“交接”里安排接任的干部，交接之日再办理",
            families=families,
            counties={row["region_code"]: int(row["families"]) for row in rows},
            plan_at="/admin/v1/handovers",
        )


async def note_status(
    *,
    scope: Scope,
    beneficiary_id: int,
    status: BeneficiaryStatus,
    on: date,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """Note that a person died, moved away, lost or regained what makes him eligible.

    His pairings end on that day, plans for him are overtaken, his cadres are told; contacts stay whose they
    are. After a death no festive word reaches the household and its guardians from this moment on, for a
    year. Whoever is in the register again stands in the list of those who wait for a cadre.

    Args:
        scope: who asks.
        beneficiary_id: who.
        status: what he is from now on.
        on: the first day without his cadre; today or earlier.
        actor: as the audit trail names him.
        now: when.

    Raises:
        BeneficiaryNotFound: he is of a region in which the caller may not act.
        StatusUnchanged: he is that already, or has to be put back into the register first.
        PairingDateWrong: the day lies ahead, or before the scheme.
    """
    if not SCHEME_BEGAN <= on <= china_date(now):
        raise PairingDateWrong("日期应在专项工作开始以后、今天以前（含今天）")

    async def whole() -> None:
        async with in_transaction():
            person, pairings = await _locked_person(beneficiary_id, scope=scope, today=china_date(now))
            refusal = status_refusal(person.status, status)
            if refusal is not None:
                raise StatusUnchanged(refusal)
            if status is not BeneficiaryStatus.ACTIVE:
                await _end_all(pairings, status=status, on=on, actor=actor, now=now)
            if status is BeneficiaryStatus.DECEASED:
                await _mute_house(person, actor=actor, now=now)
            await Beneficiary.filter(id=person.id).update(status=status, updated_at=now)
            await audit.record(
                actor=actor, action="beneficiary.status_changed", object_kind="beneficiary",
                object_id=person.id, now=now, region_code=person.region_code,
                detail=f"{status.value} on={on}",
            )  # fmt: skip

    await sql.retrying(whole)


async def _locked_person(
    beneficiary_id: int, *, scope: Scope, today: date
) -> tuple[Beneficiary, list[Pairing]]:
    """Lock the pairings that are not over, then the person: in the order of those who hand over."""
    not_over = Q(ended_on=None) | Q(ended_on__gt=today, ended_on__not=F("started_on"))
    theirs = Pairing.filter(not_over, beneficiary_id=beneficiary_id)
    await theirs.only("id").select_for_update().order_by("id")
    found = Beneficiary.filter(in_regions("region_code", scope.act), id=beneficiary_id)
    person = await found.select_for_update().get_or_none()
    if person is None:
        raise BeneficiaryNotFound
    # Once more: nobody begins one while the person is locked, somebody may have before.
    return person, await theirs.order_by("id")


async def _end_all(
    pairings: Sequence[Pairing],
    *,
    status: BeneficiaryStatus,
    on: date,
    actor: audit.Actor,
    now: datetime,
) -> None:
    reason = END_OF[status]
    for pairing in pairings:
        pairing.ended_on, pairing.end_reason = max(on, pairing.started_on), reason
        pairing.open_beneficiary_id = None
    if not pairings:
        return
    await Pairing.bulk_update(pairings, fields=["ended_on", "end_reason", "open_beneficiary_id"])
    deeds = [
        audit.Deed(
            action="pairing.ended",
            object_kind="pairing",
            object_id=pairing.id,
            region_code=pairing.region_code,
            detail=f"on={pairing.ended_on} reason={reason.value}",
        )
        for pairing in pairings
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)
    standing = [HandoverState.PLANNED, HandoverState.ACCEPTED]
    overtaken = Handover.filter(beneficiary_id=pairings[0].beneficiary_id, state__in=standing)
    await overtaken.update(state=HandoverState.OVERTAKEN)
    told = [
        PairingNotice(
            cadre_id=cadre_id,
            beneficiary_id=pairings[0].beneficiary_id,
            news=_NEWS[status],
            on_day=on,
            at=now,
        )
        for cadre_id in sorted({pairing.cadre_id for pairing in pairings})
    ]
    await PairingNotice.bulk_create(told)


async def _mute_house(person: Beneficiary, *, actor: audit.Actor, now: datetime) -> None:
    """Leave whoever shares the household or a guardian in peace on festivals; a longer peace stays longer."""
    until = mute_end(today=china_date(now), until=None)
    guardians = await Guardianship.filter(beneficiary_id=person.id).values_list("guardian_id", flat=True)
    shared = Q(id=person.id)
    if person.household_id is not None:
        shared |= Q(household_id=person.household_id)
    if guardians:
        shared |= Q(guardianships__guardian_id__in=list(guardians))
    found = Beneficiary.filter(shared).distinct().order_by("id").limit(_FAMILY_AT_ONCE)
    house = await found.values("id", "region_code", "muted_until", "mute_reason")
    to_mute = [
        one
        for one in house
        if one["mute_reason"] != MuteReason.BEREAVEMENT.value
        or one["muted_until"] is None
        or one["muted_until"] < until
    ]
    await Beneficiary.filter(id__in=[one["id"] for one in to_mute]).update(
        muted_until=until, mute_reason=MuteReason.BEREAVEMENT.value, updated_at=now
    )
    deeds = [
        audit.Deed(
            action="beneficiary.muted",
            object_kind="beneficiary",
            object_id=one["id"],
            region_code=one["region_code"],
            detail=f"{MuteReason.BEREAVEMENT.value} {until}",
        )
        for one in to_mute
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)
