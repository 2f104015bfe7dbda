"""Texts for messaging: each writer reads what a whole chunk needs, and asks again who is still wanted."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from app.campaigns import queries
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.notices import festival_reminder, policy_notice, short_notice
from app.campaigns.rules import occasion_from, reached_since
from app.core.clock import china_date
from app.messaging.enums import Channel, Purpose, Reason, RecipientKind
from app.messaging.notices import Decision, DueMessage, Postpone, Prepared, Suppress, Writer
from app.needs.operations import ReplyWriter
from app.people.rules import mask_name

# A paused campaign's messages come up again so often; resuming wakes them at once.
_PAUSED_SECONDS = 300.0


def message_writers() -> dict[Purpose, Writer]:
    """Return who writes the texts of which purpose."""
    return {
        Purpose.FESTIVAL_REMINDER: FestivalReminderWriter(),
        Purpose.POLICY_NOTICE: PolicyNoticeWriter(),
        Purpose.FESTIVAL_GREETING: FestivalGreetingWriter(),
        Purpose.REPLY: ReplyWriter(),
    }


class FestivalReminderWriter:
    """Tells cadres whom to call, by masked names, and leaves out who need not be told any more."""

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        """Return the text of each reminder, or why it is not sent."""
        return await _by_campaign(messages, partial(self._of_campaign, now=now))

    @staticmethod
    async def _of_campaign(
        campaign: Campaign, messages: Sequence[DueMessage], *, now: datetime
    ) -> dict[int, Decision]:
        if campaign.festival_on is None:
            raise ValueError(f"campaign {campaign.id} is a festival reminder without a day")
        unwanted = await queries.unwanted_reminders(message_ids=[message.id for message in messages])
        names, mourning = await queries.still_due(
            cadre_ids=[message.recipient_id for message in messages],
            festival_on=campaign.festival_on,
            now=now,
        )
        occasion = occasion_from(campaign.festival, campaign.festival_on)

        def decision(message: DueMessage) -> Decision:
            if message.id in unwanted:
                return Suppress(reason=unwanted[message.id])
            if message.recipient_id not in names:
                in_mourning = message.recipient_id in mourning
                return Suppress(reason=Reason.BEREAVEMENT if in_mourning else Reason.NOTHING_DUE)
            masked = [mask_name(name) for name in names[message.recipient_id]]
            return festival_reminder(occasion=occasion, masked_names=masked)

        return {message.id: decision(message) for message in messages}


class PolicyNoticeWriter:
    """Tells guardians that there is a notice, as long as they still agree to be told by this way."""

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        """Return the text of each notice, or why it is not sent."""
        campaigns = await _campaigns_of(messages)
        decided = _stopped(messages, campaigns)
        wanted = [message for message in messages if message.id not in decided]
        if not wanted:
            return decided
        colleagues, guardians = _by_kind(wanted)
        unwanted = await queries.unwanted_notices(message_ids=guardians, now=now) if guardians else {}
        unwanted |= await queries.unwanted_trials(message_ids=colleagues) if colleagues else {}
        unwanted |= await self._unconcerned(wanted, campaigns)
        texts = self._texts(campaigns.values(), now=now)
        phones = await self._phones(wanted)
        for message in wanted:
            text = texts[message.campaign_id or 0]
            if message.id in unwanted:
                decided[message.id] = Suppress(reason=unwanted[message.id])
            elif message.channel is not Channel.SMS:
                decided[message.id] = text
            elif message.recipient_id in phones:
                title = campaigns[message.campaign_id or 0].title
                decided[message.id] = short_notice(title=title, phone=phones[message.recipient_id])
            else:
                decided[message.id] = Suppress(reason=Reason.NO_PHONE)
        return decided

    @staticmethod
    def _texts(campaigns: Iterable[Campaign], *, now: datetime) -> dict[int, Prepared]:
        today = china_date(now)
        return {campaign.id: policy_notice(title=campaign.title, on=today) for campaign in campaigns}

    @staticmethod
    async def _unconcerned(
        messages: Sequence[DueMessage], campaigns: Mapping[int, Campaign]
    ) -> dict[int, Reason]:
        """Ask of notices about one policy whether it still concerns the family."""
        found: dict[int, Reason] = {}
        # A chunk holds one or two campaigns.
        for campaign in campaigns.values():
            _, guardians = _by_kind([one for one in messages if one.campaign_id == campaign.id])
            found |= await queries.unconcerned(campaign=campaign, message_ids=guardians)
        return found

    @staticmethod
    async def _phones(messages: Sequence[DueMessage]) -> dict[int, str]:
        people = [message.recipient_id for message in messages if message.channel is Channel.SMS]
        return await queries.phones_of(guardian_ids=people) if people else {}


class FestivalGreetingWriter:
    """Sends good wishes to families whom nobody has reached in person, as long as they want them."""

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        """Return the text of each greeting, or why it is not sent."""
        return await _by_campaign(messages, partial(self._of_campaign, now=now))

    @staticmethod
    async def _of_campaign(
        campaign: Campaign, messages: Sequence[DueMessage], *, now: datetime
    ) -> dict[int, Decision]:
        if campaign.festival_on is None:
            raise ValueError(f"campaign {campaign.id} is a festival greeting without a day")
        colleagues, guardians = _by_kind(messages)
        since = reached_since(campaign.festival_on)
        unwanted = (
            await queries.unwanted_greetings(message_ids=guardians, since=since, now=now) if guardians else {}
        )
        unwanted |= await queries.unwanted_trials(message_ids=colleagues) if colleagues else {}
        text = Prepared(text=campaign.text)
        return {
            message.id: Suppress(reason=unwanted[message.id]) if message.id in unwanted else text
            for message in messages
        }


async def _by_campaign(
    messages: Sequence[DueMessage],
    decide: Callable[[Campaign, Sequence[DueMessage]], Awaitable[dict[int, Decision]]],
) -> dict[int, Decision]:
    """Decide about the messages of each campaign, once those that are not running are sorted out."""
    campaigns = await _campaigns_of(messages)
    decided = _stopped(messages, campaigns)
    groups: dict[int, list[DueMessage]] = defaultdict(list)
    for message in messages:
        if message.id not in decided and message.campaign_id is not None:
            groups[message.campaign_id].append(message)
    # A chunk holds one or two campaigns.
    for campaign_id, group in groups.items():
        decided.update(await decide(campaigns[campaign_id], group))
    return decided


def _by_kind(messages: Sequence[DueMessage]) -> tuple[list[int], list[int]]:
    """Return the ids of messages to colleagues, who get it first (试发名单), and to guardians."""
    colleagues = [one.id for one in messages if one.recipient_kind is RecipientKind.CADRE]
    return colleagues, [one.id for one in messages if one.recipient_kind is RecipientKind.GUARDIAN]


async def _campaigns_of(messages: Sequence[DueMessage]) -> dict[int, Campaign]:
    ids = sorted({message.campaign_id for message in messages if message.campaign_id is not None})
    return await queries.campaigns_by_id(campaign_ids=ids)


def _stopped(messages: Sequence[DueMessage], campaigns: Mapping[int, Campaign]) -> dict[int, Decision]:
    """Decide about the messages whose campaign is not running."""
    decided: dict[int, Decision] = {}
    for message in messages:
        campaign = campaigns.get(message.campaign_id or 0)
        if campaign is None or campaign.state is CampaignState.CANCELLED:
            decided[message.id] = Suppress(reason=Reason.CAMPAIGN_CANCELLED)
        elif campaign.state is not CampaignState.RUNNING:
            decided[message.id] = Postpone(seconds=_PAUSED_SECONDS)
    return decided
