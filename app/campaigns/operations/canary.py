"""Trying a campaign out on a few, holding the rest, and letting it go (试发、放行)."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.campaigns import queries
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import Campaign, TrialCadre
from app.campaigns.operations.drafting import Author, TooLateToApprove, locked, record
from app.campaigns.operations.expanding import make_messages
from app.campaigns.queries import Statement, Way
from app.campaigns.rules import MOST_ON_TRIAL_LIST, TRYING_OUT, next_phase, sample_size
from app.core import sql
from app.core.errors import Conflict, Invalid
from app.messaging.enums import MessageState
from app.people.models import Cadre

log = structlog.get_logger()

_AT_ONCE = 20
_WENT_WRONG = frozenset({MessageState.FAILED, MessageState.UNKNOWN})


class NotHeld(Conflict):
    code = "campaigns.not_held"
    title = "任务没有在等待放行"


class OwnRelease(Conflict):
    code = "campaigns.own_release"
    title = "不能放行自己起草的任务，请由另一名管理员放行"


class NotColleagues(Invalid):
    code = "campaigns.not_colleagues"
    title = "试发名单只能列出本级残联的帮扶干部"


class TooManyOnTrialList(Invalid):
    code = "campaigns.trial_list_full"
    title = f"试发名单最多{MOST_ON_TRIAL_LIST}人"


async def set_trial_list(*, cadre_ids: Sequence[int], author: Author, now: datetime) -> None:
    """Say who of the own federation gets its campaigns first; the list takes the place of the earlier one.

    Args:
        cadre_ids: at most 20 cadres, none to have no list.
        author: who decides, for his own federation.
        now: when.

    Raises:
        TooManyOnTrialList, NotColleagues: more than 20, or cadres of another federation.
    """
    wanted = sorted(set(cadre_ids))
    if len(wanted) > MOST_ON_TRIAL_LIST:
        raise TooManyOnTrialList
    async with in_transaction():
        if await Cadre.filter(id__in=wanted, org_code=author.org_code).count() != len(wanted):
            raise NotColleagues
        kept = {
            one.cadre_id
            for one in await TrialCadre.filter(org_code=author.org_code)
            .order_by("cadre_id")
            .limit(MOST_ON_TRIAL_LIST)
        }
        await TrialCadre.filter(org_code=author.org_code).exclude(cadre_id__in=wanted).delete()
        await TrialCadre.bulk_create(
            [
                TrialCadre(
                    org_code=author.org_code, cadre_id=cadre_id, added_by=author.staff_id, added_at=now
                )
                for cadre_id in wanted
                if cadre_id not in kept
            ]
        )
        await audit.record(
            actor=author.actor,
            action="trial_list.changed",
            object_kind="org",
            object_id=author.org_code,
            now=now,
            region_code=author.org_code,
            detail=f"cadres:{','.join(map(str, wanted))}",
        )


async def try_out_step(*, now: datetime) -> int:
    """Take campaigns that are tried out to their next phase when nobody's message is open, return how many.

    The trial list first, then 1 % of the audience, then nothing until an admin lets it go. Whoever is late
    to a phase that another worker began finds it begun.
    """
    trying = await (
        Campaign.filter(state=CampaignState.RUNNING, phase__in=list(TRYING_OUT), expires_at__gt=now)
        .order_by("id")
        .limit(_AT_ONCE)
    )
    progress = await queries.progress_of(campaigns=trying)
    moved = 0
    # Few: one federation tries out a handful of campaigns a year.
    for campaign in trying:
        if not progress[campaign.id].open:
            troubled = any(one.state in _WENT_WRONG for one in progress[campaign.id].counts)
            moved += await _move_on(campaign, is_troubled=troubled, now=now)
    return moved


async def _move_on(campaign: Campaign, *, is_troubled: bool, now: datetime) -> int:
    staff = await queries.trial_ids(org_code=campaign.org_code)
    counts = await queries.preview_counts(campaign=campaign, now=now)
    size = sample_size(sum(one.people for one in counts if one.reason is None))
    following = next_phase(campaign.phase, has_staff=bool(staff), sample=size, is_troubled=is_troubled)
    people, way = None, queries.WAYS[campaign.kind]
    if following is CampaignPhase.STAFF:
        people, way = _staff(campaign, staff, now=now)
    elif following is CampaignPhase.SAMPLE:
        chosen = await queries.sample_ids(campaign=campaign, size=size, now=now)
        chosen_people = queries.these(campaign, chosen)
        people = queries.audience(campaign, now=now, people=chosen_people) if chosen else None
    return await sql.retrying(lambda: _enter(campaign, following, people=people, way=way, now=now))


def _staff(campaign: Campaign, staff: Sequence[int], *, now: datetime) -> tuple[Statement, Way]:
    """Return the colleagues: cadres get their own reminder, and a copy of what guardians get."""
    if campaign.kind.is_for_cadres:
        people = queries.audience(campaign, now=now, people=queries.these(campaign, staff))
        return people, queries.WAYS[campaign.kind]
    return queries.colleagues(campaign, staff), queries.trial_way(campaign.kind)


async def _enter(
    campaign: Campaign, following: CampaignPhase, *, people: Statement | None, way: Way, now: datetime
) -> int:
    opened = {"opened_at": now} if following is CampaignPhase.ALL else {}
    async with in_transaction():
        # Takes the row's lock, and is the test that no other worker began this phase.
        moved = await Campaign.filter(
            id=campaign.id, state=CampaignState.RUNNING, phase=campaign.phase
        ).update(phase=following, **opened)
        if not moved:
            return 0
        made = 0 if people is None else await make_messages(campaign, people, way=way, now=now)
        await record(
            campaign,
            action=f"campaign.phase.{following.value}",
            actor=audit.SYSTEM,
            now=now,
            detail=f"{made}",
        )
    log.info("campaigns.phase", campaign_id=campaign.id, phase=following.value, made=made)
    return moved


async def release(*, campaign_id: int, author: Author, now: datetime) -> Campaign:
    """Let a campaign go that was tried out and held: now everybody else gets it.

    Raises:
        CampaignNotFound, WrongState, NotHeld: there is none, it does not run, or it does not wait for this.
        OwnRelease: he composed it himself (四眼原则).
        TooLateToApprove: its time is over.
    """
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="release")
        if campaign.phase is not CampaignPhase.HELD:
            raise NotHeld
        if campaign.author_id == author.staff_id:
            raise OwnRelease
        if campaign.expires_at <= now:
            raise TooLateToApprove
        campaign.phase = CampaignPhase.ALL
        campaign.opened_at = campaign.watched_from = now
        await campaign.save(update_fields=["phase", "opened_at", "watched_from"])
        await record(campaign, action="campaign.released", actor=author.actor, now=now)
    log.info("campaigns.released", campaign_id=campaign.id)
    return campaign


async def give_up_held(*, now: datetime) -> int:
    """Give up campaigns that nobody let go until their time was over, and return how many."""
    late = await (
        Campaign.filter(
            state__in=[CampaignState.RUNNING, CampaignState.PAUSED],
            phase__in=[*TRYING_OUT, CampaignPhase.HELD],
            expires_at__lte=now,
        )
        .order_by("id")
        .limit(_AT_ONCE)
    )
    given_up = 0
    for campaign in late:
        async with in_transaction():
            changed = await Campaign.filter(
                id=campaign.id, phase=campaign.phase, state=campaign.state
            ).update(state=CampaignState.CANCELLED, pause_reason="试发后没有人放行，已过截止时间")
            if changed:
                await record(campaign, action="campaign.missed", actor=audit.SYSTEM, now=now)
        given_up += changed
    return given_up
