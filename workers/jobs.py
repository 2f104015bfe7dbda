"""Which loops every worker runs; each step calls one operation."""

from collections.abc import Sequence
from datetime import datetime

from app.audit import operations as audit
from app.bootstrap import Services
from app.bot import dialogues, followers
from app.bot import operations as bot
from app.campaigns import operations as campaigns
from app.campaigns.queries.calling import mass_campaigns
from app.campaigns.writers import message_writers
from app.core.queue import Topic
from app.messaging import operations as messaging
from app.messaging.sending import Sender
from app.messaging.sending.masses import MassSender
from app.pairing import operations as pairing
from app.policies import operations as policies
from workers.loops import ResidentLoop
from workers.schedule import run_due_jobs
from workers.sweeps import run_due_sweeps


class _Steps:
    """One bounded portion of each kind of work, over the services of one worker."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._bus = services.bus
        self._clock = services.clock
        self._wechat = services.wechat
        self._sender = Sender(
            wechat=services.wechat,
            clock=services.clock,
            settings=services.settings.send,
            writers=message_writers(),
            on_stop=campaigns.pause_by_system,
            sms=services.sms,
        )
        self._masses = MassSender(
            wechat=services.wechat,
            clock=services.clock,
            settings=services.settings.send,
            writers=message_writers(),
            on_stop=campaigns.pause_by_system,
            campaigns=self._mass_campaigns,
        )

    async def _mass_campaigns(self) -> Sequence[int]:
        return await mass_campaigns(now=self._clock.now())

    async def send(self, now: datetime) -> int:
        claimed = await self._sender.send_due()
        await messaging.note_tally(outcomes=self._sender.take_tally(), now=now)
        return claimed

    async def send_masses(self, _: datetime) -> int:
        return await self._masses.send_due()

    async def end_calls(self, now: datetime) -> int:
        return await messaging.end_calls(now=now) + await campaigns.clear_cancelled_calls_step(now=now)

    async def sweep(self, now: datetime) -> int:
        recovered = await messaging.recover_leases(now=now)
        await messaging.expire_overdue(now=now)
        if recovered:
            await self._bus.ring(Topic.MESSAGES)
        return 0

    async def advance_campaigns(self, now: datetime) -> int:
        started = await campaigns.start_due(now=now)
        made = await campaigns.try_out_step(now=now) + await campaigns.expand_step(now=now)
        if made:
            await self._bus.ring(Topic.MESSAGES)
        given_up = await campaigns.give_up_held(now=now)
        return started + made + given_up + await campaigns.clear_cancelled_step(now=now)

    async def watch_campaigns(self, now: datetime) -> int:
        return await campaigns.watch_step(now=now)

    async def apply_pushes(self, now: datetime) -> int:
        return await bot.apply_waiting_pushes(now=now)

    async def look_after_followers(self, now: datetime) -> int:
        await dialogues.end_overdue(now=now)
        return await followers.ask_unionids(wechat=self._wechat, now=now)

    async def judge_entitlements(self, now: datetime) -> int:
        return await policies.recompute_step(now=now)

    async def solve_proposals(self, now: datetime) -> int:
        return await pairing.solve_step(now=now)

    async def seal_audit(self, _: datetime) -> int:
        return await audit.seal()

    async def look_for_faults(self, now: datetime) -> int:
        await run_due_sweeps(now=now, settings=self._settings)
        return 0

    async def follow_schedule(self, now: datetime) -> int:
        return await run_due_jobs(now=now, settings=self._settings)


def resident_loops(services: Services) -> Sequence[ResidentLoop]:
    """Return the loops of one worker."""
    steps = _Steps(services)
    return (
        ResidentLoop(name=Topic.MESSAGES, step=steps.send),
        ResidentLoop(name="masses", step=steps.send_masses, idle_seconds=5.0),
        ResidentLoop(name="calls", step=steps.end_calls, idle_seconds=30.0),
        ResidentLoop(name="sweep", step=steps.sweep, idle_seconds=5.0),
        ResidentLoop(name="faults", step=steps.look_for_faults, idle_seconds=15.0),
        ResidentLoop(name=Topic.CAMPAIGNS, step=steps.advance_campaigns),
        ResidentLoop(name="watch", step=steps.watch_campaigns, idle_seconds=2.0),
        ResidentLoop(name=Topic.PUSHES, step=steps.apply_pushes),
        ResidentLoop(name="followers", step=steps.look_after_followers, idle_seconds=15.0),
        ResidentLoop(name=Topic.AUDIT, step=steps.seal_audit),
        ResidentLoop(name=Topic.ENTITLEMENTS, step=steps.judge_entitlements, idle_seconds=15.0),
        ResidentLoop(name=Topic.PROPOSALS, step=steps.solve_proposals, idle_seconds=15.0),
        ResidentLoop(name=Topic.SCHEDULE, step=steps.follow_schedule, idle_seconds=30.0),
    )
