"""A town whose WeChat gives trouble: a crowd, campaigns to it, and the ledger's verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.campaigns import queries
from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.messaging.enums import MessageState
from app.messaging.models import Message
from tests.faults.crowd import CREDITS, make_running_campaign, plant_cadres, plant_guardians
from tests.journeys.town import Town
from tests.messaging.factories import SUBSCRIBE_TEMPLATE
from workers.jobs import resident_loops
from workers.loops import ResidentLoop

TEMPLATE_PATH = "/cgi-bin/message/template/send"
SUBSCRIBE_PATH = "/cgi-bin/message/subscribe/send"
TOKEN_PATH = "/cgi-bin/stable_token"


@dataclass
class Storm:
    """What a test asks of the town.

    Args:
        town: product, WeChat, worker.
        people: how many guardians and how many cadres there are.
        notices: the campaign of template messages.
        reminders: the campaign of subscribe messages.
        loops: of the one worker.
    """

    town: Town
    people: int
    notices: Campaign
    reminders: Campaign
    loops: Sequence[ResidentLoop]

    async def work(self) -> None:
        """Let the one worker work until nothing is left to do; it remembers what WeChat taught it."""
        for _ in range(20):
            done = [await loop.step(self.town.clock.now()) for loop in self.loops]
            await self.settled()
            if not any(done):
                return
        raise AssertionError("the loops do not come to rest")

    async def settled(self) -> None:
        """Wait until every event was handed over."""
        while not (await self.tell("/settle"))["settled"]:
            pass

    async def tell(self, path: str, body: Any = None) -> Any:
        """Write the script of WeChat."""
        answer = await self.town.wechat.post(f"/_sandbox{path}", json={} if body is None else body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def ask(self, path: str, **params: Any) -> Any:
        answer = await self.town.wechat.get(f"/_sandbox{path}", params=params)
        assert answer.is_success, answer.text
        return answer.json()

    async def trouble(self, *faults: dict[str, Any]) -> None:
        """Put these faults in force instead of those before."""
        await self.town.wechat.delete("/_sandbox/faults")
        await self.tell("/faults", list(faults))

    async def struck(self) -> dict[str, int]:
        """Return how often each fault in force struck, by path."""
        return {rule["path"]: rule["struck"] for rule in await self.ask("/faults")}

    async def calls(self, path: str) -> Counter[str]:
        """Return how many calls of one API were answered with which errcode."""
        return Counter((await self.ask("/calls")).get(path, {}))

    async def states(self, campaign: Campaign) -> Counter[MessageState]:
        rows = await Message.filter(campaign_id=campaign.id).only("state")
        return Counter(row.state for row in rows)

    async def work_for(self, *, rounds: int, step: timedelta) -> None:
        """Work, let time pass, and work again."""
        await self.work()
        for _ in range(rounds):
            self.town.pass_by(step)
            await self.work()

    async def nobody_hears_twice(self) -> int:
        """Check the ledger against the database, and return how many messages arrived."""
        arrived: Counter[str] = Counter()
        for delivered in await self.town.delivered():
            arrived[delivered["openid"]] += delivered["count"]
        assert max(arrived.values(), default=0) <= 1
        for campaign in (self.notices, self.reminders):
            await campaign.refresh_from_db()
        progress = await queries.progress_of(campaigns=[self.notices, self.reminders])
        rows = await Message.all().only("openid", "state", "campaign_id", "first_tried_at")
        assert len(rows) == 2 * self.people == sum(one.planned for one in progress.values())
        for row in rows:
            told = f"{row.openid} is {row.state.value}"
            if row.state in {MessageState.SENT, MessageState.DELIVERED}:
                assert arrived[str(row.openid)] == 1, told
            elif arrived[str(row.openid)]:
                # It may have arrived, and the database says so.
                may = row.state is MessageState.UNKNOWN or row.first_tried_at is not None
                assert may, told
        return sum(arrived.values())


async def storm_over(town: Town, *, people: int) -> Storm:
    """Plant a crowd and one campaign of each kind; nothing is sent before the town works."""
    now = town.clock.now()
    answer = await town.wechat.post(
        "/_sandbox/crowd", json={"count": people, "credits": {SUBSCRIBE_TEMPLATE: CREDITS}}
    )
    openids = answer.json()
    await plant_guardians(openids["official"], now=now)
    await plant_cadres(openids["mini"], now=now)
    return Storm(
        town=town,
        people=people,
        notices=await make_running_campaign(CampaignKind.POLICY_NOTICE, now=now),
        reminders=await make_running_campaign(CampaignKind.FESTIVAL_REMINDER, now=now),
        loops=resident_loops(town.services),
    )
