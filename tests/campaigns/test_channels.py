"""Policy notices by the way that fits each guardian, and at last a call by his cadre."""

from datetime import date, timedelta

import pytest

from app.campaigns import operations, queries
from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.campaigns.notices import short_notice
from app.campaigns.writers import PolicyNoticeWriter
from app.messaging.enums import Channel, MessageState, Purpose, Reason, WindowAct
from app.messaging.models import Message, Quota, ServiceWindow, SubscriptionCredit
from app.messaging.notices import Decision, Prepared, Suppress
from app.messaging.rules.fuses import digest_of
from app.people.enums import CadreStatus, ConsentChannel, GuardianRelation
from app.people.models import Beneficiary, Cadre, Consent, Guardian, Guardianship
from tests.campaigns.factories import (
    ALL_WAYS,
    approved,
    author,
    draft_of,
    expand_all,
    notice,
    reachable_guardian,
    reminder,
)
from tests.conftest import NOW
from tests.messaging.factories import due
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_consent, make_guardian

pytestmark = pytest.mark.usefixtures("db")

MOURNING = {"muted_until": date(2026, 8, 1), "mute_reason": "bereavement"}


async def give_credit(guardian: Guardian) -> None:
    await SubscriptionCredit.create(
        openid=f"official-{guardian.id}",
        template_id=ALL_WAYS.subscribe,
        remaining=1,
        granted=1,
        updated_at=NOW,
    )


async def guardian_with_cadre(
    *, beneficiary: Beneficiary | None = None, cadre: Cadre | None = None, **overrides: object
) -> Guardian:
    """Make a guardian whom no WeChat reaches, of a family that has a cadre."""
    family = beneficiary or await make_beneficiary()
    await make_pairing(beneficiary=family, **({"cadre": cadre} if cadre else {}))
    return await make_guardian(beneficiary=family, **overrides)


async def message_to(guardian: Guardian) -> Message:
    return await Message.get(recipient_id=guardian.id)


async def expanded(**overrides: object) -> Campaign:
    campaign = await approved(notice(**overrides), templates=ALL_WAYS)
    await expand_all(now=NOW)
    return campaign


async def prepared(*messages: Message) -> list[Decision]:
    decided = await PolicyNoticeWriter().prepare([due(one) for one in messages], now=NOW)
    return [decided[one.id] for one in messages]


async def test_each_guardian_gets_it_by_the_cheapest_way_that_he_agreed_to() -> None:
    subscribed = await reachable_guardian(follows=False, consents=False)
    await give_credit(subscribed)
    follower = await reachable_guardian()
    by_phone = await reachable_guardian(follows=False)
    consent = await make_consent(by_phone, channel=ConsentChannel.SMS)
    called = await guardian_with_cadre()
    await expanded()

    assert (await message_to(subscribed)).channel is Channel.OFFICIAL_SUBSCRIBE
    first = await message_to(subscribed)
    assert (first.consent, first.choice, first.template_id) == ("subscription", "", ALL_WAYS.subscribe)
    second = await message_to(follower)
    assert (second.channel, second.choice) == (Channel.OFFICIAL_TEMPLATE, "official_subscribe:no_credit")
    assert second.template_id == ALL_WAYS.main
    third = await message_to(by_phone)
    assert (third.channel, third.consent) == (Channel.SMS, f"consent:{consent.id}")
    assert (third.template_id, third.openid) == (ALL_WAYS.sms, None)
    last = await message_to(called)
    assert (last.channel, last.state, last.openid) == (Channel.CALL_TASK, MessageState.QUEUED, None)
    assert last.consent.startswith("pairing:")
    assert last.choice == (
        "official_subscribe:not_bound,official_template:no_consent,customer_service:no_consent,sms:no_consent"
    )


async def test_a_way_whose_template_nobody_set_is_not_used() -> None:
    guardian = await reachable_guardian()
    await give_credit(guardian)
    await make_consent(guardian, channel=ConsentChannel.SMS)
    await approved(notice())
    await expand_all(now=NOW)

    message = await message_to(guardian)
    assert (message.channel, message.choice) == (
        Channel.OFFICIAL_TEMPLATE,
        "official_subscribe:channel_off",
    )


async def test_nobody_is_asked_to_call_who_is_muted_bereaved_dead_or_has_no_cadre() -> None:
    muted = await guardian_with_cadre(muted_at=NOW)
    mourning = await guardian_with_cadre(beneficiary=await make_beneficiary(**MOURNING))
    resting = await guardian_with_cadre(beneficiary=await make_beneficiary(muted_until=date(2026, 8, 1)))
    dead = await guardian_with_cadre(beneficiary=await make_beneficiary(status="deceased"))
    alone = await make_guardian(beneficiary=await make_beneficiary())
    deserted = await guardian_with_cadre()
    await Cadre.all().update(status=CadreStatus.LEFT)
    cared_for = await guardian_with_cadre()
    await expanded()

    assert (await message_to(muted)).reason is Reason.MUTED
    for guardian in (mourning, resting, dead, alone, deserted):
        message = await message_to(guardian)
        assert (message.state, message.reason) == (MessageState.SUPPRESSED, Reason.NO_CONSENT)
        assert message.choice.endswith("call_task:no_cadre")
    assert (await message_to(cared_for)).channel is Channel.CALL_TASK


async def test_a_guardian_with_two_families_is_not_called_while_one_of_them_mourns() -> None:
    guardian = await guardian_with_cadre()
    await Guardianship.create(
        guardian=guardian,
        beneficiary=await make_beneficiary(**MOURNING),
        relation=GuardianRelation.OTHER,
    )
    await expanded()

    assert (await message_to(guardian)).reason is Reason.NO_CONSENT


async def test_call_tasks_can_be_switched_off_and_are_off_for_reminders() -> None:
    guardian = await guardian_with_cadre()
    await expanded(call_tasks=False)

    assert (await message_to(guardian)).choice.endswith("call_task:channel_off")
    assert not (await draft_of(reminder())).call_tasks


async def test_a_follower_gets_a_customer_service_message_when_templates_are_used_up_today() -> None:
    open_window, closed = await reachable_guardian(), await reachable_guardian()
    await ServiceWindow.create(
        openid=f"official-{open_window.id}",
        act=WindowAct.MESSAGE,
        remaining=2,
        opened_at=NOW,
        closes_at=NOW + timedelta(hours=47),
    )
    await Quota.create(
        period="2026-05-17", channel=Channel.OFFICIAL_TEMPLATE, subject="", allowed=100, used=100
    )
    await expanded(expires_at=NOW + timedelta(hours=5))

    message = await message_to(open_window)
    assert (message.channel, message.template_id) == (Channel.CUSTOMER_SERVICE, "")
    assert message.choice == "official_subscribe:no_credit,official_template:quota_used"
    assert (await message_to(closed)).reason is Reason.QUOTA_USED


async def test_what_is_used_up_today_still_carries_who_can_wait_until_tomorrow() -> None:
    guardian = await reachable_guardian()
    await Quota.create(
        period="2026-05-17", channel=Channel.OFFICIAL_TEMPLATE, subject="", allowed=100, used=100
    )
    await expanded()

    assert (await message_to(guardian)).channel is Channel.OFFICIAL_TEMPLATE


async def test_the_preview_counts_by_way_and_tells_why() -> None:
    await reachable_guardian()
    await guardian_with_cadre()
    await make_guardian()
    campaign = await draft_of(notice(), templates=ALL_WAYS)

    counts = await queries.preview_counts(campaign=campaign, now=NOW)

    assert {(one.channel, one.reason, one.people) for one in counts} == {
        (Channel.OFFICIAL_TEMPLATE, None, 1),
        (Channel.CALL_TASK, None, 1),
        (Channel.OFFICIAL_TEMPLATE, Reason.NO_CONSENT, 1),
    }


async def test_the_words_fit_the_way() -> None:
    follower = await reachable_guardian()
    by_phone = await reachable_guardian(follows=False, phone="13800138000")
    await make_consent(by_phone, channel=ConsentChannel.SMS)
    called = await guardian_with_cadre()
    await expanded(title="两项补贴资格认定年审开始办理")

    template, short, call = await prepared(
        await message_to(follower), await message_to(by_phone), await message_to(called)
    )

    assert isinstance(template, Prepared)
    assert template.fields["thing2"] == "两项补贴资格认定年审开始办理"
    assert isinstance(short, Prepared)
    assert (short.fields, short.phone) == ({"title": "两项补贴资格认定年审开…"}, "13800138000")
    assert "13800138000" not in repr(short)
    assert isinstance(call, Prepared)
    assert "两项补贴资格认定年审开始办理" in call.text
    assert call.phone is None


def test_two_notices_whose_titles_begin_alike_are_not_the_same_words_though_the_place_cuts_them() -> None:
    texts = [
        short_notice(title=f"关于2026年度护理补贴{what}的通知", phone="13800138000")
        for what in ("年审", "发放")
    ]
    assert texts[0].fields == texts[1].fields

    digests = {
        digest_of(
            purpose=Purpose.POLICY_NOTICE,
            template_id="sms",
            fields=text.fields,
            text=text.text,
            today=NOW.date(),
        )
        for text in texts
    }

    assert len(digests) == 2


async def test_what_changed_after_the_expansion_is_noticed_before_it_leaves() -> None:
    by_phone = await make_guardian()
    consent = await make_consent(by_phone, channel=ConsentChannel.SMS)
    without_phone = await make_guardian()
    await make_consent(without_phone, channel=ConsentChannel.SMS)
    called, subscribed = await guardian_with_cadre(), await reachable_guardian(consents=False)
    await give_credit(subscribed)
    await expanded()
    await Consent.filter(id=consent.id).update(withdrawn_at=NOW)
    await Guardian.filter(id=without_phone.id).update(phone=None, phone_index=None)
    await Cadre.all().update(status=CadreStatus.LEFT)
    await Guardian.filter(id=subscribed.id).update(muted_at=NOW)

    decisions = await prepared(
        *[await message_to(one) for one in (by_phone, without_phone, called, subscribed)]
    )

    assert decisions == [
        Suppress(reason=Reason.NO_CONSENT),
        Suppress(reason=Reason.NO_PHONE),
        Suppress(reason=Reason.NO_CADRE),
        Suppress(reason=Reason.MUTED),
    ]


async def test_what_is_sent_again_takes_the_way_that_fits_today() -> None:
    guardian = await make_guardian()
    campaign = await expanded()
    assert (await message_to(guardian)).reason is Reason.NO_CONSENT
    consent = await make_consent(guardian, channel=ConsentChannel.SMS)

    await operations.retry(campaign_id=campaign.id, reasons=[Reason.NO_CONSENT], author=author(2), now=NOW)

    message = await message_to(guardian)
    assert (message.state, message.channel) == (MessageState.QUEUED, Channel.SMS)
    assert not message.reason
    assert (message.template_id, message.consent) == (ALL_WAYS.sms, f"consent:{consent.id}")


async def test_what_an_approver_reads_covers_the_ways() -> None:
    campaign = await draft_of(notice(), templates=ALL_WAYS)
    campaign = await operations.submit(campaign_id=campaign.id, author=author(1), now=NOW)
    await Campaign.filter(id=campaign.id).update(call_tasks=False)

    with pytest.raises(operations.ContentChanged):
        await operations.approve(
            campaign_id=campaign.id, seen_hash=campaign.content_hash, author=author(2), now=NOW
        )


async def test_a_county_far_apart_in_the_register_is_expanded_like_any_other() -> None:
    first = await reachable_guardian()
    second = await reachable_guardian(id=first.id + 50_000)
    await expanded()

    assert (await message_to(first)).channel is Channel.OFFICIAL_TEMPLATE
    assert (await message_to(second)).consent.startswith("consent:")
    assert (await Campaign.get(kind=CampaignKind.POLICY_NOTICE)).planned == 2
