"""Carrying rotations forward once a day: who stays, who takes over, hand-overs planned, all sides told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast

import structlog
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.pairing.enums import EndReason, HandoverState, RotationState
from app.pairing.models import Handover, Rotation
from app.pairing.operations.handing_over import plan_handovers
from app.pairing.operations.repairing import Move
from app.pairing.operations.solving import Solver, SolverFailed, solve_in_process
from app.pairing.operations.starting import PairingsRefused, PairingTaken
from app.pairing.operations.telling import NoticeTemplates, queue_notices
from app.pairing.queries import PairingNotFound
from app.pairing.queries.candidates import candidates_of
from app.pairing.queries.rotations import (
    declined_by,
    due_regions,
    population_in,
    settled_rotations,
    standing_in,
    wishes_of,
)
from app.pairing.rules.handing_over import USUAL_OVERLAP_DAYS
from app.pairing.rules.matching import Task
from app.pairing.rules.repairing import repairing_task
from app.pairing.rules.rotation import (
    NOTICE,
    SHORTEST_NOTICE,
    Wishes,
    change_day,
    first_month,
    room_from,
    stays,
)

log = structlog.get_logger()

_AT_ONCE = 500
_PRESENT = "本轮轮换，换一位干部"
_DECLINED = "本人已表示不能接任"
_NOBODY = "暂时没有可以接任的干部，系统每天再找一次"
_PUT_OFF = "没有来得及安排接任干部，改期"
_AGAIN = "接任干部不同意，重新安排"
_UNDONE = "交接已撤销"


async def carry_rotations_forward(
    *, templates: NoticeTemplates, now: datetime, solver: Solver = solve_in_process
) -> int:
    """Do what the day brings for all rotations, and return how many it moved.

    Thirty days before its day each rotation finds its successor and becomes a planned hand-over, which then
    happens by itself; both cadres and the family are told. Whoever wishes to stay stays. What could not be
    arranged ten days before is put off to the next month with room. Each step looks at what stands, so that
    a day that was missed, or begun twice, does no harm.

    Args:
        templates: with which WeChat templates people are told.
        now: when.
        solver: how the best successors are found.
    """
    moved = await _settle_all(now=now)
    for region in await due_regions(until=china_date(now) + NOTICE):
        moved += await _arrange(region, solver=solver, now=now)
        moved += await _announce(region, templates=templates, now=now)
    return moved


async def _settle_all(*, now: datetime) -> int:
    settled = 0

    async def portion() -> int:
        async with in_transaction():
            found = await settled_rotations(today=china_date(now), limit=_AT_ONCE)
            for rotation, state in found:
                _become(rotation, state)
            await _keep(found, now=now)
            return len(found)

    while done := await sql.retrying(portion):
        settled += done
    return settled


def _become(rotation: Rotation, state: RotationState) -> None:
    rotation.state = state
    if state is RotationState.PLANNED:
        rotation.update_from_dict(
            {"handover_id": None, "to_cadre_id": None, "family_told_at": None, "note": _AGAIN}
        )
        return
    rotation.open_pairing_id = None
    if state is RotationState.CANCELLED:
        rotation.note = _UNDONE


async def _keep(changed: Sequence[tuple[Rotation, RotationState]], *, now: datetime) -> None:
    """Write rotations with their new states, and what became of each into the trail."""
    if not changed:
        return
    fields = ["state", "open_pairing_id", "handover_id", "to_cadre_id", "family_told_at", "note"]
    await Rotation.bulk_update([rotation for rotation, _ in changed], fields=[*fields, "changes_on"])
    deeds = [
        audit.Deed(
            action=f"rotation.{state.value}",
            object_kind="rotation",
            object_id=rotation.id,
            region_code=rotation.region_code,
            detail=f"pairing={rotation.pairing_id}",
        )
        for rotation, state in changed
    ]
    await audit.record_all(actor=audit.SYSTEM, deeds=deeds, now=now)


async def _arrange(region: str, *, solver: Solver, now: datetime) -> int:
    """Plan the hand-overs of one county's rotations that are near; return how many stay or were put off."""
    today = china_date(now)
    near = Rotation.filter(
        region_code=region, state=RotationState.PLANNED, changes_on__lte=today + NOTICE,
        open_pairing_id__gt=0,
    )  # fmt: skip
    rotations = await near.order_by("changes_on", "id").limit(_AT_ONCE)
    wishes = await wishes_of(pairing_ids=[one.pairing_id for one in rotations])
    staying = [one for one in rotations if stays(wishes.get(one.pairing_id, Wishes()))]
    late = [one for one in rotations if one not in staying and one.changes_on < today + SHORTEST_NOTICE]
    await _leave_or_put_off(region, staying, late, now=now)
    by_day: dict[date, list[Rotation]] = defaultdict(list)
    for one in rotations:
        if one not in staying and one not in late:
            by_day[one.changes_on].append(one)
    # One day a month, and what was put off.
    for day, group in sorted(by_day.items()):
        successors = await _successors(region, group, day=day, solver=solver)
        await _note([one for one in group if one.pairing_id not in successors], _NOBODY)
        await _plan([one for one in group if one.pairing_id in successors], successors, on=day, now=now)
    return len(staying) + len(late)


async def _leave_or_put_off(
    region: str, staying: Sequence[Rotation], late: Sequence[Rotation], *, now: datetime
) -> None:
    scope, first = Scope(act=(region,)), first_month(china_date(now))
    async with in_transaction():
        standing, population = await standing_in(scope=scope), await population_in(scope=scope)
        for one in late:
            month = room_from(first, standing=standing, population=population)
            standing[month] = standing.get(month, 0) + 1
            one.changes_on, one.note = change_day(month), _PUT_OFF
        for one in staying:
            _become(one, RotationState.STAYS)
        await _keep([(one, RotationState.STAYS) for one in staying], now=now)
        await _keep([(one, RotationState.PLANNED) for one in late], now=now)


async def _successors(
    region: str, rotations: Sequence[Rotation], *, day: date, solver: Solver
) -> dict[int, int]:
    """Return who takes over each pairing: chosen by hand, else as a proposal would, never the present one."""
    chosen = {one.pairing_id: one.to_cadre_id for one in rotations if one.to_cadre_id is not None}
    open_ones = {one.beneficiary_id: one for one in rotations if one.pairing_id not in chosen}
    if not open_ones:
        return chosen
    declined = await declined_by(pairing_ids=[one.pairing_id for one in open_ones.values()])
    found = await candidates_of(regions=[region], locks=(), day=day)
    task = _without_present(
        repairing_task(found.task, beneficiary_ids={one.beneficiary_id for one in rotations}, leaving=()),
        open_ones,
        declined=declined,
        taken=[cadre_id for cadre_id in chosen.values() if cadre_id is not None],
    )
    try:
        proposed = await solver(task)
    except (SolverFailed, TimeoutError) as error:
        log.exception("pairing.rotation.unsolved", region=region, error=type(error).__name__)
        return chosen
    best = {
        open_ones[pair.beneficiary_id].pairing_id: pair.cadre_id
        for pair in proposed.pairs
        if pair.cadre_id is not None
    }
    return chosen | best


def _without_present(
    task: Task,
    open_ones: Mapping[int, Rotation],
    *,
    declined: Mapping[int, set[int]],
    taken: Sequence[int],
) -> Task:
    """Return the task with those who look for a successor only; who has them, or declined, is barred."""
    people = []
    for person in task.people:
        if person.id in open_ones:
            one = open_ones[person.id]
            others = dict.fromkeys(declined.get(one.pairing_id, ()), _DECLINED)
            barred = {**person.barred, **others, one.cadre_id: _PRESENT}
            people.append(replace(person, barred=barred))
    cadres = [replace(cadre, other_load=cadre.other_load + taken.count(cadre.id)) for cadre in task.cadres]
    return replace(task, people=people, cadres=cadres)


async def _note(rotations: Sequence[Rotation], words: str) -> None:
    ids = [one.id for one in rotations if one.note != words]
    if ids:
        await Rotation.filter(id__in=ids, state=RotationState.PLANNED).update(note=words)


async def _plan(
    rotations: Sequence[Rotation], successors: Mapping[int, int], *, on: date, now: datetime
) -> None:
    """Plan the hand-overs of one day together; what is refused keeps its reason, and the others go ahead."""
    waiting = list(rotations)
    while waiting:
        moves = [Move(pairing_id=one.pairing_id, cadre_id=successors[one.pairing_id]) for one in waiting]
        try:
            await plan_handovers(
                scope=Scope.everywhere(), moves=moves, changes_on=on, overlap_days=USUAL_OVERLAP_DAYS,
                reason=EndReason.ROTATION, actor=audit.SYSTEM, now=now,
            )  # fmt: skip
        except PairingsRefused as refused:
            refusals = cast("list[dict[str, Any]]", refused.facts["refusals"])
            sentences = {one["position"]: str(one["detail"]) for one in refusals}
            for position, sentence in sentences.items():
                await _note([waiting[position]], sentence)
            waiting = [one for position, one in enumerate(waiting) if position not in sentences]
        except (PairingTaken, PairingNotFound):
            # Somebody changed one of them a moment ago: tomorrow's look sees what stands.
            return
        else:
            return


async def _announce(region: str, *, templates: NoticeTemplates, now: datetime) -> int:
    """Bind each planned rotation to the hand-over that stands for it, and queue what people are told."""

    async def whole() -> int:
        async with in_transaction():
            planned = Rotation.filter(region_code=region, state=RotationState.PLANNED)
            rotations = {one.pairing_id: one for one in await planned.order_by("id")}
            standing = Handover.filter(
                pairing_id__in=list(rotations), reason=EndReason.ROTATION,
                state__in=[HandoverState.PLANNED, HandoverState.ACCEPTED],
            )  # fmt: skip
            handovers = await standing.order_by("id") if rotations else []
            for handover in handovers:
                rotations[handover.pairing_id].update_from_dict(
                    {
                        "state": RotationState.ANNOUNCED,
                        "handover_id": handover.id,
                        "changes_on": handover.changes_on,
                        "note": "",
                    }
                )
            bound = [rotations[one.pairing_id] for one in handovers]
            await _keep([(one, RotationState.ANNOUNCED) for one in bound], now=now)
            await queue_notices(handovers, templates=templates, now=now)
            return len(handovers)

    return await sql.retrying(whole)
