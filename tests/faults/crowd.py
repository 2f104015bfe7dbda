"""Thousands of people who can be reached, written in a few statements."""

from datetime import date, datetime, timedelta

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.rules import stored_festivals
from app.core.clock import china_date
from app.festivals.rules import next_occasions
from app.messaging.models import SubscriptionCredit
from app.pairing.models import Pairing
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    ConsentChannel,
    ConsentPurpose,
    DisabilityCategory,
    Relief,
    Residence,
    Sex,
)
from app.people.models import Beneficiary, Cadre, Consent, Guardian
from tests.accounts.factories import LIXIA
from tests.messaging.factories import OFFICIAL_TEMPLATE, SUBSCRIBE_TEMPLATE

_BATCH = 500
# More than one, so that it is not a lack of credit that keeps a second message from leaving.
CREDITS = 5


async def plant_guardians(openids: list[str], *, now: datetime) -> None:
    """Make one guardian for each openid: bound, following, agreeing."""
    await Guardian.bulk_create(
        [Guardian(region_code=LIXIA, name="王秀兰", created_at=now) for _ in openids], batch_size=_BATCH
    )
    guardians = await Guardian.all().order_by("id")
    await WeChatIdentity.bulk_create(
        [
            WeChatIdentity(
                app=WeChatApp.OFFICIAL,
                openid=openid,
                guardian_id=guardian.id,
                follows=True,
                created_at=now,
            )
            for openid, guardian in zip(openids, guardians, strict=True)
        ],
        batch_size=_BATCH,
    )
    await Consent.bulk_create(
        [
            Consent(
                guardian_id=guardian.id,
                purpose=ConsentPurpose.POLICY_NOTICE,
                channel=ConsentChannel.OFFICIAL_TEMPLATE,
                text_version="2026-11",
                evidence="test",
                granted_at=now,
            )
            for guardian in guardians
        ],
        batch_size=_BATCH,
    )


async def plant_cadres(openids: list[str], *, now: datetime) -> None:
    """Make one cadre with one family for each openid: bound, with a few credits."""
    await Cadre.bulk_create([_cadre(openid, now) for openid in openids], batch_size=_BATCH)
    await Beneficiary.bulk_create([_beneficiary(openid, now) for openid in openids], batch_size=_BATCH)
    cadres = await Cadre.all().order_by("id")
    families = await Beneficiary.all().order_by("id")
    await Pairing.bulk_create(
        [
            Pairing(
                region_code=LIXIA,
                beneficiary_id=family.id,
                cadre_id=cadre.id,
                started_on=date(2026, 1, 1),
                open_beneficiary_id=family.id,
                created_at=now,
            )
            for cadre, family in zip(cadres, families, strict=True)
        ],
        batch_size=_BATCH,
    )
    await WeChatIdentity.bulk_create(
        [
            WeChatIdentity(app=WeChatApp.MINI, openid=openid, cadre_id=cadre.id, created_at=now)
            for openid, cadre in zip(openids, cadres, strict=True)
        ],
        batch_size=_BATCH,
    )
    await SubscriptionCredit.bulk_create(
        [
            SubscriptionCredit(
                openid=openid,
                template_id=SUBSCRIBE_TEMPLATE,
                remaining=CREDITS,
                granted=CREDITS,
                updated_at=now,
            )
            for openid in openids
        ],
        batch_size=_BATCH,
    )


def _cadre(key: str, now: datetime) -> Cadre:
    return Cadre(
        org_code=LIXIA,
        rank=CadreRank.SECTION,
        name="孙建国",
        phone="13905310011",
        phone_index=key,
        status=CadreStatus.ACTIVE,
        created_at=now,
        updated_at=now,
    )


def _beneficiary(key: str, now: datetime) -> Beneficiary:
    return Beneficiary(
        region_code=LIXIA,
        name="张大山",
        id_number="sealed elsewhere",
        id_number_index=key,
        certificate="sealed elsewhere",
        certificate_status=CertificateStatus.VALID,
        born_on=date(1960, 1, 1),
        sex=Sex.MALE,
        category=DisabilityCategory.LIMB,
        grade=1,
        relief=Relief.DIBAO_RURAL,
        residence=Residence.RURAL,
        status=BeneficiaryStatus.ACTIVE,
        created_at=now,
        updated_at=now,
    )


async def make_running_campaign(kind: CampaignKind, *, now: datetime) -> Campaign:
    """Make an approved campaign that starts now at any hour: faults are tested at night too."""
    occasion = next_occasions(china_date(now), count=1)[0]
    is_reminder = kind is CampaignKind.FESTIVAL_REMINDER
    return await Campaign.create(
        kind=kind,
        org_code=LIXIA,
        region_prefix=LIXIA,
        title="两项补贴年审开始办理",
        festival=stored_festivals(occasion.keys) if is_reminder else "",
        festival_on=occasion.on if is_reminder else None,
        template_id=SUBSCRIBE_TEMPLATE if is_reminder else OFFICIAL_TEMPLATE,
        urgent=True,
        send_at=now,
        expires_at=now + timedelta(days=1),
        state=CampaignState.SCHEDULED,
        author_id=1,
        approver_id=2,
        created_at=now,
    )
