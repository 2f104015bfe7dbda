"""Leases and intents that stand in a backup: nobody holds them, and what became of them was lost."""

from datetime import datetime

from app.core import sql
from app.messaging.enums import Reason


async def drop_leases(*, now: datetime) -> int:
    """Take every message away from the worker that held it in the backup; return how many became unknown.

    What was only claimed waits again. What was about to leave may have arrived, and may since have been sent
    once more: it becomes unknown, whatever its channel. Joins the transaction of the caller.
    """
    await sql.execute(
        "UPDATE message SET state = 'queued', counted_on = NULL, lease_token = NULL, lease_until_ms = NULL"
        " WHERE state = 'sending' AND begun = 0"
    )
    return await sql.execute(
        "UPDATE message SET state = 'unknown', reason = %s, settled_at = %s, begun = 0, lease_token = NULL,"
        " lease_until_ms = NULL WHERE state = 'sending'",
        (Reason.CRASHED_WHILE_SENDING.value, now),
    )
