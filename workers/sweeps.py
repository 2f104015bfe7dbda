"""Every look for what does not add up, each with its reason.

One worker takes the turn of a sweep, for all of them; where it stopped is a row, so the next turn goes on
there. A sweep that fails takes its next turn from the same place and keeps no other from its own.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.campaigns.operations import sweeping as campaigns
from app.contacts import operations as contacts
from app.core import sql
from app.core.settings import Settings
from app.messaging import operations as messaging

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One look at a bounded stretch of rows.

    Args:
        name: of its turn.
        every: how long after the last turn the next one is due.
        run: looks on from a position, and returns the next one; empty begins a new round.
    """

    name: str
    every: timedelta
    run: Callable[[datetime, Settings, str], Awaitable[str]]


async def _find_stuck(now: datetime, settings: Settings, _: str) -> str:
    await messaging.find_stuck(now=now, lease_seconds=settings.send.lease_seconds)
    return ""


async def _check_credits(now: datetime, _: Settings, position: str) -> str:
    return await messaging.check_credits(now=now, position=position)


async def _forget_tally(now: datetime, _: Settings, __: str) -> str:
    await messaging.forget_tally(now=now)
    return ""


async def _check_quotas(now: datetime, _: Settings, __: str) -> str:
    await messaging.check_quotas(now=now)
    return ""


async def _forget_quotas(now: datetime, _: Settings, __: str) -> str:
    await messaging.forget_quotas(now=now)
    return ""


async def _forget_people(now: datetime, _: Settings, position: str) -> str:
    return await messaging.forget_people(now=now, position=position)


async def _end_overdue(now: datetime, _: Settings, __: str) -> str:
    await campaigns.end_overdue_step(now=now)
    return ""


async def _check_fresh_campaigns(now: datetime, _: Settings, position: str) -> str:
    return await campaigns.check_campaigns(now=now, position=position, only_fresh=True)


async def _check_campaigns(now: datetime, _: Settings, position: str) -> str:
    return await campaigns.check_campaigns(now=now, position=position, only_fresh=False)


async def _make_up(now: datetime, _: Settings, position: str) -> str:
    return await campaigns.make_up_step(now=now, position=position)


async def _recount(now: datetime, _: Settings, position: str) -> str:
    return await contacts.recount_counters(now=now, position=position)


SWEEPS: tuple[Sweep, ...] = (
    # Messages that a dead worker held and that no other took up: nobody recovers leases.
    Sweep(name="stuck-messages", every=timedelta(minutes=1), run=_find_stuck),
    # Put off until after the end of their campaign, they would stay open for no reason.
    Sweep(name="overdue-messages", every=timedelta(minutes=1), run=_end_overdue),
    # What goes on just now is looked at often, what is over once in a long while.
    Sweep(name="fresh-campaigns", every=timedelta(seconds=30), run=_check_fresh_campaigns),
    Sweep(name="all-campaigns", every=timedelta(minutes=2), run=_check_campaigns),
    # Nobody of the audience may be without a row.
    Sweep(name="left-out-people", every=timedelta(seconds=30), run=_make_up),
    # WeChat has no API to ask for credits: our count is the only one.
    Sweep(name="credits", every=timedelta(minutes=1), run=_check_credits),
    # The claim trusts the ledger alone: too high a number holds messages up, too low a one is refused.
    Sweep(name="quotas", every=timedelta(minutes=1), run=_check_quotas),
    Sweep(name="old-quotas", every=timedelta(hours=6), run=_forget_quotas),
    # Rows of people to whom nothing was sent for a month.
    Sweep(name="old-people", every=timedelta(minutes=10), run=_forget_people),
    # Cadres and the province read the counters, and never the records under them.
    Sweep(name="contact-counters", every=timedelta(minutes=1), run=_recount),
    # Numbers of the last hour are not asked for later.
    Sweep(name="tally", every=timedelta(minutes=30), run=_forget_tally),
)


async def run_due_sweeps(*, now: datetime, settings: Settings, sweeps: Sequence[Sweep] = SWEEPS) -> int:
    """Take the turns that are due and that no other worker took, and return how many."""
    taken = 0
    for sweep in sweeps:
        position = await _take(sweep, now=now)
        if position is None:
            continue
        taken += 1
        try:
            position = await sweep.run(now, settings, position)
        except Exception as error:
            log.exception("worker.sweep.failed", sweep=sweep.name, error=type(error).__name__)
            continue
        await sql.execute(
            "UPDATE sweep_turn SET position = %s WHERE name = %s AND taken_at = %s",
            (position, sweep.name, now),
        )
    return taken


async def _take(sweep: Sweep, *, now: datetime) -> str | None:
    """Return the position at which the turn begins, None when it is not due or somebody else's."""
    rows = await sql.fetch("SELECT taken_at, position FROM sweep_turn WHERE name = %s", (sweep.name,))
    if not rows:
        made = await sql.execute(
            f"{sql.insert_or_ignore()} INTO sweep_turn (name, taken_at, position) VALUES (%s, %s, '')",
            (sweep.name, now),
        )
        return "" if made else None
    taken = await sql.execute(
        "UPDATE sweep_turn SET taken_at = %s WHERE name = %s AND taken_at <= %s",
        (now, sweep.name, now - sweep.every),
    )
    return str(rows[0]["position"]) if taken else None
