"""What pretends to be a push of WeChat leaves no trace but a counter."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from app.accounts.enums import WeChatApp
from app.bot.callback_api import refused_pushes
from app.bot.models import WeChatPush
from app.core.settings import Settings, WeChatAccountSettings
from app.people.models import Guardian
from app.wechat.callback import RejectReason
from tests.bot.factories import (
    OPENID,
    Delivery,
    delivery,
    make_bound_guardian,
    sealed,
    signature,
    text,
)
from tests.conftest import NOW


@pytest.fixture
def official(settings: Settings) -> WeChatAccountSettings:
    return settings.wechat.official


def plain_post(account: WeChatAccountSettings) -> Delivery:
    """Sign the way of 明文模式, which a recorded request allows anybody to repeat with other words."""
    seconds = str(int(NOW.timestamp()))
    query = {
        "signature": signature(account.token.get_secret_value(), seconds, "n"),
        "timestamp": seconds,
        "nonce": "n",
        "openid": OPENID,
    }
    return Delivery(query, text("退订").encode())


def entity_bomb() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    return f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><xml><Content>&e8;</Content></xml>'


def json_around_xml(account: WeChatAccountSettings) -> Delivery:
    query, seal = delivery(account, text("退订")).query, sealed(account, text("退订"))
    token = account.token.get_secret_value()
    mark = signature(token, query["timestamp"], query["nonce"], seal)
    return Delivery(query | {"msg_signature": mark}, f'{{"Encrypt":"{seal}"}}'.encode())


def good(account: WeChatAccountSettings) -> Delivery:
    return delivery(account, text("退订"))


JSON_TEXT = '{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1,"MsgType":"text","Content":"退订"}'

HOSTILE: dict[str, Callable[[WeChatAccountSettings], Delivery]] = {
    "unsigned plain post": plain_post,
    "unsigned sealed post": lambda account: good(account).without("msg_signature", "encrypt_type"),
    "forged signature": lambda account: good(account).with_query(msg_signature="0" * 40),
    "plain signature in place of the sealed one": lambda account: good(account).with_query(
        msg_signature=good(account).query["signature"]
    ),
    "another nonce": lambda account: good(account).with_query(nonce="1"),
    "another account's appid": lambda account: delivery(account, text("退订"), appid="wx0000000000000001"),
    "entity bomb inside": lambda account: delivery(account, entity_bomb()),
    "entity bomb outside": lambda account: replace(good(account), body=entity_bomb().encode()),
    "one megabyte": lambda account: replace(good(account), body=b"<xml>" + b"x" * 1_000_000),
    "replayed ten minutes later": lambda account: delivery(
        account, text("退订"), at=NOW - timedelta(minutes=10)
    ),
    "truncated": lambda account: replace(good(account), body=good(account).body[:-30]),
    "truncated inside": lambda account: delivery(account, text("退订")[:-20]),
    "json where xml belongs": lambda account: delivery(account, JSON_TEXT),
    "json around xml": json_around_xml,
    "nothing": lambda account: replace(good(account), body=b""),
    "no person": lambda account: delivery(account, "<xml><MsgType>text</MsgType></xml>"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_not_wechats_is_refused_counted_and_leaves_no_trace(
    client: httpx.AsyncClient, official: WeChatAccountSettings, name: str
) -> None:
    guardian = await make_bound_guardian()
    before = sum(refused_pushes().values())

    answer = await HOSTILE[name](official).post(client)

    assert (answer.status_code, answer.text) == (403, "refused")
    assert answer.headers["content-type"].startswith("text/plain")
    assert await WeChatPush.all().count() == 0
    assert (await Guardian.get(id=guardian.id)).muted_at is None
    assert sum(refused_pushes().values()) == before + 1


async def test_a_push_for_one_account_is_refused_at_the_address_of_the_other(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    before = refused_pushes().get((WeChatApp.MINI, RejectReason.SIGNATURE), 0)

    # The demonstration accounts share their token, so that here only cipher or appid can tell.
    answer = await delivery(official, text("帮助")).post(client, "/wechat/mini")

    assert answer.status_code == 403
    assert await WeChatPush.all().count() == 0
    assert refused_pushes().get((WeChatApp.MINI, RejectReason.SIGNATURE), 0) == before
