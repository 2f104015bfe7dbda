"""Who did not get it, sending again what may be sent again, and settling what nobody knew."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.audit.models import AuditEntry
from app.campaigns import operations, queries
from app.campaigns.enums import CampaignState, OutcomeAct
from app.campaigns.models import Campaign, OutcomeChange
from app.campaigns.notices import remedy
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.models import Message, SubscriptionCredit
from app.people.models import Consent, Guardian
from tests.accounts.factories import JINAN, SHIZHONG, make_identity
from tests.campaigns.factories import (
    approved,
    author,
    campaign_sender,
    expand_all,
    make_campaign,
    notice,
    reachable_cadre,
    reachable_guardian,
    reminder,
)
from tests.campaigns.test_canary import IN_TIME
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.people.factories import make_consent, make_guardian

pytestmark = pytest.mark.usefixtures("db")

ADMIN = 7
TEMPORARY = 200001
WRONG_OPENID = 40003
EVERY_REASON = list(Reason)


async def retry(campaign: Campaign, *reasons: Reason, now: datetime = NOW) -> int:
    retried = await operations.retry(
        campaign_id=campaign.id, reasons=reasons or EVERY_REASON, author=author(ADMIN), now=now
    )
    return sum(retried.counts.values())


async def only() -> Message:
    return await Message.get()


async def follow() -> None:
    await WeChatIdentity.filter(app=WeChatApp.OFFICIAL).update(follows=True)


async def bind() -> None:
    guardian = await Guardian.get()
    await make_identity(app=WeChatApp.OFFICIAL, openid="o-new", guardian_id=guardian.id, follows=True)


async def agree() -> None:
    await make_consent(await Guardian.get())


def unbound(**_: Any) -> Awaitable[object]:
    async def made() -> None:
        guardian = await make_guardian()
        await make_consent(guardian)

    return made()


@pytest.mark.parametrize(
    ("person", "reason", "change"),
    [
        (lambda: reachable_guardian(follows=False), Reason.NOT_FOLLOWING, follow),
        (unbound, Reason.NOT_BOUND, bind),
        (lambda: reachable_guardian(consents=False), Reason.NO_CONSENT, agree),
    ],
    ids=["not following", "not bound", "no consent"],
)
async def test_whoever_lacked_something_gets_it_when_he_has_it(
    wechat: FakeWeChat,
    clock: FixedClock,
    person: Callable[[], Awaitable[object]],
    reason: Reason,
    change: Callable[[], Awaitable[None]],
) -> None:
    await person()
    campaign = await approved(notice())
    await expand_all(now=NOW)
    assert (await only()).reason is reason
    assert await retry(campaign) == 0

    await change()
    assert await retry(campaign, Reason.MUTED) == 0
    assert await retry(campaign, reason) == 1
    assert await retry(campaign, reason) == 0
    await campaign_sender(wechat, clock).send_due()

    message = await only()
    assert (message.state, len(wechat.template_messages)) == (MessageState.SENT, 1)
    assert message.consent == f"consent:{(await Consent.get()).id}"


async def test_a_cadre_who_accepted_again_is_reminded(wechat: FakeWeChat, clock: FixedClock) -> None:
    await reachable_cadre(credits_left=1)
    campaign = await approved(reminder())
    await SubscriptionCredit.all().update(remaining=0)
    clock.moment = IN_TIME
    await expand_all(now=IN_TIME)
    assert (await only()).reason is Reason.NO_CREDIT

    await SubscriptionCredit.all().update(remaining=1)
    assert await retry(campaign, Reason.NO_CREDIT, now=IN_TIME) == 1
    await campaign_sender(wechat, clock).send_due()

    message = await only()
    assert (message.state, message.consent) == (MessageState.SENT, "subscription")
    assert (await SubscriptionCredit.get()).remaining == 0


async def guardians_message(**changes: Any) -> tuple[Campaign, Message]:
    """Make one message to somebody who can be reached, and let it end in some way."""
    await reachable_guardian()
    campaign = await approved(notice())
    await expand_all(now=NOW)
    await Message.all().update(**changes)
    return campaign, await only()


@pytest.mark.parametrize(
    ("changes", "may_repeat"),
    [
        ({"state": "failed", "reason": "refused_by_wechat", "errcode": TEMPORARY}, True),
        ({"state": "failed", "reason": "refused_by_wechat", "errcode": 99_999}, True),
        ({"state": "failed", "reason": "refused_by_wechat", "errcode": WRONG_OPENID}, False),
        ({"state": "failed", "reason": "bad_content", "errcode": 47003}, False),
        ({"state": "failed", "reason": "blocked_by_user", "errcode": 0}, False),
        ({"state": "failed", "reason": "not_following", "errcode": 43004}, True),
        ({"state": "expired", "reason": "too_late"}, True),
        ({"state": "suppressed", "reason": "muted"}, False),
        ({"state": "cancelled", "reason": "campaign_cancelled"}, False),
        ({"state": "unknown", "reason": "unanswered"}, False),
        ({"state": "unknown", "reason": "not_following"}, False),
        ({"state": "sent", "reason": None}, False),
        ({"state": "delivered", "reason": None}, False),
        ({"state": "held", "reason": None}, False),
        ({"state": "sending", "reason": None}, False),
        ({"state": "queued", "reason": None}, False),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
async def test_what_may_be_sent_again_and_what_never(changes: dict[str, Any], may_repeat: bool) -> None:
    campaign, message = await guardians_message(**changes)

    assert await retry(campaign) == int(may_repeat)

    again = await only()
    assert again.state is (MessageState.QUEUED if may_repeat else message.state)
    kept = await OutcomeChange.all()
    assert [(one.state, one.reason, one.errcode, one.decided_by) for one in kept] == (
        [(message.state, message.reason, message.errcode, ADMIN)] if may_repeat else []
    )


async def test_a_template_message_whose_first_try_was_never_answered_is_not_sent_again() -> None:
    campaign, _ = await guardians_message(
        state="failed", reason="refused_by_wechat", errcode=TEMPORARY, first_tried_at=NOW
    )

    assert await retry(campaign) == 0


async def test_what_wechat_took_and_then_lost_waits_until_its_key_is_forgotten() -> None:
    campaign, _ = await guardians_message(
        state="failed", reason="refused_by_wechat", errcode=0, first_tried_at=NOW, sent_at=NOW
    )

    assert await retry(campaign, now=NOW + timedelta(minutes=9)) == 0
    assert await retry(campaign, now=NOW + timedelta(minutes=10)) == 1


async def test_whoever_muted_meanwhile_is_left_alone() -> None:
    campaign, _ = await guardians_message(state="failed", reason="refused_by_wechat", errcode=TEMPORARY)
    await Guardian.all().update(muted_at=NOW)

    assert await retry(campaign) == 0


async def test_the_attempts_are_kept_and_the_order_is_in_the_trail() -> None:
    campaign, message = await guardians_message(
        state="failed", reason="refused_by_wechat", errcode=TEMPORARY, attempts=4, wechat_msgid="77"
    )

    await retry(campaign)

    again = await only()
    assert again.attempts == 4
    assert [again.errcode, again.wechat_msgid, again.reason] == [None] * 3
    (change,) = (await queries.changes_of(messages=[message]))[message.id]
    assert (change.act, change.attempts, change.decided_at) == (OutcomeAct.RETRIED, 4, NOW)
    entry = await AuditEntry.get(action="campaign.retried")
    assert (entry.actor_id, entry.detail) == (ADMIN, "refused_by_wechat:1")


async def test_two_orders_at_once_send_it_once(wechat: FakeWeChat, clock: FixedClock) -> None:
    campaign, _ = await guardians_message(state="failed", reason="refused_by_wechat", errcode=TEMPORARY)

    counts = await asyncio.gather(*[retry(campaign) for _ in range(3)])
    await campaign_sender(wechat, clock).send_due()

    assert sorted(counts) == [0, 0, 1]
    assert len(wechat.template_messages) == 1


async def test_a_long_list_is_taken_in_portions() -> None:
    for _ in range(5):
        await reachable_guardian()
    campaign = await approved(notice())
    await expand_all(now=NOW)
    await Message.all().update(state="failed", reason="refused_by_wechat", errcode=TEMPORARY)

    first = await operations.retry(
        campaign_id=campaign.id, reasons=EVERY_REASON, author=author(ADMIN), now=NOW, at_once=3
    )
    second = await operations.retry(
        campaign_id=campaign.id, reasons=EVERY_REASON, author=author(ADMIN), now=NOW, at_once=3
    )

    assert (first.counts, first.left) == ({Reason.REFUSED_BY_WECHAT: 3}, True)
    assert (second.counts, second.left) == ({Reason.REFUSED_BY_WECHAT: 2}, False)


async def test_nothing_is_sent_again_after_its_time_or_when_it_is_cancelled() -> None:
    campaign, _ = await guardians_message(state="failed", reason="refused_by_wechat", errcode=TEMPORARY)
    with pytest.raises(operations.TooLateToApprove):
        await retry(campaign, now=campaign.expires_at)

    await Campaign.all().update(state=CampaignState.CANCELLED)
    with pytest.raises(operations.WrongState):
        await retry(campaign)


async def test_the_numbers_shown_are_those_that_are_sent_again() -> None:
    campaign, _ = await guardians_message(state="failed", reason="refused_by_wechat", errcode=TEMPORARY)
    await reachable_guardian(follows=False)
    await campaign.refresh_from_db()

    assert await queries.repeatable_counts(campaign=campaign, now=NOW) == {Reason.REFUSED_BY_WECHAT: 1}
    assert await retry(campaign) == 1
    assert await queries.repeatable_counts(campaign=campaign, now=NOW) == {}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_says_what_can_be_done(reason: Reason) -> None:
    assert len(remedy(reason)) >= 5


async def settle(message: Message, *, arrived: bool, by: int = ADMIN, org_code: str | None = None) -> None:
    who = author(by) if org_code is None else author(by, org_code=org_code)
    assert message.campaign_id is not None
    await operations.settle_unknown(
        campaign_id=message.campaign_id,
        message_id=message.id,
        arrived=arrived,
        note="电话核实",
        author=who,
        now=NOW,
    )


async def test_what_an_admin_knows_to_have_arrived_is_delivered() -> None:
    campaign, message = await guardians_message(state="unknown", reason="unanswered", first_tried_at=NOW)

    await settle(message, arrived=True)

    settled = await only()
    assert settled.state is MessageState.DELIVERED
    assert [settled.reason] == [None]
    change = await OutcomeChange.get()
    assert (change.act, change.state, change.reason, change.note, change.decided_by) == (
        OutcomeAct.ARRIVED,
        MessageState.UNKNOWN,
        Reason.UNANSWERED,
        "电话核实",
        ADMIN,
    )
    assert await AuditEntry.filter(action="campaign.message.arrived", actor_id=ADMIN).count() == 1
    assert await retry(campaign) == 0


async def test_what_did_not_arrive_is_sent_again_once(wechat: FakeWeChat, clock: FixedClock) -> None:
    campaign, message = await guardians_message(state="unknown", reason="unanswered", first_tried_at=NOW)

    await settle(message, arrived=False)
    assert (await only()).reason is Reason.NOT_ARRIVED
    assert await retry(campaign, Reason.UNANSWERED) == 0
    assert await retry(campaign, Reason.NOT_ARRIVED) == 1
    await campaign_sender(wechat, clock).send_due()
    assert len(wechat.template_messages) == 1

    await Message.all().update(state="unknown", reason="unanswered")
    await settle(await only(), arrived=False)
    assert await retry(campaign, now=NOW + timedelta(hours=1)) == 0
    assert await OutcomeChange.all().count() == 3


async def test_the_credit_of_what_did_not_arrive_comes_back(wechat: FakeWeChat, clock: FixedClock) -> None:
    await reachable_cadre(credits_left=1)
    campaign = await approved(reminder())
    await expand_all(now=IN_TIME)
    await Message.all().update(state="unknown", reason="unanswered", charged=True, first_tried_at=IN_TIME)
    await SubscriptionCredit.all().update(remaining=0)

    await settle(await only(), arrived=False)

    assert (await SubscriptionCredit.get()).remaining == 1
    assert (await only()).channel is Channel.MINI_SUBSCRIBE
    assert await retry(campaign, now=IN_TIME) == 1
    clock.moment = IN_TIME
    await campaign_sender(wechat, clock).send_due()
    assert (await only()).state is MessageState.SENT


@pytest.mark.parametrize("state", ["sent", "delivered", "failed", "queued", "sending", "suppressed"])
async def test_only_what_is_unknown_is_settled(state: str) -> None:
    _, message = await guardians_message(state=state)

    with pytest.raises(operations.OutcomeKnown):
        await settle(message, arrived=True)
    assert (await only()).state is message.state


async def test_nobody_settles_other_peoples_messages() -> None:
    _, message = await guardians_message(state="unknown", reason="unanswered")

    with pytest.raises(queries.CampaignNotFound):
        await settle(message, arrived=True, org_code=SHIZHONG)
    # The city sees the campaign, but not whom it is for.
    with pytest.raises(operations.MessageNotFound):
        await settle(message, arrived=True, org_code=JINAN)
    other = await make_campaign()
    message.campaign_id = other.id
    with pytest.raises(operations.MessageNotFound):
        await settle(message, arrived=True)
