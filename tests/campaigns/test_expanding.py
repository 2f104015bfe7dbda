"""From an approved campaign to one row per person."""

import asyncio
from collections import Counter
from datetime import date, timedelta

import pytest
from tortoise.transactions import in_transaction

from app.campaigns import operations, queries
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.contacts.enums import ContactKind, ContactOutcome
from app.contacts.models import Contact
from app.core.clock import china_moment
from app.messaging.enums import MessageState, Reason, RecipientKind
from app.messaging.models import Message
from app.pairing.models import Pairing
from app.people.enums import CadreStatus
from app.people.models import Beneficiary
from tests.accounts.factories import JINAN, SHIZHONG, make_identity
from tests.campaigns.factories import (
    DRAGON_BOAT,
    approved,
    author,
    expand_all,
    make_campaign,
    notice,
    reachable_cadre,
    reachable_guardian,
    reminder,
)
from tests.conftest import NOW
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre, make_guardian

pytestmark = pytest.mark.usefixtures("db")

IN_TIME = china_moment(date(2026, 6, 12), 9)


async def note_contact(pairing: Pairing, *, on: date, outcome: ContactOutcome) -> None:
    await Contact.create(
        cadre_id=pairing.cadre_id,
        client_id=f"c-{pairing.id}-{on}",
        content_hash="0",
        pairing=pairing,
        beneficiary_id=pairing.beneficiary_id,
        region_code=pairing.region_code,
        kind=ContactKind.CONTACT,
        outcome=outcome,
        occurred_at=china_moment(on, 10),
        occurred_on=on,
        recorded_at=china_moment(on, 10),
    )


async def reasons() -> dict[int, Reason | None]:
    return {message.recipient_id: message.reason for message in await Message.all()}


async def test_it_starts_at_its_time_and_not_before() -> None:
    campaign = await approved(reminder())

    assert await operations.start_due(now=IN_TIME - timedelta(seconds=1)) == 0
    assert await operations.start_due(now=IN_TIME) == 1
    assert await operations.start_due(now=IN_TIME) == 0

    await campaign.refresh_from_db()
    assert campaign.state is CampaignState.RUNNING


async def test_a_campaign_whose_last_moment_nobody_was_there_for_is_given_up() -> None:
    campaign = await approved(reminder())

    await expand_all(now=china_moment(DRAGON_BOAT, 21))

    await campaign.refresh_from_db()
    assert campaign.state is CampaignState.CANCELLED
    assert "截止时间" in campaign.pause_reason
    assert await Message.all().count() == 0


async def test_one_reminder_for_each_cadre_whoever_cannot_be_reached_with_the_reason() -> None:
    ready = await reachable_cadre(families=3)
    no_credit = await reachable_cadre(credits_left=0)
    idle = await reachable_cadre(families=0)
    unbound = await make_cadre()
    await make_pairing(cadre=unbound)
    left = await reachable_cadre(status=CadreStatus.LEFT)
    elsewhere = await reachable_cadre(org_code=SHIZHONG)
    campaign = await approved(reminder())

    await expand_all(now=IN_TIME)

    assert await reasons() == {
        ready.id: None,
        no_credit.id: Reason.NO_CREDIT,
        idle.id: Reason.NOTHING_DUE,
        unbound.id: Reason.NOT_BOUND,
    }
    assert {left.id, elsewhere.id}.isdisjoint(await reasons())
    message = await Message.get(recipient_id=ready.id)
    assert (message.state, message.subject_count, message.consent) == (MessageState.QUEUED, 3, "subscription")
    assert (message.recipient_kind, message.openid) == (RecipientKind.CADRE, f"mini-{ready.id}")
    assert (message.next_at, message.expires_at) == (IN_TIME, china_moment(DRAGON_BOAT, 21))
    await campaign.refresh_from_db()
    assert campaign.planned == 4


async def test_families_that_were_reached_moved_died_or_mourn_need_no_call() -> None:
    async def cadre_with(beneficiary: Beneficiary) -> tuple[int, Pairing]:
        cadre = await reachable_cadre(families=0)
        return cadre.id, await make_pairing(cadre=cadre, beneficiary=beneficiary)

    reached, pairing = await cadre_with(await make_beneficiary())
    await note_contact(pairing, on=DRAGON_BOAT - timedelta(days=9), outcome=ContactOutcome.REACHED_GUARDIAN)
    tried, pairing = await cadre_with(await make_beneficiary())
    await note_contact(pairing, on=DRAGON_BOAT - timedelta(days=9), outcome=ContactOutcome.TRIED)
    long_ago, pairing = await cadre_with(await make_beneficiary())
    await note_contact(pairing, on=DRAGON_BOAT - timedelta(days=11), outcome=ContactOutcome.REACHED_PERSON)
    mourning, _ = await cadre_with(
        await make_beneficiary(muted_until=date(2027, 1, 1), mute_reason="bereavement")
    )
    mourned, _ = await cadre_with(
        await make_beneficiary(muted_until=date(2026, 6, 11), mute_reason="bereavement")
    )
    dead, _ = await cadre_with(await make_beneficiary(status="deceased"))
    ended = (await make_pairing(cadre=await reachable_cadre(families=0), ended_on=date(2026, 6, 12))).cadre_id
    await approved(reminder())

    await expand_all(now=IN_TIME)

    assert await reasons() == {
        reached: Reason.NOTHING_DUE,
        tried: None,
        long_ago: None,
        mourning: Reason.BEREAVEMENT,
        mourned: None,
        dead: Reason.NOTHING_DUE,
        ended: Reason.NOTHING_DUE,
    }


async def test_a_cadre_hears_of_one_festival_once_even_from_two_federations() -> None:
    cadre = await reachable_cadre(credits_left=2)
    county = await approved(reminder())
    city = await approved(reminder(region_code=JINAN), by=author(1, org_code=JINAN))

    await expand_all(now=IN_TIME)

    assert (await Message.get(campaign_id=county.id)).state is MessageState.QUEUED
    second = await Message.get(campaign_id=city.id)
    assert (second.recipient_id, second.reason) == (cadre.id, Reason.ALREADY_REMINDED)


async def test_a_notice_goes_to_guardians_who_agreed_and_follow() -> None:
    ready = await reachable_guardian()
    muted = await reachable_guardian(muted_at=NOW)
    silent = await reachable_guardian(consents=False)
    gone = await reachable_guardian(follows=False)
    unbound = await make_guardian()
    elsewhere = await reachable_guardian(region_code=SHIZHONG)
    await approved(notice())

    await expand_all(now=NOW)

    assert await reasons() == {
        ready.id: None,
        muted.id: Reason.MUTED,
        silent.id: Reason.NO_CONSENT,
        gone.id: Reason.NOT_FOLLOWING,
        unbound.id: Reason.NO_CONSENT,
    }
    assert elsewhere.id not in await reasons()
    message = await Message.get(recipient_id=ready.id)
    assert message.consent.startswith("consent:")


async def test_somebody_with_two_phones_gets_one_message() -> None:
    cadre = await reachable_cadre()
    await make_identity(openid="mini-second", cadre_id=cadre.id)
    await approved(reminder())

    await expand_all(now=IN_TIME)

    assert await Message.all().count() == 1


async def test_preview_and_expansion_agree_on_every_number() -> None:
    for number in range(11):
        await reachable_guardian(follows=number % 3 > 0, muted_at=NOW if number % 4 == 0 else None)
    campaign = await approved(notice())
    preview = await queries.preview_counts(campaign=campaign, now=NOW)

    await expand_all(now=NOW, at_once=3)

    await campaign.refresh_from_db()
    made = [message.reason for message in await Message.all()]
    told: Counter[Reason | None] = Counter()
    for one in preview:
        told[one.reason] += one.people
    assert told == Counter(made)
    assert campaign.planned == len(made) == 11
    assert campaign.expanded_at == NOW


async def test_expansion_goes_on_where_it_stopped_and_four_workers_make_nobody_twice() -> None:
    guardians = [await reachable_guardian() for _ in range(30)]
    campaign = await make_campaign()
    await operations.expand_step(now=NOW, at_once=4)

    async def worker() -> None:
        while await Campaign.filter(id=campaign.id, expanded_at=None).exists():
            await operations.expand_step(now=NOW, at_once=4)

    await asyncio.gather(*[worker() for _ in range(4)])

    await campaign.refresh_from_db()
    assert campaign.planned == 30
    assert sorted(await reasons()) == [guardian.id for guardian in guardians]


async def test_a_step_that_is_rolled_back_leaves_neither_rows_nor_cursor() -> None:
    await reachable_guardian()
    campaign = await make_campaign()

    with pytest.raises(RuntimeError):
        async with in_transaction():
            await operations.expand_step(now=NOW)
            raise RuntimeError("the worker dies here")

    await campaign.refresh_from_db()
    assert (campaign.expanded_to, campaign.planned, await Message.all().count()) == (0, 0, 0)
    await expand_all(now=NOW)
    assert await Message.all().count() == 1


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.CANCELLED])
async def test_a_stopped_campaign_makes_no_more_messages(state: CampaignState) -> None:
    await reachable_guardian()
    await make_campaign(state=state)

    assert await operations.expand_step(now=NOW) == 0


async def test_done_is_asked_of_the_rows() -> None:
    await reachable_guardian()
    campaign = await make_campaign()

    async def progress() -> queries.Progress:
        await campaign.refresh_from_db()
        return (await queries.progress_of(campaigns=[campaign]))[campaign.id]

    assert not (await progress()).is_done
    await expand_all(now=NOW)
    before = await progress()
    assert (before.planned, before.open, before.final, before.is_done) == (1, 1, 0, False)
    await Message.all().update(state=MessageState.SENT)
    after = await progress()
    assert (after.planned, after.open, after.final, after.is_done) == (1, 0, 1, True)
