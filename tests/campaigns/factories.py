"""Campaigns, and people who can be reached, for tests."""

from datetime import date, datetime
from typing import Any

from app.accounts.enums import WeChatApp
from app.accounts.rules import scope_of_staff
from app.audit.enums import ActorKind
from app.audit.operations import Actor
from app.campaigns import operations
from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations import Author
from app.campaigns.rules import Draft, Templates
from app.campaigns.writers import message_writers
from app.core.clock import Clock, china_moment
from app.core.settings import SendSettings
from app.festivals.enums import FestivalKey
from app.messaging.models import SubscriptionCredit
from app.messaging.sending import Sender
from app.people.models import Beneficiary, Cadre, Guardian
from app.wechat.gateway import WeChatGateway
from tests.accounts.factories import LIXIA, make_identity
from tests.conftest import NOW
from tests.messaging.factories import OFFICIAL_TEMPLATE, SUBSCRIBE_TEMPLATE
from tests.pairing.factories import make_pairing
from tests.people.factories import make_cadre, make_consent, make_guardian

# 2026: 端午 on 19 June, 中秋 on 25 September; the tests begin on 17 May, 助残日.
DRAGON_BOAT = date(2026, 6, 19)


def author(staff_id: int = 1, *, org_code: str = LIXIA) -> Author:
    """Return somebody who composes or approves."""
    return Author(
        staff_id=staff_id,
        org_code=org_code,
        scope=scope_of_staff(org_code=org_code),
        actor=Actor(kind=ActorKind.STAFF, id=staff_id),
    )


def reminder(**overrides: Any) -> Draft:
    """Return a draft that reminds the cadres of 历下区 of 端午."""
    defaults: dict[str, Any] = {
        "kind": CampaignKind.FESTIVAL_REMINDER,
        "title": "端午节联系提醒",
        "region_code": LIXIA,
        "festival": FestivalKey.DRAGON_BOAT,
    }
    return Draft(**defaults | overrides)


def notice(**overrides: Any) -> Draft:
    """Return a draft that tells the guardians of 历下区 about a policy."""
    defaults: dict[str, Any] = {
        "kind": CampaignKind.POLICY_NOTICE,
        "title": "两项补贴年审开始办理",
        "text": "请于6月30日前到街道便民服务中心办理两项补贴年审，带上本人证件。",
        "region_code": LIXIA,
    }
    return Draft(**defaults | overrides)


def greeting(**overrides: Any) -> Draft:
    """Return a draft that sends good wishes for 端午 to the families of 历下区."""
    defaults: dict[str, Any] = {
        "kind": CampaignKind.FESTIVAL_GREETING,
        "title": "端午祝福",
        "text": "端午安康！区残联祝您全家平安。有事请随时给我们留言。",
        "region_code": LIXIA,
        "festival": FestivalKey.DRAGON_BOAT,
    }
    return Draft(**defaults | overrides)


TEMPLATES = {
    CampaignKind.FESTIVAL_REMINDER: Templates(main=SUBSCRIBE_TEMPLATE),
    CampaignKind.POLICY_NOTICE: Templates(main=OFFICIAL_TEMPLATE),
    CampaignKind.FESTIVAL_GREETING: Templates(main=""),
}
ALL_WAYS = Templates(main=OFFICIAL_TEMPLATE, subscribe="subscribe-template", sms="449739")


async def draft_of(
    draft: Draft, *, by: Author | None = None, templates: Templates | None = None, now: datetime = NOW
) -> Campaign:
    return await operations.create_draft(
        draft=draft,
        author=by or author(1),
        templates=templates or TEMPLATES[draft.kind],
        days_ahead=7,
        now=now,
    )


async def approved(
    draft: Draft, *, by: Author | None = None, templates: Templates | None = None, now: datetime = NOW
) -> Campaign:
    """Compose, submit and approve a campaign, by two persons."""
    campaign = await draft_of(draft, by=by, templates=templates, now=now)
    campaign = await operations.submit(campaign_id=campaign.id, author=by or author(1), now=now)
    return await operations.approve(
        campaign_id=campaign.id,
        seen_hash=campaign.content_hash,
        author=author(2, org_code=campaign.org_code),
        now=now,
    )


async def make_campaign(**overrides: Any) -> Campaign:
    """Make a running policy notice whose messages are not made yet."""
    defaults: dict[str, Any] = {
        "kind": CampaignKind.POLICY_NOTICE,
        "org_code": LIXIA,
        "region_prefix": LIXIA,
        "title": "两项补贴年审开始办理",
        "text": "请到街道便民服务中心办理。",
        "template_id": OFFICIAL_TEMPLATE,
        "send_at": NOW,
        "expires_at": china_moment(date(2026, 5, 24), 21),
        "state": CampaignState.RUNNING,
        "author_id": 1,
        "approver_id": 2,
        "created_at": NOW,
    }
    return await Campaign.create(**defaults | overrides)


async def reachable_cadre(*, families: int = 1, credits_left: int = 1, **overrides: Any) -> Cadre:
    """Make a cadre with families, bound to the mini program, who accepted reminders."""
    cadre = await make_cadre(**overrides)
    for _ in range(families):
        await make_pairing(cadre=cadre)
    openid = f"mini-{cadre.id}"
    await make_identity(openid=openid, cadre_id=cadre.id)
    if credits_left:
        await SubscriptionCredit.create(
            openid=openid,
            template_id=SUBSCRIBE_TEMPLATE,
            remaining=credits_left,
            granted=credits_left,
            updated_at=NOW,
        )
    return cadre


async def reachable_guardian(
    *, beneficiary: Beneficiary | None = None, follows: bool = True, consents: bool = True, **overrides: Any
) -> Guardian:
    """Make a guardian who follows the service account and agreed to notices."""
    guardian = await make_guardian(beneficiary=beneficiary, **overrides)
    await make_identity(
        app=WeChatApp.OFFICIAL, openid=f"official-{guardian.id}", guardian_id=guardian.id, follows=follows
    )
    if consents:
        await make_consent(guardian)
    return guardian


async def expand_all(*, now: datetime, at_once: int = 5000) -> None:
    """Start what is due and make all messages, as a worker does."""
    await operations.start_due(now=now)
    while await operations.expand_step(now=now, at_once=at_once):
        pass


def campaign_sender(wechat: WeChatGateway, clock: Clock, **settings: Any) -> Sender:
    """Make the sender that a worker runs, in no hurry to pace itself."""
    return Sender(
        wechat=wechat,
        clock=clock,
        settings=SendSettings(**({"rate_per_second": 10_000.0} | settings)),
        writers=message_writers(),
        on_stop=operations.pause_by_system,
    )
