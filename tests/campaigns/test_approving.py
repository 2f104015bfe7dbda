"""Composing a campaign, and the second admin who answers for it."""

from datetime import timedelta
from typing import Any

import pytest

from app.audit.models import AuditEntry
from app.campaigns import operations, queries
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations import Author
from app.campaigns.queries import CampaignNotFound
from app.campaigns.rules import Templates
from app.core.clock import china_moment
from app.festivals.enums import FestivalKey
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG
from tests.campaigns.factories import approved, author, draft_of, notice, reminder
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("db")


async def submitted(by: Author | None = None) -> Campaign:
    campaign = await draft_of(notice(), by=by)
    return await operations.submit(campaign_id=campaign.id, author=by or author(1), now=NOW)


async def approve(campaign: Campaign, *, by: Author, seen: str | None = None) -> Campaign:
    return await operations.approve(
        campaign_id=campaign.id, seen_hash=seen or campaign.content_hash, author=by, now=NOW
    )


async def test_two_persons_make_a_campaign() -> None:
    campaign = await approve(await submitted(), by=author(2))

    stored = await Campaign.get(id=campaign.id)
    assert (stored.state, stored.author_id, stored.approver_id) == (CampaignState.SCHEDULED, 1, 2)
    trail = await AuditEntry.filter(object_kind="campaign").order_by("id")
    assert [entry.action for entry in trail] == [
        "campaign.created",
        "campaign.submitted",
        "campaign.approved",
    ]


async def test_nobody_approves_what_he_composed_himself() -> None:
    campaign = await submitted()

    with pytest.raises(operations.OwnDraft):
        await approve(campaign, by=author(1))


async def test_whoever_changed_it_last_is_its_author() -> None:
    campaign = await submitted()
    await operations.edit(
        campaign_id=campaign.id,
        draft=notice(title="年审时间有变化"),
        author=author(2),
        templates=Templates(main="t"),
        days_ahead=7,
        now=NOW,
    )
    campaign = await operations.submit(campaign_id=campaign.id, author=author(1), now=NOW)

    with pytest.raises(operations.OwnDraft):
        await approve(campaign, by=author(2))
    assert (await approve(campaign, by=author(1))).state is CampaignState.SCHEDULED


@pytest.mark.parametrize(
    "change",
    [{"title": "别的"}, {"text": "别的"}, {"region_prefix": "37"}, {"template_id": "x"}, {"urgent": True}],
    ids=lambda change: next(iter(change)),
)
async def test_an_approval_is_bound_to_what_was_read(change: dict[str, Any]) -> None:
    campaign = await submitted()
    await Campaign.filter(id=campaign.id).update(**change)

    with pytest.raises(operations.ContentChanged):
        await approve(campaign, by=author(2))


async def test_an_approval_of_something_else_is_refused() -> None:
    campaign = await submitted()

    with pytest.raises(operations.ContentChanged):
        await approve(campaign, by=author(2), seen="0" * 64)


async def test_a_draft_cannot_be_approved_and_an_approved_one_not_changed() -> None:
    draft = await draft_of(notice())
    with pytest.raises(operations.WrongState):
        await operations.approve(campaign_id=draft.id, seen_hash="0" * 64, author=author(2), now=NOW)

    campaign = await approved(notice())
    with pytest.raises(operations.WrongState) as refused:
        await operations.edit(
            campaign_id=campaign.id,
            draft=notice(),
            author=author(1),
            templates=Templates(main="t"),
            days_ahead=7,
            now=NOW,
        )
    assert refused.value.detail == "任务现在是“已批准，待发送”，不能修改"


async def test_a_campaign_whose_time_is_over_cannot_be_approved() -> None:
    campaign = await submitted()

    with pytest.raises(operations.TooLateToApprove):
        await operations.approve(
            campaign_id=campaign.id,
            seen_hash=campaign.content_hash,
            author=author(2),
            now=campaign.expires_at + timedelta(seconds=1),
        )


@pytest.mark.parametrize(
    ("org_code", "region", "allowed"),
    [
        (LIXIA, LIXIA, True),
        (LIXIA, SHIZHONG, False),
        (LIXIA, JINAN, False),
        (JINAN, SHIZHONG, True),
        (JINAN, SHANDONG, False),
        (SHANDONG, JINAN, True),
    ],
)
async def test_a_campaign_reaches_no_further_than_its_federation(
    org_code: str, region: str, allowed: bool
) -> None:
    draft = notice(region_code=region)

    if allowed:
        campaign = await draft_of(draft, by=author(1, org_code=org_code))
        assert campaign.org_code == org_code
    else:
        with pytest.raises(operations.RegionOutside):
            await draft_of(draft, by=author(1, org_code=org_code))


async def test_the_neighbour_sees_nothing_the_city_sees_and_may_stop_but_not_rewrite() -> None:
    campaign = await approved(notice())
    city, neighbour = author(9, org_code=JINAN), author(9, org_code=SHIZHONG)

    with pytest.raises(CampaignNotFound):
        await operations.cancel(campaign_id=campaign.id, author=neighbour, now=NOW)
    assert await queries.campaigns_in(scope=neighbour.scope, before_id=0, limit=10) == []
    paused = await operations.pause(campaign_id=campaign.id, reason="先停", author=city, now=NOW)
    assert paused.state is CampaignState.PAUSED
    draft = await draft_of(notice())
    with pytest.raises(operations.NotOurs):
        await operations.submit(campaign_id=draft.id, author=city, now=NOW)


async def test_a_title_that_reveals_is_refused_with_the_words_to_take_out() -> None:
    with pytest.raises(operations.TitleReveals) as refused:
        await draft_of(notice(title="残疾人低保对象年审"))

    assert "残疾、低保" in (refused.value.detail or "")


@pytest.mark.parametrize(
    "draft",
    [
        notice(title="端午安康"),
        notice(text="祝您节日快乐"),
        reminder(title="清明快乐", festival=FestivalKey.QINGMING),
    ],
    ids=["title", "text", "mourning"],
)
async def test_greetings_are_no_template_messages_and_fit_no_day_of_mourning(draft: Any) -> None:
    with pytest.raises(operations.NoGreetings):
        await draft_of(draft, now=china_moment(NOW.date() - timedelta(days=60), 10))
