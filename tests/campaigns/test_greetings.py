"""Greetings to families by 群发: who gets one, in which words, on which days."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.campaigns import operations
from app.campaigns.models import Campaign
from app.campaigns.operations import TextReveals
from app.campaigns.rules import (
    CallTasksNotAllowed,
    GreetingMissing,
    GreetingOnMourningDay,
    WrongTimes,
)
from app.campaigns.writers import FestivalGreetingWriter
from app.contacts.enums import ContactOutcome
from app.core.clock import china_moment
from app.core.errors import Invalid
from app.festivals.enums import FestivalKey
from app.messaging.enums import Channel, MessageState, Purpose, Reason
from app.messaging.models import Message
from app.messaging.notices import Prepared, Suppress
from app.pairing.models import Pairing
from app.people.enums import ConsentChannel, ConsentPurpose
from app.people.models import Beneficiary, Consent, Guardian
from tests.campaigns.factories import (
    DRAGON_BOAT,
    approved,
    author,
    draft_of,
    expand_all,
    greeting,
    reachable_guardian,
)
from tests.campaigns.test_expanding import note_contact
from tests.conftest import NOW
from tests.messaging.factories import due
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_consent

pytestmark = pytest.mark.usefixtures("db")

MORNING = china_moment(DRAGON_BOAT, 9)


async def family(*, wants: bool = True, beneficiary: Beneficiary | None = None, **overrides: Any) -> Guardian:
    """Make a family whose guardian follows the service account and wants greetings."""
    guardian = await reachable_guardian(beneficiary=beneficiary or await make_beneficiary(), **overrides)
    if wants:
        await make_consent(
            guardian, purpose=ConsentPurpose.FESTIVAL_GREETING, channel=ConsentChannel.MASS_SEND
        )
    return guardian


async def reached(guardian: Guardian, *, days_before: int, outcome: ContactOutcome) -> Pairing:
    pairing = await make_pairing(beneficiary=await Beneficiary.get(guardianships__guardian_id=guardian.id))
    await note_contact(pairing, on=DRAGON_BOAT - timedelta(days=days_before), outcome=outcome)
    return pairing


async def reasons() -> dict[int, Reason | None]:
    return {message.recipient_id: message.reason for message in await Message.all()}


async def test_only_families_that_want_one_and_whom_nobody_reached_get_a_greeting() -> None:
    wanted = await family()
    unasked = await family(wants=False)
    muted = await family(muted_at=NOW)
    gone = await family(follows=False)
    mourning = await family(
        beneficiary=await make_beneficiary(muted_until=date(2026, 8, 1), mute_reason="bereavement")
    )
    left_in_peace = await family(
        beneficiary=await make_beneficiary(muted_until=date(2026, 8, 1), mute_reason="family_wish")
    )
    dead = await family(beneficiary=await make_beneficiary(status="deceased"))
    called = await family()
    await reached(called, days_before=5, outcome=ContactOutcome.REACHED_GUARDIAN)
    tried = await family()
    await reached(tried, days_before=5, outcome=ContactOutcome.TRIED)
    long_ago = await family()
    await reached(long_ago, days_before=11, outcome=ContactOutcome.REACHED_PERSON)
    await approved(greeting())

    await expand_all(now=MORNING)

    assert await reasons() == {
        wanted.id: None,
        unasked.id: Reason.NO_CONSENT,
        muted.id: Reason.MUTED,
        gone.id: Reason.NOT_FOLLOWING,
        mourning.id: Reason.BEREAVEMENT,
        left_in_peace.id: Reason.MUTED,
        dead.id: Reason.NOTHING_DUE,
        called.id: Reason.ALREADY_REACHED,
        tried.id: None,
        long_ago.id: None,
    }
    message = await Message.get(recipient_id=wanted.id)
    assert (message.channel, message.purpose) == (Channel.MASS_SEND, Purpose.FESTIVAL_GREETING)
    assert message.consent.startswith("consent:")
    assert {one.channel for one in await Message.all()} == {Channel.MASS_SEND}


async def test_a_family_that_was_handed_over_counts_as_reached_by_its_earlier_cadre() -> None:
    guardian = await family()
    pairing = await reached(guardian, days_before=8, outcome=ContactOutcome.REACHED_GUARDIAN)
    await Pairing.filter(id=pairing.id).update(ended_on=DRAGON_BOAT - timedelta(days=3))
    await approved(greeting())

    await expand_all(now=MORNING)

    assert await reasons() == {guardian.id: Reason.ALREADY_REACHED}


async def test_it_leaves_in_the_morning_of_the_festival_and_ends_with_it() -> None:
    campaign = await draft_of(greeting())

    assert (campaign.send_at, campaign.expires_at) == (MORNING, china_moment(DRAGON_BOAT, 21))
    assert not campaign.call_tasks


async def test_the_words_are_those_that_were_approved_and_it_is_asked_again() -> None:
    still, called, withdrew, mourns = [await family() for _ in range(4)]
    campaign = await approved(greeting())
    await expand_all(now=MORNING)
    await reached(called, days_before=0, outcome=ContactOutcome.REACHED_GUARDIAN)
    await Consent.filter(guardian_id=withdrew.id).update(withdrawn_at=MORNING)
    await Beneficiary.filter(guardianships__guardian_id=mourns.id).update(
        muted_until=date(2026, 8, 1), mute_reason="bereavement"
    )
    messages = [await Message.get(recipient_id=one.id) for one in (still, called, withdrew, mourns)]

    decided = await FestivalGreetingWriter().prepare([due(one) for one in messages], now=MORNING)

    assert [decided[one.id] for one in messages] == [
        Prepared(text=campaign.text),
        Suppress(reason=Reason.ALREADY_REACHED),
        Suppress(reason=Reason.NO_CONSENT),
        Suppress(reason=Reason.BEREAVEMENT),
    ]


async def test_it_needs_a_second_admin_as_all_others() -> None:
    await family()
    campaign = await draft_of(greeting())

    await expand_all(now=MORNING)

    assert await Message.all().count() == 0
    campaign = await operations.submit(campaign_id=campaign.id, author=author(1), now=NOW)
    with pytest.raises(operations.OwnDraft):
        await operations.approve(
            campaign_id=campaign.id, seen_hash=campaign.content_hash, author=author(1), now=NOW
        )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"text": "祝残疾朋友节日快乐"}, TextReveals),
        ({"text": "祝低保家庭节日快乐"}, TextReveals),
        ({"text": ""}, GreetingMissing),
        ({"call_tasks": True}, CallTasksNotAllowed),
        ({"urgent": True}, WrongTimes),
        ({"send_at": NOW - timedelta(days=90)}, WrongTimes),
        # 2026: 中元节 on 27 August.
        ({"festival": FestivalKey.GHOST, "text": "保重身体"}, GreetingOnMourningDay),
        ({"festival": FestivalKey.GHOST}, GreetingOnMourningDay),
        (
            {"festival": FestivalKey.MID_AUTUMN, "send_at": china_moment(date(2026, 8, 27), 9)},
            GreetingOnMourningDay,
        ),
    ],
)
async def test_what_does_not_belong_into_a_greeting_is_refused(
    changes: dict[str, object], error: type[Invalid]
) -> None:
    with pytest.raises(error):
        await draft_of(greeting(**changes))

    assert await Campaign.all().count() == 0


async def test_a_greeting_to_nobody_is_done_at_once() -> None:
    await family(wants=False)
    await approved(greeting())

    await expand_all(now=MORNING)

    assert (await Message.get()).state is MessageState.SUPPRESSED


async def test_a_greeting_is_not_spread_since_each_moment_would_be_a_mass_message_of_its_own() -> None:
    with pytest.raises(WrongTimes, match="群发"):
        await draft_of(greeting(spread_minutes=60))
