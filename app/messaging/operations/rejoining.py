"""Before a mass message is repeated: who of its people still wants it, hours after the first try.

A repeat carries the same id. When the first try arrived after all, WeChat sends nothing more; when it did
not, whoever was taken out meanwhile is left in peace.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tortoise.transactions import in_transaction

from app.core import sql
from app.messaging.enums import Reason
from app.messaging.notices import DueMessage
from app.messaging.operations.masses import COLUMNS, Batch, due_of
from app.messaging.rules import state_of
from app.messaging.rules.channels import MOST_OF_MASS

_OF_BATCH = "state = 'sending' AND campaign_id = %s AND lease_token = %s"


async def people_of(batch: Batch) -> list[DueMessage]:
    """Return the messages of a batch, in the order of its people."""
    rows = await sql.fetch(
        f"SELECT {COLUMNS} FROM message WHERE {_OF_BATCH} ORDER BY reason, id LIMIT %s",
        (batch.campaign_id, batch.token, MOST_OF_MASS),
    )
    return [due_of(row, batch.campaign_id, batch.token) for row in rows]


async def leave_out(*, batch: Batch, messages: Mapping[Reason, Sequence[DueMessage]], now: datetime) -> Batch:
    """Take people out of a batch before it is repeated, and return it with the others.

    Whom an earlier try may have reached becomes unknown: nobody can say that he was left in peace.

    Args:
        batch: which one, held by this worker.
        messages: those that must not leave, by the reason.
        now: when.
    """
    groups = {reason: group for reason, group in messages.items() if group}
    if not groups:
        return batch
    is_certain = batch.first_tried_at is None

    async def unit() -> None:
        async with in_transaction():
            gone = 0
            # Few statements for each reason, not for each message.
            for reason, group in groups.items():
                why = reason if is_certain else Reason.UNANSWERED
                gone += await sql.execute(
                    "UPDATE message SET state = %s, reason = %s, settled_at = %s, begun = 0,"
                    " lease_token = NULL, lease_until_ms = NULL"
                    + (", first_tried_at = NULL" if is_certain else "")
                    + f" WHERE {_OF_BATCH} AND id IN ({', '.join(str(one.id) for one in group)})",
                    (state_of(why).value, why.value, now, batch.campaign_id, batch.token),
                )
            # Only those that were taken out just now: after a commit whose answer was lost there are none.
            await sql.execute("UPDATE mass_batch SET people = people - %s WHERE id = %s", (gone, batch.id))

    await sql.retrying(unit)
    out = {one.openid for group in groups.values() for one in group}
    return replace(batch, openids=tuple(openid for openid in batch.openids if openid not in out))
