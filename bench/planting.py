"""A whole province of guardians and its campaigns, planted in a few statements, for those who measure."""

# ruff: noqa: S608 - only words of this file are put into statements, values are bound

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from tortoise.context import TortoiseContext

from app.bootstrap import use_keys_of
from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import Campaign
from app.core import sql
from app.core.database import tortoise_config
from app.core.migrating import migrate_database
from app.core.settings import Settings
from app.people.enums import ConsentChannel, ConsentPurpose

PROVINCE = "37"
TEMPLATE = "bench-policy-notice"
TITLE = "两项补贴年审开始办理"
COUNTIES = 136
# One in fifty has said 停, so that a message with a reason stands among the others.
MUTED_EVERY = 50

_PEOPLE_AT_ONCE = 100_000
_DIGITS = " UNION ALL ".join(f"SELECT {digit}{' AS digit' if digit == 0 else ''}" for digit in range(10))
# 1 to 100,000, on MySQL and on MariaDB.
NUMBERS = (
    "SELECT 1 + a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit + 10000 * e.digit AS number"
    f" FROM ({_DIGITS}) a JOIN ({_DIGITS}) b JOIN ({_DIGITS}) c JOIN ({_DIGITS}) d JOIN ({_DIGITS}) e"
)
# Neighbours in the register live in different counties: 370100 to 370235.
COUNTY = f"CAST(370100 + MOD(n.number, {COUNTIES}) AS CHAR)"


@asynccontextmanager
async def prepared_database(url: str, *, pool_size: int = 10) -> AsyncIterator[None]:
    """Migrate an empty database and stay connected to it."""
    use_keys_of(Settings(database_url=url, _env_file=None))
    await migrate_database(url)
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(url, pool_size=pool_size))
        yield


def openid_of(number: int) -> str:
    """Return how the service account knows a guardian."""
    return f"official-{number:07d}-abcdefghijk"


async def plant_guardians(count: int, *, now: datetime) -> None:
    """Make guardians 1 to `count` who follow the service account and agree to policy notices."""
    for lower in range(0, count, _PEOPLE_AT_ONCE):
        people = f"(SELECT {lower} + number AS number FROM ({NUMBERS}) x WHERE {lower} + number <= {count}) n"
        await sql.execute(
            "INSERT INTO guardian (id, region_code, name, muted_at, created_at)"
            f" SELECT n.number, {COUNTY}, '王秀兰', IF(MOD(n.number, {MUTED_EVERY}) = 0, %s, NULL), %s"
            f" FROM {people} ORDER BY n.number",
            (now, now),
        )
        await sql.execute(
            "INSERT INTO wechat_identity (app, openid, guardian_id, follows, created_at)"
            " SELECT 'official', CONCAT('official-', LPAD(n.number, 7, '0'), '-abcdefghijk'), n.number, 1, %s"
            f" FROM {people} ORDER BY n.number",
            (now,),
        )
        await sql.execute(
            "INSERT INTO consent (guardian_id, purpose, channel, text_version, evidence, granted_at,"
            f" withdrawal_evidence) SELECT n.number, %s, %s, '2026-11', 'bench', %s, '' FROM {people}"
            " ORDER BY n.number",
            (ConsentPurpose.POLICY_NOTICE.value, ConsentChannel.OFFICIAL_TEMPLATE.value, now),
        )


async def approved_campaign(*, now: datetime, urgent: bool = False, days: int = 1) -> Campaign:
    """Make an approved notice to all guardians of the province; workers start it by themselves.

    Args:
        now: from when it may be sent.
        urgent: leaves at night too.
        days: until it ends; WeChat takes 100,000 template messages a day.
    """
    return await Campaign.create(
        kind=CampaignKind.POLICY_NOTICE,
        org_code=PROVINCE,
        region_prefix=PROVINCE,
        title=TITLE,
        template_id=TEMPLATE,
        urgent=urgent,
        send_at=now,
        expires_at=now + timedelta(days=days),
        state=CampaignState.SCHEDULED,
        author_id=1,
        approver_id=2,
        created_at=now,
    )
