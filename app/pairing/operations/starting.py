"""Starting, ending and handing over pairings. The county acts, whoever's cadre it is (官方方案 四(三))."""

from collections.abc import Sequence
from datetime import date, datetime

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core.clock import china_date
from app.core.errors import AppError, Conflict, Invalid
from app.pairing.enums import EndReason, PairingOutcome, PairingRefusal
from app.pairing.models import Pairing
from app.pairing.queries import PairingNotFound, open_pairing_ids, pairing_facts
from app.pairing.rules import (
    PairingFacts,
    PairingVerdict,
    Period,
    WantedPairing,
    end_refusal,
    judge_pairings,
)
from app.people.queries import BeneficiaryNotFound, CadreNotFound

_BATCH = 1000


class PairingOverlaps(Conflict):
    code = "pairing.overlaps"
    title = "该帮扶对象在这段时间已有结对"


class NotEligible(Conflict):
    code = "pairing.not_eligible"
    title = "不符合帮扶对象条件，不能结对"


class CadreNotActive(Conflict):
    code = "pairing.cadre_not_active"
    title = "帮扶干部不在岗，不能新结对"


class CadreTakesNoPart(Conflict):
    code = "pairing.cadre_takes_no_part"
    title = "帮扶干部登记为不参加，不能新结对"


class CapacityExceeded(Conflict):
    code = "pairing.capacity_exceeded"
    title = "超过帮扶干部的可结对户数"


class PairingDateWrong(Invalid):
    code = "pairing.date_wrong"
    title = "结对的日期不能用"


class SameCadre(Conflict):
    code = "pairing.same_cadre"
    title = "新旧帮扶干部是同一人"


class HandoverPlanned(Conflict):
    code = "pairing.handover_planned"
    title = "这条结对已安排交接，请先撤销交接再提前结束"


class PairingTaken(Conflict):
    code = "pairing.taken"
    title = "有的结对已经结束或已安排交接，请刷新后再办理"


class PairingsRefused(Conflict):
    code = "pairing.list_refused"
    title = "名单中有不能结对的，一条也没有保存"


_REFUSALS: dict[PairingRefusal, type[AppError]] = {
    PairingRefusal.BENEFICIARY_UNKNOWN: BeneficiaryNotFound,
    PairingRefusal.CADRE_UNKNOWN: CadreNotFound,
    PairingRefusal.CADRE_NOT_ACTIVE: CadreNotActive,
    PairingRefusal.CADRE_TAKES_NO_PART: CadreTakesNoPart,
    PairingRefusal.CAPACITY_EXCEEDED: CapacityExceeded,
    PairingRefusal.NOT_ELIGIBLE: NotEligible,
    PairingRefusal.START_TOO_EARLY: PairingDateWrong,
    PairingRefusal.START_TOO_LATE: PairingDateWrong,
    PairingRefusal.OVERLAPS: PairingOverlaps,
}


async def start_pairing(
    *, scope: Scope, beneficiary_id: int, cadre_id: int, started_on: date, actor: audit.Actor, now: datetime
) -> int:
    """Pair a beneficiary with a cadre from a day on, and return the pairing's id.

    The day may lie in the past, back to the beginning of the scheme, or up to a year ahead. Asking again for
    a pairing that exists exactly so returns its id.

    Raises:
        BeneficiaryNotFound: the beneficiary is of a region in which the caller may not act.
        CadreNotFound: the cadre is neither of that county nor of a federation above it.
        CadreNotActive: he left, or retired and nobody noted that he goes on.
        CadreTakesNoPart: it is noted that he does not take part.
        CapacityExceeded: he has as many families as was stated for him; where nothing is stated, no bound.
        NotEligible: certificate, grade or relief do not fit; `reasons` lists which.
        PairingDateWrong: the day is too far away.
        PairingOverlaps: somebody accompanies the beneficiary then; the sentence names the days.
    """
    wanted = [WantedPairing(beneficiary_id, cadre_id, started_on)]
    async with in_transaction():
        facts, (verdict,) = await _judge_locked(wanted, scope=scope, now=now)
        if verdict.outcome is PairingOutcome.REFUSED:
            raise _error(verdict)
        if verdict.outcome is PairingOutcome.STARTS:
            return (await insert_pairings(wanted, facts=facts, scope=scope, actor=actor, now=now))[
                beneficiary_id
            ]
        return (await open_pairing_ids(scope=scope, beneficiary_ids=[beneficiary_id]))[beneficiary_id]


async def start_pairings(
    *, scope: Scope, wanted: Sequence[WantedPairing], actor: audit.Actor, now: datetime
) -> int:
    """Pair a whole list, all of it or nothing, and return how many pairings are new.

    Pairings that exist exactly so are left alone, so the same roster can be read in twice.

    Raises:
        PairingsRefused: at least one line may not be; `refusals` lists position, code and sentence of each.
    """
    async with in_transaction():
        facts, verdicts = await _judge_locked(wanted, scope=scope, now=now)
        refusals = [
            {"position": position, "code": _REFUSALS[verdict.refusal].code, "detail": verdict.sentence}
            for position, verdict in enumerate(verdicts)
            if verdict.refusal is not None
        ]
        if refusals:
            raise PairingsRefused(refusals=refusals)
        new = [
            item
            for item, verdict in zip(wanted, verdicts, strict=True)
            if verdict.outcome is PairingOutcome.STARTS
        ]
        await insert_pairings(new, facts=facts, scope=scope, actor=actor, now=now)
    return len(new)


async def end_pairing(
    *, scope: Scope, pairing_id: int, ended_on: date, reason: EndReason, actor: audit.Actor, now: datetime
) -> None:
    """End a pairing on a day, its first day without the cadre; contacts recorded under it stay.

    Raises:
        PairingNotFound: it is of a region in which the caller may not act.
        PairingDateWrong: the day is before the start, too far ahead, or later than the end that is set.
        HandoverPlanned: a successor begins later; between the two the family would have nobody.
    """
    async with in_transaction():
        pairing = await _locked(pairing_id, scope=scope)
        if await _leaves_days_with_nobody(pairing, ended_on=ended_on):
            raise HandoverPlanned
        await _end(pairing, ended_on=ended_on, reason=reason, actor=actor, now=now)


async def _leaves_days_with_nobody(pairing: Pairing, *, ended_on: date) -> bool:
    """Tell whether a successor begins where this pairing ends, so that an earlier end parts the two."""
    if pairing.ended_on is None or ended_on >= pairing.ended_on:
        return False
    # One that ended on its first day never was in force.
    in_force = Q(ended_on=None) | Q(ended_on__gt=F("started_on"))
    successor = Pairing.filter(
        in_force, beneficiary_id=pairing.beneficiary_id, started_on=pairing.ended_on
    ).exclude(id=pairing.id)
    return await successor.exists()


async def change_cadre(  # noqa: PLR0913 - which, to whom, when, why, and by whom
    *,
    scope: Scope,
    pairing_id: int,
    cadre_id: int,
    on: date,
    reason: EndReason,
    actor: audit.Actor,
    now: datetime,
) -> int:
    """Hand a beneficiary over to another cadre on a day, without a day between, and return the new pairing.

    Raises:
        PairingNotFound: the pairing is of a region in which the caller may not act.
        SameCadre: he has the beneficiary already.
        PairingDateWrong, PairingOverlaps, NotEligible, CadreNotActive, CadreNotFound: as when starting.
    """
    async with in_transaction():
        old = await _locked(pairing_id, scope=scope)
        if old.cadre_id == cadre_id:
            raise SameCadre
        await _end(old, ended_on=on, reason=reason, actor=actor, now=now)
        wanted = [WantedPairing(old.beneficiary_id, cadre_id, on)]
        facts, (verdict,) = await _judge_locked(wanted, scope=scope, now=now)
        if verdict.outcome is not PairingOutcome.STARTS:
            raise _error(verdict)
        return (await insert_pairings(wanted, facts=facts, scope=scope, actor=actor, now=now))[
            old.beneficiary_id
        ]


async def _judge_locked(
    wanted: Sequence[WantedPairing], *, scope: Scope, now: datetime
) -> tuple[PairingFacts, tuple[PairingVerdict, ...]]:
    facts = await pairing_facts(scope=scope, wanted=wanted, locked=True)
    return facts, judge_pairings(wanted, facts=facts, today=china_date(now))


def _error(verdict: PairingVerdict) -> AppError:
    kind = PairingOverlaps if verdict.refusal is None else _REFUSALS[verdict.refusal]
    if issubclass(kind, NotEligible):
        return kind(verdict.sentence, reasons=list(verdict.reasons))
    return kind(verdict.sentence)


async def insert_pairings(
    wanted: Sequence[WantedPairing], *, facts: PairingFacts, scope: Scope, actor: audit.Actor, now: datetime
) -> dict[int, int]:
    """Write pairings that were judged in the transaction of the caller, and return their ids by beneficiary.

    Raises:
        PairingOverlaps: one of these people has an open pairing.
    """
    pairings = [
        Pairing(
            region_code=facts.beneficiaries[item.beneficiary_id].region_code,
            beneficiary_id=item.beneficiary_id,
            cadre_id=item.cadre_id,
            started_on=item.started_on,
            open_beneficiary_id=item.beneficiary_id,
            created_at=now,
        )
        for item in wanted
    ]
    try:
        await Pairing.bulk_create(pairings, batch_size=_BATCH)
    except IntegrityError as error:
        # The unique open end: the last word, should anything ever have passed the locks.
        raise PairingOverlaps from error
    ids = await open_pairing_ids(scope=scope, beneficiary_ids=[item.beneficiary_id for item in wanted])
    deeds = [
        audit.Deed(
            action="pairing.started",
            object_kind="pairing",
            object_id=ids[pairing.beneficiary_id],
            region_code=pairing.region_code,
            detail=f"beneficiary={pairing.beneficiary_id} cadre={pairing.cadre_id} from={pairing.started_on}",
        )
        for pairing in pairings
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)
    return ids


async def _locked(pairing_id: int, *, scope: Scope) -> Pairing:
    found = Pairing.filter(in_regions("region_code", scope.act), id=pairing_id)
    pairing = await found.select_for_update().get_or_none()
    if pairing is None:
        raise PairingNotFound
    return pairing


async def _end(
    pairing: Pairing, *, ended_on: date, reason: EndReason, actor: audit.Actor, now: datetime
) -> None:
    if (pairing.ended_on, pairing.end_reason) == (ended_on, reason):
        return
    period = Period(pairing.started_on, pairing.ended_on)
    refusal = end_refusal(period, ended_on=ended_on, today=china_date(now))
    if refusal is not None:
        raise PairingDateWrong(refusal)
    pairing.ended_on, pairing.end_reason, pairing.open_beneficiary_id = ended_on, reason, None
    await pairing.save(update_fields=["ended_on", "end_reason", "open_beneficiary_id"])
    await audit.record(
        actor=actor, action="pairing.ended", object_kind="pairing", object_id=pairing.id, now=now,
        region_code=pairing.region_code, detail=f"on={ended_on} reason={reason.value}",
    )  # fmt: skip
