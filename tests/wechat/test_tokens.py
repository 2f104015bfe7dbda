"""Access tokens: one fetch for all who wait, one replacement for a token that died, never a loop."""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.wechat.client import HttpWeChat, connect_wechat
from app.wechat.errcodes import Reaction
from app.wechat.gateway import SubscribeMessage, WeChatNotReached, WeChatRefused
from app.wechat.tokens import MemoryTokenCache, RedisTokenCache, TokenCache
from tests.wechat.factories import MINI, OFFICIAL, OPENID
from tests.wechat.scripted import TOKEN_PATH, Drop, Hang, Reply, ScriptedWeChat

SUBSCRIBE = "/cgi-bin/message/subscribe/send"
SENT = Reply({"errcode": 0, "errmsg": "ok", "msgid": 1})
BAD_TOKEN = Reply({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid rid: 1-2"})
REMINDER = SubscribeMessage(openid=OPENID, template_id="T1", fields={"thing1": "请联系帮扶对象"})


class HandClock:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def gateway_on(server: ScriptedWeChat, cache: TokenCache | None = None) -> HttpWeChat:
    return connect_wechat(
        mini=MINI, official=OFFICIAL, connections=50, api_base=server.base, cache=cache, total_seconds=5
    )


@pytest_asyncio.fixture
async def redis() -> AsyncIterator[Redis]:
    url = os.environ.get("LIANXIN_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
    client: Redis = Redis.from_url(url, socket_connect_timeout=1)
    try:
        await client.ping()
    except (RedisError, OSError):
        await client.aclose()
        pytest.skip("no Redis is reachable")
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def prefix(redis: Redis) -> AsyncIterator[str]:
    own = f"lianxin-test-{uuid.uuid4().hex}:"
    yield own
    await redis.delete(f"{own}wechat:token:{MINI.appid}")


async def test_two_tasks_that_need_a_token_fetch_it_once(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers(SUBSCRIBE, SENT)

    await asyncio.gather(gateway.send_subscribe(REMINDER), gateway.send_subscribe(REMINDER))

    assert len(server.asked_for(TOKEN_PATH)) == 1
    assert {asked.query["access_token"] for asked in server.asked_for(SUBSCRIBE)} == {"token-1"}


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_that_died_is_replaced_and_the_message_goes_out(
    gateway: HttpWeChat, server: ScriptedWeChat, errcode: int
) -> None:
    server.answers(SUBSCRIBE, Reply({"errcode": errcode, "errmsg": "access_token expired"}), SENT)

    receipt = await gateway.send_subscribe(REMINDER)

    assert receipt.msgid == "1"
    assert [asked.query["access_token"] for asked in server.asked_for(SUBSCRIBE)] == ["token-1", "token-2"]
    assert server.asked_for(TOKEN_PATH)[1].json()["force_refresh"] is False


async def test_a_second_bad_token_stops_the_account_instead_of_asking_for_ever(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(SUBSCRIBE, BAD_TOKEN)

    with pytest.raises(WeChatRefused) as caught:
        await gateway.send_subscribe(REMINDER)

    assert caught.value.errcode == 40001
    assert caught.value.reaction is Reaction.STOP_ACCOUNT
    assert len(server.asked_for(SUBSCRIBE)) == 2
    assert len(server.asked_for(TOKEN_PATH)) == 2


async def test_fifty_messages_that_meet_a_dead_token_replace_it_once(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(SUBSCRIBE, *[BAD_TOKEN] * 50, SENT)
    # The same token again: WeChat still believes in it.
    server.answers(TOKEN_PATH, Reply({"access_token": "same", "expires_in": 7200}))

    await asyncio.gather(*(gateway.send_subscribe(REMINDER) for _ in range(50)))

    assert len(server.asked_for(SUBSCRIBE)) == 100
    assert len(server.asked_for(TOKEN_PATH)) == 2


async def test_a_token_that_another_process_has_already_replaced_is_not_fetched_again(
    server: ScriptedWeChat,
) -> None:
    server.answers(SUBSCRIBE, BAD_TOKEN, SENT)
    cache = ReplacedElsewhere()

    async with gateway_on(server, cache) as gateway:
        await gateway.send_subscribe(REMINDER)

    assert [asked.query["access_token"] for asked in server.asked_for(SUBSCRIBE)] == ["old", "new"]
    assert server.asked_for(TOKEN_PATH) == []


class ReplacedElsewhere(MemoryTokenCache):
    """A cache in which another process puts a new token as soon as the old one is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._kept[MINI.appid] = ("old", float("inf"))

    async def drop(self, *, appid: str, token: str) -> None:
        await super().drop(appid=appid, token=token)
        await self.put(appid=appid, token="new", seconds=60)


@pytest.mark.parametrize(
    "answer",
    [
        Reply(text="<html>502</html>", status=502, kind="text/html"),
        Drop(),
        Reply({"errcode": 0}),
        Reply({"access_token": "", "expires_in": 7200}),
        Reply({"access_token": "t"}),
    ],
)
async def test_without_a_token_nothing_was_sent_and_all_who_wait_learn_it_from_one_attempt(
    gateway: HttpWeChat, server: ScriptedWeChat, answer: Reply | Drop
) -> None:
    server.answers(TOKEN_PATH, answer)

    outcomes = await asyncio.gather(
        *(gateway.send_subscribe(REMINDER) for _ in range(10)), return_exceptions=True
    )

    assert {type(outcome) for outcome in outcomes} == {WeChatNotReached}
    assert len(server.asked_for(TOKEN_PATH)) == 1
    assert server.asked_for(SUBSCRIBE) == []


async def test_after_a_failed_fetch_the_next_message_asks_again(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(TOKEN_PATH, Drop(), Reply({"access_token": "t", "expires_in": 7200}))
    server.answers(SUBSCRIBE, SENT)

    with pytest.raises(WeChatNotReached):
        await gateway.send_subscribe(REMINDER)
    receipt = await gateway.send_subscribe(REMINDER)

    assert receipt.msgid == "1"


async def test_a_task_cancelled_while_it_fetches_does_not_stop_the_others(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(SUBSCRIBE, SENT)
    server.answers(TOKEN_PATH, Hang(), Reply({"access_token": "t", "expires_in": 7200}))

    first = asyncio.create_task(gateway.send_subscribe(REMINDER))
    second = asyncio.create_task(gateway.send_subscribe(REMINDER))
    await server.arrived.wait()
    first.cancel()

    assert (await second).msgid == "1"
    assert first.cancelled()


@pytest.mark.parametrize(
    ("errcode", "reaction"),
    [
        (40001, Reaction.STOP_ACCOUNT),
        (40013, Reaction.STOP_ACCOUNT),
        (40164, Reaction.STOP_ACCOUNT),
        (77777, Reaction.STOP_ACCOUNT),
        (-1, Reaction.LATER),
        (45011, Reaction.SLOWER),
        (45009, Reaction.NEXT_DAY),
    ],
)
async def test_an_account_that_is_given_no_token_stops_unless_the_reason_passes(
    gateway: HttpWeChat, server: ScriptedWeChat, errcode: int, reaction: Reaction
) -> None:
    server.answers(TOKEN_PATH, Reply({"errcode": errcode, "errmsg": "no rid: 9-9"}))

    with pytest.raises(WeChatRefused) as caught:
        await gateway.send_subscribe(REMINDER)

    assert caught.value.errcode == errcode
    assert caught.value.rid == "9-9"
    assert caught.value.reaction is reaction
    assert server.asked_for(SUBSCRIBE) == []


async def test_a_token_is_fetched_anew_five_minutes_before_it_ends(server: ScriptedWeChat) -> None:
    clock = HandClock()
    server.answers(SUBSCRIBE, SENT)

    async with gateway_on(server, MemoryTokenCache(monotonic=clock)) as gateway:
        await gateway.send_subscribe(REMINDER)
        clock.seconds += 7200 - 300 - 1
        await gateway.send_subscribe(REMINDER)
        clock.seconds += 1
        await gateway.send_subscribe(REMINDER)

    used = [asked.query["access_token"] for asked in server.asked_for(SUBSCRIBE)]
    assert used == ["token-1", "token-1", "token-2"]


async def test_a_token_at_its_end_is_kept_for_half_a_minute_and_not_fetched_for_each_message(
    server: ScriptedWeChat,
) -> None:
    clock = HandClock()
    server.answers(SUBSCRIBE, SENT)
    server.answers(TOKEN_PATH, Reply({"access_token": "ending", "expires_in": 300}))

    async with gateway_on(server, MemoryTokenCache(monotonic=clock)) as gateway:
        await gateway.send_subscribe(REMINDER)
        clock.seconds += 29
        await gateway.send_subscribe(REMINDER)
        clock.seconds += 1
        await gateway.send_subscribe(REMINDER)

    assert len(server.asked_for(TOKEN_PATH)) == 2


async def test_memory_drops_a_token_only_while_it_is_the_one_that_failed() -> None:
    cache = MemoryTokenCache()
    await cache.put(appid="wx1", token="new", seconds=60)

    await cache.drop(appid="wx1", token="old")
    after_old = await cache.get(appid="wx1")
    await cache.drop(appid="wx1", token="new")

    assert after_old == "new"
    assert await cache.get(appid="wx1") is None


async def test_processes_share_a_token_through_redis(redis: Redis, prefix: str) -> None:
    here, there = (RedisTokenCache(redis=redis, prefix=prefix) for _ in range(2))

    await here.put(appid=MINI.appid, token="shared", seconds=6900)

    assert await there.get(appid=MINI.appid) == "shared"
    assert 6890 <= await redis.ttl(f"{prefix}wechat:token:{MINI.appid}") <= 6900


async def test_a_copy_lives_no_longer_than_the_token_in_redis(redis: Redis, prefix: str) -> None:
    clock = HandClock()
    here = RedisTokenCache(redis=redis, prefix=prefix)
    there = RedisTokenCache(redis=redis, prefix=prefix, monotonic=clock)
    await here.put(appid=MINI.appid, token="shared", seconds=50)
    await there.get(appid=MINI.appid)

    await redis.delete(f"{prefix}wechat:token:{MINI.appid}")
    clock.seconds += 40
    before_its_end = await there.get(appid=MINI.appid)
    clock.seconds += 11

    assert before_its_end == "shared"
    assert await there.get(appid=MINI.appid) is None


async def test_a_dead_token_is_dropped_from_redis_unless_a_new_one_stands_there(
    redis: Redis, prefix: str
) -> None:
    here, there = (RedisTokenCache(redis=redis, prefix=prefix) for _ in range(2))
    await here.put(appid=MINI.appid, token="old", seconds=60)
    await there.get(appid=MINI.appid)
    await here.drop(appid=MINI.appid, token="old")
    await here.put(appid=MINI.appid, token="new", seconds=60)

    await there.drop(appid=MINI.appid, token="old")

    assert await there.get(appid=MINI.appid) == "new"
    assert await redis.get(f"{prefix}wechat:token:{MINI.appid}") == b"new"


async def test_when_redis_is_down_each_process_keeps_its_own_token_and_says_so_once(
    server: ScriptedWeChat,
) -> None:
    server.answers(SUBSCRIBE, SENT)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client: Redis = Redis(host="127.0.0.1", port=unused.getsockname()[1])
        with structlog.testing.capture_logs() as logs:
            async with gateway_on(server, RedisTokenCache(redis=client)) as gateway:
                await gateway.send_subscribe(REMINDER)
                await gateway.send_subscribe(REMINDER)
        await client.aclose()

    assert len(server.asked_for(TOKEN_PATH)) == 1
    assert [entry["event"] for entry in logs] == ["wechat.token_cache.redis_down"]
