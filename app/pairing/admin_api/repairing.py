"""Re-pairing a whole unit, for the console."""

from fastapi import APIRouter

from app.accounts.deps import EditorDep
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.pairing import operations
from app.pairing.schemas import MoveAnswer, RepairBody, RepairDone, RepairPreviewBody

router = APIRouter(prefix="/admin/v1/pairings/repairing", tags=["re-pairing"])


@router.post("/preview", summary="预览成批调整：一个单位或若干干部的结对交给谁，逐户说明")
async def preview(body: RepairPreviewBody, caller: EditorDep, clock: ClockDep) -> list[MoveAnswer]:
    now = clock.now()
    lines = await operations.preview_repairing(
        scope=caller.scope,
        unit=body.unit,
        cadre_ids=body.cadre_ids,
        receiver_ids=body.receiver_ids,
        on=body.on or china_date(now),
        now=now,
    )
    return [MoveAnswer.of(line) for line in lines]


@router.post("", summary="成批调整，全部办理或全部不办理")
async def repair(body: RepairBody, caller: EditorDep, clock: ClockDep) -> RepairDone:
    now = clock.now()
    done = await operations.repair(
        scope=caller.scope,
        moves=[operations.Move(pairing_id=move.pairing_id, cadre_id=move.cadre_id) for move in body.moves],
        on=body.on or china_date(now),
        reason=body.reason,
        actor=caller.actor,
        now=now,
    )
    return RepairDone(changed=done)
