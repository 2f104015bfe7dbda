"""Re-pairing a whole unit: a preview with a verdict for each family, then all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.pairing.enums import EndReason, PairDecision
from app.pairing.models import Pairing
from app.pairing.operations.solving import Solver, solve_in_process
from app.pairing.operations.starting import PairingsRefused, PairingTaken, insert_pairings
from app.pairing.queries import PairingNotFound, pairing_facts
from app.pairing.queries.candidates import candidates_of
from app.pairing.queries.repairing import (
    MoveLine,
    OpenPairing,
    bars_of,
    cadre_names,
    open_pairings_of,
    receivers_of,
)
from app.pairing.rules import WantedPairing
from app.pairing.rules.proposing import ChangeVerdict, ProposedChange
from app.pairing.rules.repairing import judge_moves, repairing_task, spread

_NO_ROOM = "没有可以接手的干部，原结对不变"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """That a cadre takes over from the one of an open pairing."""

    pairing_id: int
    cadre_id: int


async def preview_repairing(  # noqa: PLR0913 - whose, to whom, and when
    *,
    scope: Scope,
    unit: str,
    cadre_ids: Sequence[int],
    receiver_ids: Sequence[int],
    on: date,
    now: datetime,
    solver: Solver = solve_in_process,
) -> list[MoveLine]:
    """Return what handing over all families of a unit, or of some cadres, would come to.

    No transaction: nothing is written.

    Args:
        scope: who asks.
        unit: the unit whose cadres give their families; empty to go by `cadre_ids`.
        cadre_ids: the cadres who do.
        receiver_ids: who takes them over, by how many each takes; empty to find the best for each family
            as a proposal does.
        on: the first day of what is new.
        now: when.
        solver: how the best ones are found.

    Raises:
        TooManyFamilies: more than 500.
    """
    pairings = await open_pairings_of(scope=scope, unit=unit, cadre_ids=cadre_ids)
    people = [pairing.beneficiary_id for pairing in pairings]
    leaving = {pairing.cadre_id for pairing in pairings} | set(cadre_ids)
    sentences: dict[int, str] = {}
    if receiver_ids:
        wanted = [cadre_id for cadre_id in receiver_ids if cadre_id not in leaving]
        receivers = await receivers_of(scope=scope, cadre_ids=wanted, on=on)
        chosen = spread(people, receivers, barred=await bars_of(beneficiary_ids=people))
    else:
        chosen, sentences = await _best(pairings, leaving=leaving, on=on, solver=solver)
    changes = [
        ProposedChange(
            beneficiary_id=pairing.beneficiary_id,
            cadre_id=chosen.get(pairing.beneficiary_id),
            present_cadre_id=pairing.cadre_id,
        )
        for pairing in pairings
    ]
    verdicts = await judged(changes, scope=scope, on=on, now=now, locked=False)
    names = await cadre_names(scope=scope, cadre_ids=sorted({one for one in chosen.values() if one}))
    return [
        MoveLine(
            pairing=pairing,
            cadre_id=change.cadre_id,
            cadre_name=names.get(change.cadre_id or 0, ""),
            decision=verdict.decision,
            sentence=_sentence(verdict, sentences.get(pairing.beneficiary_id, "")),
        )
        for pairing, change, verdict in zip(pairings, changes, verdicts, strict=True)
    ]


def _sentence(verdict: ChangeVerdict, found: str) -> str:
    if verdict.decision is PairDecision.NOBODY:
        return found or _NO_ROOM
    return verdict.sentence or found or "可以调整"


async def _best(
    pairings: Sequence[OpenPairing], *, leaving: set[int], on: date, solver: Solver
) -> tuple[dict[int, int | None], dict[int, str]]:
    regions = sorted({pairing.region_code for pairing in pairings})
    if not regions:
        return {}, {}
    found = await candidates_of(regions=regions, locks=(), day=on)
    people = {pairing.beneficiary_id for pairing in pairings}
    proposed = await solver(repairing_task(found.task, beneficiary_ids=people, leaving=leaving))
    return (
        {pair.beneficiary_id: pair.cadre_id for pair in proposed.pairs},
        {pair.beneficiary_id: pair.sentence for pair in proposed.pairs},
    )


async def judged(
    changes: Sequence[ProposedChange], *, scope: Scope, on: date, now: datetime, locked: bool
) -> tuple[ChangeVerdict, ...]:
    """Return what handing each family over comes to; locked, in the transaction of the caller."""
    wanted = [WantedPairing(change.beneficiary_id, change.cadre_id or 0, on) for change in changes]
    facts = await pairing_facts(scope=scope, wanted=wanted, locked=locked)
    barred = await bars_of(beneficiary_ids=[change.beneficiary_id for change in changes])
    return judge_moves(changes, facts=facts, barred=barred, on=on, today=china_date(now))


async def repair(
    *,
    scope: Scope,
    moves: Sequence[Move],
    on: date,
    reason: EndReason,
    actor: audit.Actor,
    now: datetime,
) -> int:
    """Hand over many families on a day, all of them or none, and return how many.

    Each is judged once more under lock. Those that the same list takes from a cadre make room for others.

    Raises:
        PairingNotFound: a pairing is of a region in which the caller may not act.
        PairingTaken: a pairing is not open any more.
        PairingsRefused: at least one may not be; `refusals` lists position and sentence of each.
    """

    async def whole() -> int:
        async with in_transaction():
            return len(await move_all(moves, scope=scope, on=on, reason=reason, actor=actor, now=now))

    return await sql.retrying(whole)


@dataclass(frozen=True, slots=True)
class Moved:
    """A pairing that got an end, and the id of the one that begins on that day."""

    old: Pairing
    cadre_id: int
    new_id: int


async def move_all(
    moves: Sequence[Move],
    *,
    scope: Scope,
    on: date,
    reason: EndReason,
    actor: audit.Actor,
    now: datetime,
) -> list[Moved]:
    """End pairings on a day and begin those of their successors, in the transaction of the caller.

    Raises:
        PairingNotFound: a pairing is of a region in which the caller may not act.
        PairingTaken: a pairing is not open any more.
        PairingsRefused: at least one may not be; `refusals` lists position and sentence of each.
    """
    standing = await _locked(moves, scope=scope)
    changes = [
        ProposedChange(
            beneficiary_id=standing[move.pairing_id].beneficiary_id,
            cadre_id=move.cadre_id,
            present_cadre_id=standing[move.pairing_id].cadre_id,
        )
        for move in moves
    ]
    verdicts = await judged(changes, scope=scope, on=on, now=now, locked=True)
    refusals = [
        {"position": position, "detail": verdict.sentence or "新旧帮扶干部是同一人"}
        for position, verdict in enumerate(verdicts)
        if verdict.decision is not PairDecision.APPLIED
    ]
    if refusals:
        raise PairingsRefused(refusals=refusals)
    await _end(list(standing.values()), on=on, reason=reason, actor=actor, now=now)
    new = [WantedPairing(change.beneficiary_id, change.cadre_id or 0, on) for change in changes]
    facts = await pairing_facts(scope=scope, wanted=new)
    ids = await insert_pairings(new, facts=facts, scope=scope, actor=actor, now=now)
    return [
        Moved(old, move.cadre_id, ids[old.beneficiary_id])
        for move in moves
        if (old := standing[move.pairing_id])
    ]


async def _locked(moves: Sequence[Move], *, scope: Scope) -> dict[int, Pairing]:
    found = Pairing.filter(in_regions("region_code", scope.act), id__in=[move.pairing_id for move in moves])
    standing = {pairing.id: pairing for pairing in await found.select_for_update().order_by("id")}
    if len(standing) < len(moves):
        raise PairingNotFound
    # Somebody else was quicker.
    if any(pairing.open_beneficiary_id is None for pairing in standing.values()):
        raise PairingTaken
    return standing


async def _end(
    pairings: Sequence[Pairing], *, on: date, reason: EndReason, actor: audit.Actor, now: datetime
) -> None:
    ended = Pairing.filter(id__in=[pairing.id for pairing in pairings])
    await ended.update(ended_on=on, end_reason=reason, open_beneficiary_id=None)
    deeds = [
        audit.Deed(
            action="pairing.ended",
            object_kind="pairing",
            object_id=pairing.id,
            region_code=pairing.region_code,
            detail=f"on={on} reason={reason.value}",
        )
        for pairing in pairings
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)
