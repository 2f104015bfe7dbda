"""One scene for every fault: a crowd, campaigns to it, workers that may be hurt, and the verdict at the end.

The judge is the ledger of WeChat's stand-in, which knows what really arrived. Moments are drawn from a seed:
LIANXIN_FAULT_SEED repeats a run, LIANXIN_FAULT_SEEDS sets how many there are, LIANXIN_FAULT_SIZE=large makes
each as large as `make faults` wants it. A scene that fails keeps counts, ledger and logs, and names the
folder.
"""

import asyncio
import contextlib
import json
import os
import random
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tortoise.exceptions import DBConnectionError, OperationalError

from app.campaigns import queries
from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.core import sql
from app.core.clock import SystemClock
from app.core.settings import Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message, SubscriptionCredit
from tests.faults.crowd import CREDITS, make_running_campaign, plant_cadres, plant_guardians
from tests.faults.processes import Judge, end, judging, kill, start_worker
from tests.messaging.factories import SUBSCRIBE_TEMPLATE

T = TypeVar("T")

_FIRST_SEED = 20260117
IS_LARGE = os.environ.get("LIANXIN_FAULT_SIZE") == "large"
CONCURRENCY = 20
LEASE_SECONDS = 2.0
SEND: Mapping[str, float] = {
    "concurrency": CONCURRENCY,
    "rate_per_second": 100_000,
    "chunk": 100,
    "lease_seconds": LEASE_SECONDS,
}
# In flight, begun ahead of the lanes (two groups of 25), and answered but not written down yet.
IN_DOUBT = 2 * CONCURRENCY + 50
# Now and then WeChat is busy, as for every sender.
BUSY = [{"kind": "errcode", "errcode": -1, "path": "/cgi-bin/message/*", "probability": 0.01, "seed": 7}]


def seeds() -> Sequence[int]:
    """Return the seeds of this run, each one a test of its own."""
    given = os.environ.get("LIANXIN_FAULT_SEED")
    if given:
        return [int(given)]
    return range(_FIRST_SEED, _FIRST_SEED + int(os.environ.get("LIANXIN_FAULT_SEEDS", "1")))


def sized(small: T, large: T) -> T:
    """Return how much of something there is, in every test run and under `make faults`."""
    return large if IS_LARGE else small


@dataclass
class Scene:
    """What one fault is tried on.

    Args:
        settings: of the product; its database is the one that the test looks into.
        judge: WeChat's stand-in.
        folder: logs, and on failure the evidence.
        moments: everything that is drawn comes from here.
        notices: a campaign of template messages, if there is one.
        reminders: a campaign of subscribe messages, if there is one.
        guardians: openids of the audience of the notices.
        cadres: openids of the audience of the reminders.
    """

    settings: Settings
    judge: Judge
    folder: Path
    moments: random.Random
    notices: Campaign | None = None
    reminders: Campaign | None = None
    guardians: list[str] = field(default_factory=list)
    cadres: list[str] = field(default_factory=list)
    _workers: list[Process] = field(default_factory=list)

    @property
    def campaigns(self) -> list[Campaign]:
        return [one for one in (self.notices, self.reminders) if one is not None]

    @property
    def messages(self) -> int:
        """How many messages there will be in the end."""
        return len(self.guardians) * (self.notices is not None) + len(self.cadres) * (
            self.reminders is not None
        )

    async def worker(
        self,
        *,
        redis_url: str = "embedded",
        environment: Mapping[str, str] | None = None,
        rate_per_second: float = SEND["rate_per_second"],
    ) -> Process:
        """Start one more worker; whoever is left at the end is stopped."""
        process = await start_worker(
            self.settings,
            self.judge,
            redis_url=redis_url,
            log=self.folder / f"worker-{len(self._workers)}.log",
            send={**SEND, "rate_per_second": rate_per_second},
            environment=environment,
        )
        self._workers.append(process)
        return process

    async def started(self, worker: Process) -> None:
        """Wait until a worker has opened what it needs and looks for work."""
        log = self.folder / f"worker-{self._workers.index(worker)}.log"
        async with asyncio.timeout(30):
            while "worker.started" not in log.read_text(encoding="utf-8"):
                await asyncio.sleep(0.05)

    async def stop_workers(self) -> None:
        await asyncio.gather(*(end(process) for process in self._workers))

    async def kill_workers(self) -> None:
        await asyncio.gather(*(kill(process) for process in self._workers))

    def log_lines(self, event: str) -> list[str]:
        """Return what all workers logged about one event."""
        logs = sorted(self.folder.glob("worker-*.log"))
        lines = [line for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if event in line]

    async def arrived_at_least(self, share: float, *, within: float = 40.0) -> None:
        """Wait until so much of all messages was delivered."""
        async with asyncio.timeout(within):
            while await self.delivered() < share * self.messages:
                await asyncio.sleep(0.05)

    async def delivered(self) -> int:
        found = await self.judge.ask("/deliveries?detail=totals")
        return int(found["total"])

    async def done(self, *, within: float = 60.0) -> None:
        """Wait until no message of any campaign is open, however often the database goes away meanwhile."""
        async with asyncio.timeout(within):
            while not await self._is_done():
                await asyncio.sleep(0.2)

    async def _is_done(self) -> bool:
        try:
            for campaign in self.campaigns:
                await campaign.refresh_from_db()
            progress = await queries.progress_of(campaigns=self.campaigns)
        except (OperationalError, DBConnectionError) as error:
            if not sql.is_passing(error):
                raise
            return False
        return all(one.is_done for one in progress.values())

    async def openids(self, campaign: Campaign, state: MessageState) -> set[str]:
        found = await Message.filter(campaign_id=campaign.id, state=state).only("openid")
        return {str(message.openid) for message in found}

    async def verdict(self, *, crashes: int = 0, ambiguous: int = 0, lost_answers: int = 0) -> int:
        """Compare the database with the ledger, and return how many messages have no known outcome.

        Args:
            crashes: how often a worker lost what it had in flight.
            ambiguous: how many answers the script of WeChat's stand-in lost.
            lost_answers: how many template messages may have outlived the window of their key.
        """
        arrived = await self.judge.arrived()
        assert max(arrived.values()) == 1, "somebody got the same message twice"
        progress = await queries.progress_of(campaigns=self.campaigns)
        for campaign in self.campaigns:
            people = len(self.guardians if campaign is self.notices else self.cadres)
            assert progress[campaign.id].planned == progress[campaign.id].final == people
        unknown = 0
        if self.notices is not None:
            # WeChat knows the key of what was sent before the crash, so all arrive.
            sent = await self.openids(self.notices, MessageState.SENT)
            unsure = await self.openids(self.notices, MessageState.UNKNOWN)
            assert sent | unsure == set(self.guardians)
            assert sent <= arrived.keys()
            assert len(unsure) <= lost_answers
            unknown += len(unsure)
        if self.reminders is not None:
            sure = await self.openids(self.reminders, MessageState.SENT)
            unsure = await self.openids(self.reminders, MessageState.UNKNOWN)
            assert sure | unsure == set(self.cadres), "somebody was forgotten"
            assert sure <= arrived.keys() <= sure | unsure | set(self.guardians)
            assert len(unsure) <= IN_DOUBT * crashes + ambiguous
            spent = SubscriptionCredit.filter(template_id=SUBSCRIBE_TEMPLATE, remaining=CREDITS - 1)
            assert await spent.count() == len(self.cadres), "credits do not add up"
            unknown += len(unsure)
        return unknown


@contextlib.asynccontextmanager
async def scene(
    settings: Settings,
    folder: Path,
    *,
    seed: int,
    notices: int = 0,
    reminders: int = 0,
    trouble: Sequence[Mapping[str, Any]] = BUSY,
) -> AsyncIterator[Scene]:
    """Plant a crowd and running campaigns to it; nothing is sent until a worker is started.

    Args:
        settings: of the product.
        folder: for logs and evidence.
        seed: of everything that is drawn.
        notices: how many guardians get a template message.
        reminders: how many cadres get a subscribe message.
        trouble: faults of WeChat's stand-in.
    """
    now = SystemClock().now()
    async with judging(settings, folder) as judge:
        made = Scene(settings, judge, folder, random.Random(seed))
        try:
            if notices:
                crowd = await judge.tell("/crowd", {"count": notices})
                made.guardians = crowd["official"]
                await plant_guardians(made.guardians, now=now)
                made.notices = await make_running_campaign(CampaignKind.POLICY_NOTICE, now=now)
            if reminders:
                crowd = await judge.tell(
                    "/crowd", {"count": reminders, "credits": {SUBSCRIBE_TEMPLATE: CREDITS}}
                )
                made.cadres = crowd["mini"]
                await plant_cadres(made.cadres, now=now)
                made.reminders = await make_running_campaign(CampaignKind.FESTIVAL_REMINDER, now=now)
            if trouble:
                await judge.tell("/faults", list(trouble))
            yield made
        except BaseException:
            await _keep_evidence(made, seed)
            raise
        finally:
            await made.stop_workers()


async def _keep_evidence(made: Scene, seed: int) -> None:
    """Write down what there was when the scene failed; nothing here may hide why it failed."""
    sys.stderr.write(f"\nLIANXIN_FAULT_SEED={seed}, evidence in {made.folder}\n")
    with contextlib.suppress(Exception):
        async with asyncio.timeout(60):
            answer = await made.judge.http.get("/_sandbox/ledger.jsonl")
            (made.folder / "ledger.jsonl").write_bytes(answer.content)
    with contextlib.suppress(Exception):
        async with asyncio.timeout(60):
            rows = await sql.fetch(
                "SELECT campaign_id, state, reason, begun, COUNT(*) AS amount FROM message"
                " GROUP BY campaign_id, state, reason, begun ORDER BY campaign_id, state, reason, begun"
            )
            counts = json.dumps(rows, ensure_ascii=False, indent=1)
            (made.folder / "counts.json").write_text(counts, encoding="utf-8")
