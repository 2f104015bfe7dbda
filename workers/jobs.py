"""Which loops every worker runs; each step calls one operation."""

from collections.abc import Sequence
from datetime import datetime

from app.audit import operations as audit
from app.bootstrap import Services
from app.bot import operations as bot
from app.campaigns import operations as campaigns
from app.campaigns.writers import message_writers
from app.core.queue import Topic
from app.messaging import operations as messaging
from app.messaging.sending import Sender
from workers.loops import ResidentLoop
from workers.schedule import run_due_jobs


def resident_loops(services: Services) -> Sequence[ResidentLoop]:
    """Return the loops of one worker."""
    settings, bus = services.settings, services.bus
    sender = Sender(
        wechat=services.wechat,
        clock=services.clock,
        settings=settings.send,
        writers=message_writers(),
        on_stop=campaigns.pause_by_system,
    )

    async def send(_: datetime) -> int:
        return await sender.send_due()

    async def sweep(now: datetime) -> int:
        changed = await messaging.recover_leases(now=now) + await messaging.expire_overdue(now=now)
        if changed:
            await bus.ring(Topic.MESSAGES)
        return 0

    async def advance_campaigns(now: datetime) -> int:
        started = await campaigns.start_due(now=now)
        expanded = await campaigns.expand_step(now=now)
        if expanded:
            await bus.ring(Topic.MESSAGES)
        return started + expanded

    async def apply_pushes(now: datetime) -> int:
        return await bot.apply_waiting_pushes(now=now)

    async def seal_audit(_: datetime) -> int:
        return await audit.seal()

    async def follow_schedule(now: datetime) -> int:
        return await run_due_jobs(now=now, settings=settings)

    return (
        ResidentLoop(name=Topic.MESSAGES, step=send),
        ResidentLoop(name="sweep", step=sweep, idle_seconds=5.0),
        ResidentLoop(name=Topic.CAMPAIGNS, step=advance_campaigns),
        ResidentLoop(name=Topic.PUSHES, step=apply_pushes),
        ResidentLoop(name=Topic.AUDIT, step=seal_audit),
        ResidentLoop(name="schedule", step=follow_schedule, idle_seconds=30.0),
    )
