"""Reading campaigns; a package because there is much of it, used through this name.

`people` and `sources` say whom one could be for and what is known of them, `roads` how the ways stand,
`choosing` chooses among them; `audience` puts these together; `wanted` asks again before a message leaves;
`trials` says who tries it out; `watching` counts what goes wrong; `repeating` finds what may be sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import AutomaticFestival, Campaign
from app.campaigns.queries.audience import (
    WAYS,
    AudienceCount,
    RegionCount,
    Way,
    audience,
    colleagues,
    dedup_key,
    not_written_to,
    place,
    preview_counts,
    preview_regions,
    sample_ids,
    still_due,
    trial_way,
)
from app.campaigns.queries.choosing import Statement
from app.campaigns.queries.people import PEOPLE, stretch, these
from app.campaigns.queries.repeating import changes_of, put_back, repeatable, repeatable_counts
from app.campaigns.queries.roads import roads_of
from app.campaigns.queries.trials import TrialMember, trial_ids, trial_list, unwanted_trials
from app.campaigns.queries.wanted import (
    phones_of,
    unconcerned,
    unwanted_greetings,
    unwanted_notices,
    unwanted_reminders,
)
from app.campaigns.queries.watching import (
    WAITING_AGAIN,
    Trouble,
    anything_taken_since,
    attempts_since,
    cancelled_with_calls,
    cancelled_with_waiting,
    troubles,
    unknown_run_begins,
)
from app.core import sql
from app.core.errors import NotFound
from app.messaging.enums import Channel, MessageState, RecipientKind
from app.messaging.models import Message
from app.messaging.queries import StateCount, state_counts
from app.people.models import Cadre, Guardian

__all__ = [
    "PEOPLE",
    "WAITING_AGAIN",
    "WAYS",
    "AudienceCount",
    "CampaignNotFound",
    "ChannelCount",
    "Progress",
    "RegionCount",
    "Statement",
    "TrialMember",
    "Trouble",
    "Way",
    "anything_taken_since",
    "attempts_since",
    "audience",
    "automatic_festivals",
    "campaign_in",
    "campaigns_by_id",
    "campaigns_in",
    "cancelled_with_calls",
    "cancelled_with_waiting",
    "changes_of",
    "channel_counts",
    "colleagues",
    "dedup_key",
    "festivals_confirmed",
    "names_of",
    "not_written_to",
    "phones_of",
    "place",
    "preview_counts",
    "preview_regions",
    "progress_of",
    "put_back",
    "repeatable",
    "repeatable_counts",
    "roads_of",
    "sample_ids",
    "still_due",
    "stretch",
    "these",
    "trial_ids",
    "trial_list",
    "trial_way",
    "troubles",
    "unconcerned",
    "unknown_run_begins",
    "unwanted_greetings",
    "unwanted_notices",
    "unwanted_reminders",
    "unwanted_trials",
]

_FESTIVALS_OF_ONE = 200


class CampaignNotFound(NotFound):
    code = "campaigns.not_found"
    title = "没有找到这个群发任务"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the messages of one campaign are, counted from their rows.

    Args:
        planned: how many rows were made.
        counts: how many are in which state, and why.
        is_done: nothing is left to do; asked of the rows, never remembered.
        is_held: the few who try it out have it, and the rest waits until an admin lets it go.
    """

    planned: int
    counts: Sequence[StateCount]
    is_done: bool
    is_held: bool = False

    @property
    def open(self) -> int:
        """How many still wait or are on their way."""
        return sum(one.count for one in self.counts if one.state.is_open)

    @property
    def final(self) -> int:
        """How many the service has nothing more to do about."""
        return sum(one.count for one in self.counts if not one.state.is_open)

    @property
    def by_state(self) -> dict[MessageState, int]:
        """How many are in which state."""
        found: dict[MessageState, int] = {}
        for one in self.counts:
            found[one.state] = found.get(one.state, 0) + one.count
        return found


async def campaigns_in(
    *, scope: Scope, before_id: int, limit: int, state: CampaignState | None = None, held: bool = False
) -> list[Campaign]:
    """Return the campaigns of the caller's federation and those below it, newest first.

    Args:
        scope: who asks.
        before_id: go on before this id, 0 from the newest.
        limit: how many at most.
        state: only those in this state.
        held: only those that were tried out and wait for a release.
    """
    found = Campaign.filter(in_regions("org_code", scope.count))
    if before_id:
        found = found.filter(id__lt=before_id)
    if state is not None:
        found = found.filter(state=state)
    if held:
        found = found.filter(phase=CampaignPhase.HELD, state__not=CampaignState.CANCELLED)
    return await found.order_by("-id").limit(limit)


async def campaign_in(*, scope: Scope, campaign_id: int) -> Campaign:
    """Return one campaign; raises CampaignNotFound for one of another federation."""
    campaign = await Campaign.filter(in_regions("org_code", scope.count)).get_or_none(id=campaign_id)
    if campaign is None:
        raise CampaignNotFound
    return campaign


async def progress_of(*, campaigns: Sequence[Campaign]) -> dict[int, Progress]:
    """Return the progress of campaigns that the caller may see, by id.

    No scope: numbers only, of campaigns that were found within one.
    """
    counts: dict[int, list[StateCount]] = {campaign.id: [] for campaign in campaigns}
    for one in await state_counts(campaign_ids=list(counts)):
        counts[one.campaign_id].append(one)
    return {campaign.id: _progress(campaign, counts[campaign.id]) for campaign in campaigns}


def _progress(campaign: Campaign, counts: Sequence[StateCount]) -> Progress:
    has_open = any(one.state.is_open for one in counts)
    is_complete = campaign.expanded_at is not None or campaign.state is CampaignState.CANCELLED
    return Progress(
        planned=campaign.planned,
        counts=counts,
        is_done=is_complete and not has_open,
        is_held=campaign.phase is CampaignPhase.HELD and campaign.state is not CampaignState.CANCELLED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCount:
    """How many messages of one way are in one state."""

    channel: Channel
    state: MessageState
    count: int


async def channel_counts(*, campaign: Campaign) -> list[ChannelCount]:
    """Return how many messages of a campaign travel by which way, and where they are.

    No scope: numbers only, of a campaign that was found within one. Reads every message: with a million
    of them it takes some seconds.
    """
    rows = await sql.fetch(
        "SELECT channel, state, COUNT(*) AS amount FROM message WHERE campaign_id = %s"
        " GROUP BY channel, state ORDER BY channel, state LIMIT %s",
        (campaign.id, len(Channel) * len(MessageState)),
    )
    return [
        ChannelCount(channel=Channel(row["channel"]), state=MessageState(row["state"]), count=row["amount"])
        for row in rows
    ]


async def campaigns_by_id(*, campaign_ids: Sequence[int]) -> dict[int, Campaign]:
    """Return campaigns for the writers of their messages, by id.

    No scope: the worker acts for all.
    """
    found = await Campaign.filter(id__in=list(campaign_ids)).order_by("id").limit(len(campaign_ids))
    return {campaign.id: campaign for campaign in found}


async def names_of(*, messages: Sequence[Message]) -> dict[tuple[RecipientKind, int], str]:
    """Return the names of the recipients of these messages, to be masked by the caller.

    No scope: the messages themselves were found within the regions that the caller may look into.
    """
    names: dict[tuple[RecipientKind, int], str] = {}
    people: Mapping[RecipientKind, type[Cadre | Guardian]] = {
        RecipientKind.CADRE: Cadre,
        RecipientKind.GUARDIAN: Guardian,
    }
    # Two kinds of people, so at most two statements.
    for kind, model in people.items():
        ids = {message.recipient_id for message in messages if message.recipient_kind is kind}
        if ids:
            found = await model.filter(id__in=ids).order_by("id").limit(len(ids)).values_list("id", "name")
            names.update({(kind, row[0]): row[1] for row in found})
    return names


async def automatic_festivals(*, scope: Scope, org_code: str) -> list[AutomaticFestival]:
    """Return the festivals for which a federation is reminded by itself, marked or confirmed."""
    return await (
        AutomaticFestival.filter(in_regions("org_code", scope.count), org_code=org_code)
        .order_by("festival")
        .limit(_FESTIVALS_OF_ONE)
    )


async def festivals_confirmed(*, now: datetime) -> list[AutomaticFestival]:
    """Return every automatic festival that a second admin confirmed before this moment.

    No scope: the worker starts campaigns for all federations.
    """
    return await (
        AutomaticFestival.filter(confirmed_at__lte=now).order_by("org_code", "festival").limit(100_000)
    )
