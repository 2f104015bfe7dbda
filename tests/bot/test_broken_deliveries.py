"""A delivery that breaks on our side is made good by the next one."""

from pathlib import Path

import httpx
import pytest
from tortoise.context import TortoiseContext

from app.bot.enums import PushState
from app.bot.models import WeChatPush
from app.core.database import tortoise_config
from app.core.settings import Settings, WeChatAccountSettings
from app.people.models import Guardian
from tests.bot.factories import (
    delivery,
    make_bound_guardian,
    read_reply,
    text,
)
from tests.conftest import NOW
from tests.databases import USES_MYSQL


@pytest.fixture
def official(settings: Settings) -> WeChatAccountSettings:
    return settings.wechat.official


async def say(client: httpx.AsyncClient, account: WeChatAccountSettings, content: str) -> str:
    """Write to the service account and return what it answers."""
    answer = await delivery(account, text(content)).post(client)
    assert answer.status_code == 200, answer.text
    return read_reply(account, answer).content


async def test_without_a_database_wechat_is_asked_to_come_again_and_nothing_is_lost(
    client: httpx.AsyncClient, official: WeChatAccountSettings, tmp_path: Path
) -> None:
    guardian = await make_bound_guardian()
    push = delivery(official, text("退订"))

    # The same kind of database as the other tests use: Tortoise keeps statements in its dialect.
    nowhere = "mysql://nobody@127.0.0.1:9/none" if USES_MYSQL else f"sqlite://{tmp_path}"

    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(nowhere))
        refused = await push.post(client)
    again = await push.post(client)

    assert (refused.status_code, refused.text) == (500, "")
    assert refused.headers["content-type"].startswith("text/plain")
    assert read_reply(official, again).content.startswith("已停止通知")
    assert (await Guardian.get(id=guardian.id)).muted_at == NOW


async def test_a_retry_acts_when_the_first_delivery_broke_off_after_storing(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    guardian = await make_bound_guardian()
    push = delivery(official, text("退订"))
    await push.post(client)
    await WeChatPush.all().update(state=PushState.WAITING, reply=None)
    await Guardian.filter(id=guardian.id).update(muted_at=None)

    answer = await push.post(client)

    assert read_reply(official, answer).content.startswith("已停止通知")
    assert (await Guardian.get(id=guardian.id)).muted_at == NOW
