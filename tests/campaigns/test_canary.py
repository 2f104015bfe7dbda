"""Tried out on colleagues, then on 1 %, then held until an admin lets it go; and spread over a window."""

import asyncio
from collections import Counter
from datetime import date
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.audit.models import AuditEntry
from app.campaigns import operations, queries
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import Campaign, TrialCadre
from app.campaigns.rules import canary_by_default, next_phase, sample_size
from app.core.clock import china_moment
from app.messaging.enums import MessageState, Reason, RecipientKind
from app.messaging.models import Message
from app.wechat.gateway import WeChatRefused
from tests.accounts.factories import SHIZHONG, make_identity
from tests.campaigns.factories import (
    approved,
    author,
    campaign_sender,
    draft_of,
    make_campaign,
    notice,
    reachable_cadre,
    reachable_guardian,
    reminder,
)
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.faults.crowd import plant_guardians
from tests.people.factories import make_cadre

pytestmark = pytest.mark.usefixtures("db")

IN_TIME = china_moment(date(2026, 6, 12), 9)


async def work(*, now: Any = NOW) -> None:
    """Do what a worker does for campaigns until nothing is left to do, without sending."""
    await operations.start_due(now=now)
    while await operations.try_out_step(now=now) + await operations.expand_step(now=now):
        pass


async def phase_of(campaign: Campaign) -> CampaignPhase:
    await campaign.refresh_from_db()
    return campaign.phase


async def crowd(count: int) -> None:
    await plant_guardians([f"o-{number}" for number in range(count)], now=NOW)


async def on_trial_list(*cadre_ids: int) -> None:
    await operations.set_trial_list(cadre_ids=cadre_ids, author=author(1), now=NOW)


async def colleague_with_official(**overrides: Any) -> int:
    """Make a colleague whom the union id makes known to the service account."""
    cadre = await make_cadre(**overrides)
    union = f"union-{cadre.id}"
    await make_identity(openid=f"mini-{cadre.id}", cadre_id=cadre.id, unionid=union)
    await make_identity(app=WeChatApp.OFFICIAL, openid=f"staff-{cadre.id}", unionid=union, follows=True)
    return int(cadre.id)


@pytest.mark.parametrize(
    ("people", "size"), [(0, 0), (99, 0), (100, 20), (2000, 20), (2001, 21), (50_000, 500), (10**6, 1000)]
)
def test_a_sample_is_one_percent_within_bounds(people: int, size: int) -> None:
    assert sample_size(people) == size


def test_large_audiences_are_tried_out_unless_it_is_urgent() -> None:
    assert canary_by_default(reachable=1001, urgent=False)
    assert not canary_by_default(reachable=1000, urgent=False)
    assert not canary_by_default(reachable=50_000, urgent=True)


@pytest.mark.parametrize(
    ("phase", "has_staff", "sample", "troubled", "following"),
    [
        ("canary", True, 20, False, "staff"),
        ("canary", False, 20, False, "sample"),
        ("canary", False, 0, False, "all"),
        ("staff", True, 20, False, "sample"),
        ("staff", True, 20, True, "held"),
        ("staff", True, 0, False, "held"),
        ("sample", True, 20, False, "held"),
        ("sample", True, 20, True, "held"),
    ],
)
def test_which_phase_follows(
    phase: str, has_staff: bool, sample: int, troubled: bool, following: str
) -> None:
    found = next_phase(CampaignPhase(phase), has_staff=has_staff, sample=sample, is_troubled=troubled)

    assert found is CampaignPhase(following)


async def test_colleagues_first_then_one_percent_then_nobody_until_it_is_released(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await crowd(150)
    colleague = await colleague_with_official()
    await on_trial_list(colleague)
    campaign = await approved(notice(canary=True))
    sender = campaign_sender(wechat, clock)

    await work()
    assert await phase_of(campaign) is CampaignPhase.STAFF
    await sender.send_due()
    assert [message.openid for message in wechat.template_messages] == [f"staff-{colleague}"]

    await work()
    assert await phase_of(campaign) is CampaignPhase.SAMPLE
    await sender.send_due()
    assert len(wechat.template_messages) == 1 + 20

    await work()
    assert await phase_of(campaign) is CampaignPhase.HELD
    await sender.send_due()
    await work()
    assert len(wechat.template_messages) == 1 + 20
    progress = (await queries.progress_of(campaigns=[campaign]))[campaign.id]
    assert (progress.is_held, progress.is_done, progress.open) == (True, False, 0)

    await operations.release(campaign_id=campaign.id, author=author(2), now=NOW)
    await work()
    await sender.send_due()
    received = Counter(message.openid for message in wechat.template_messages)
    assert (len(received), set(received.values())) == (151, {1})
    await campaign.refresh_from_db()
    progress = (await queries.progress_of(campaigns=[campaign]))[campaign.id]
    assert progress.is_done
    assert progress.planned == progress.final == 151


async def test_the_sample_is_the_same_for_everybody_who_chooses_it() -> None:
    await crowd(300)
    campaign = await approved(notice(canary=True))

    first = await queries.sample_ids(campaign=campaign, size=20, now=NOW)
    again = await queries.sample_ids(campaign=campaign, size=20, now=NOW)
    other = await queries.sample_ids(campaign=await approved(notice(canary=True)), size=20, now=NOW)

    assert first == again
    assert len(set(first)) == 20
    assert first != other


async def test_the_sample_is_taken_from_people_who_can_be_reached() -> None:
    await crowd(120)
    unreachable = [await reachable_guardian(follows=False) for _ in range(30)]
    await approved(notice(canary=True))

    await work()

    chosen = {message.recipient_id for message in await Message.all()}
    assert len(chosen) == 20
    assert chosen.isdisjoint({guardian.id for guardian in unreachable})


async def test_small_audiences_are_held_after_the_colleagues() -> None:
    await crowd(50)
    await on_trial_list(await colleague_with_official())
    campaign = await approved(notice(canary=True))

    await work()
    assert await phase_of(campaign) is CampaignPhase.STAFF
    await Message.all().update(state=MessageState.SENT)
    await work()

    assert await phase_of(campaign) is CampaignPhase.HELD
    assert await Message.all().count() == 1


async def test_with_nobody_to_try_it_out_on_it_simply_starts() -> None:
    await crowd(50)
    campaign = await approved(notice(canary=True))

    await work()

    assert await phase_of(campaign) is CampaignPhase.ALL
    assert await Message.all().count() == 50


async def test_when_the_colleagues_do_not_get_it_nobody_else_does(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await crowd(150)
    colleague = await colleague_with_official()
    await on_trial_list(colleague)
    wechat.failures[f"staff-{colleague}"].append(WeChatRefused(errcode=47003, errmsg="argument invalid"))
    campaign = await approved(notice(canary=True))

    await work()
    await campaign_sender(wechat, clock).send_due()
    await work()

    assert await phase_of(campaign) is CampaignPhase.HELD
    assert await Message.all().count() == 1


async def test_colleagues_get_their_own_reminder_first_and_only_once(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    first, second = await reachable_cadre(credits_left=3), await reachable_cadre(credits_left=3)
    await on_trial_list(first.id)
    campaign = await approved(reminder(canary=True))
    clock.moment = IN_TIME
    sender = campaign_sender(wechat, clock)

    await work(now=IN_TIME)
    await sender.send_due()
    assert [message.openid for message in wechat.subscribe_messages] == [f"mini-{first.id}"]
    await work(now=IN_TIME)
    await operations.release(campaign_id=campaign.id, author=author(2), now=IN_TIME)
    await work(now=IN_TIME)
    await sender.send_due()

    assert [message.openid for message in wechat.subscribe_messages] == [
        f"mini-{first.id}",
        f"mini-{second.id}",
    ]


async def leave() -> None:
    await TrialCadre.all().delete()
    await WeChatIdentity.filter(app=WeChatApp.OFFICIAL).update(follows=False)


async def test_a_colleague_who_unfollowed_meanwhile_is_left_out(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await on_trial_list(await colleague_with_official())
    await reachable_guardian()
    await approved(notice(canary=True))
    await work()

    await leave()
    await campaign_sender(wechat, clock).send_due()

    message = await Message.get()
    assert (message.recipient_kind, message.state) == (RecipientKind.CADRE, MessageState.SUPPRESSED)
    assert message.reason is Reason.NOT_FOLLOWING


async def test_a_colleague_unknown_to_the_service_account_is_counted_and_holds_nothing_up() -> None:
    await crowd(100)
    await on_trial_list((await make_cadre()).id)
    campaign = await approved(notice(canary=True))

    await work()

    assert await phase_of(campaign) is CampaignPhase.SAMPLE
    assert (await Message.get(recipient_kind=RecipientKind.CADRE)).reason is Reason.NOT_BOUND


async def test_two_workers_begin_a_phase_once() -> None:
    await crowd(100)
    await make_campaign(canary=True, phase=CampaignPhase.CANARY)

    await asyncio.gather(*[operations.try_out_step(now=NOW) for _ in range(4)])

    assert await Message.all().count() == 20
    assert await AuditEntry.filter(action="campaign.phase.sample").count() == 1


async def test_a_phase_that_is_rolled_back_never_began() -> None:
    await crowd(100)
    campaign = await make_campaign(canary=True, phase=CampaignPhase.CANARY)

    with pytest.raises(RuntimeError):
        async with in_transaction():
            await operations.try_out_step(now=NOW)
            raise RuntimeError("the worker dies here")

    assert await phase_of(campaign) is CampaignPhase.CANARY
    assert await Message.all().count() == 0


async def test_whoever_joins_while_it_is_held_gets_it_after_the_release() -> None:
    await crowd(100)
    campaign = await approved(notice(canary=True))
    await work()
    await Message.all().update(state=MessageState.SENT)
    await work()
    newcomer = await reachable_guardian()

    await operations.release(campaign_id=campaign.id, author=author(2), now=NOW)
    await work()

    assert await Message.all().count() == 101
    assert await Message.filter(recipient_id=newcomer.id).exists()


async def test_only_what_is_held_is_released_and_not_by_its_author() -> None:
    campaign = await make_campaign(canary=True, phase=CampaignPhase.SAMPLE)
    with pytest.raises(operations.NotHeld):
        await operations.release(campaign_id=campaign.id, author=author(2), now=NOW)

    await Campaign.all().update(phase=CampaignPhase.HELD)
    with pytest.raises(operations.OwnRelease):
        await operations.release(campaign_id=campaign.id, author=author(1), now=NOW)
    with pytest.raises(operations.TooLateToApprove):
        await operations.release(campaign_id=campaign.id, author=author(2), now=campaign.expires_at)
    await operations.release(campaign_id=campaign.id, author=author(3), now=NOW)
    with pytest.raises(operations.NotHeld):
        await operations.release(campaign_id=campaign.id, author=author(3), now=NOW)

    trail = await AuditEntry.get(action="campaign.released")
    assert trail.actor_id == 3


async def test_a_campaign_that_nobody_releases_ends_with_its_time() -> None:
    campaign = await make_campaign(canary=True, phase=CampaignPhase.HELD)

    assert await operations.give_up_held(now=NOW) == 0
    assert await operations.give_up_held(now=campaign.expires_at) == 1

    await campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (
        CampaignState.CANCELLED,
        "试发后没有人放行，已过截止时间",
    )


async def test_a_pause_while_it_is_tried_out_goes_on_there() -> None:
    await crowd(100)
    campaign = await approved(notice(canary=True))
    await work()
    await operations.pause(campaign_id=campaign.id, reason="", author=author(1), now=NOW)
    await Message.all().update(state=MessageState.SENT)
    await work()
    assert await phase_of(campaign) is CampaignPhase.SAMPLE

    resumed = await operations.resume(campaign_id=campaign.id, author=author(1), now=NOW)
    await work()

    assert resumed.state is CampaignState.RUNNING
    assert await phase_of(campaign) is CampaignPhase.HELD


async def test_whether_it_is_tried_out_is_part_of_what_is_approved() -> None:
    campaign = await operations.submit(
        campaign_id=(await draft_of(notice(canary=True, spread_minutes=60))).id, author=author(1), now=NOW
    )

    for change in ({"canary": False}, {"spread_minutes": 0}):
        before = {name: getattr(campaign, name) for name in change}
        await Campaign.filter(id=campaign.id).update(**change)
        with pytest.raises(operations.ContentChanged):
            await operations.approve(
                campaign_id=campaign.id, seen_hash=campaign.content_hash, author=author(2), now=NOW
            )
        await Campaign.filter(id=campaign.id).update(**before)


async def test_large_audiences_are_tried_out_without_asking() -> None:
    await crowd(1001)

    assert (await draft_of(notice())).canary
    assert not (await draft_of(notice(canary=False))).canary
    assert not (await draft_of(notice(urgent=True))).canary


async def test_a_trial_list_names_colleagues_of_the_own_federation_and_few() -> None:
    mine, other = await make_cadre(), await make_cadre(org_code=SHIZHONG)

    await on_trial_list(mine.id, mine.id)
    with pytest.raises(operations.NotColleagues):
        await on_trial_list(mine.id, other.id)
    with pytest.raises(operations.TooManyOnTrialList):
        await on_trial_list(*range(1, 22))

    members = await queries.trial_list(scope=author(1).scope, org_code=mine.org_code)
    assert [member.cadre_id for member in members] == [mine.id]
    neighbour = author(1, org_code=SHIZHONG)
    assert await queries.trial_list(scope=neighbour.scope, org_code=mine.org_code) == []
    await on_trial_list()
    assert await TrialCadre.all().count() == 0
    assert await AuditEntry.filter(action="trial_list.changed").count() == 2
