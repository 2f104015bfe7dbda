"""Access tokens: fetched once, shared by all processes, replaced when WeChat no longer takes them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import structlog
from redis.exceptions import RedisError

from app.wechat.account import WeChatAccount
from app.wechat.errcodes import Reaction, reaction_to
from app.wechat.gateway import WeChatNotReached, WeChatRefused, WeChatUnanswered
from app.wechat.wire import Answer, Wire, errcode_of, to_json

if TYPE_CHECKING:
    from redis.asyncio import Redis

# In the last 5 minutes of a token WeChat hands out the next one, and takes both
# (developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken).
OVERLAP_SECONDS = 300
SHORTEST_SECONDS = 30
REDIS_SECONDS = 1.0

# Refusals to give a token that pass by themselves; any other needs a person.
_PASSING = frozenset({Reaction.LATER, Reaction.SLOWER, Reaction.NEXT_DAY})

_DROP_IF_SAME = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""

log = structlog.get_logger()

T = TypeVar("T")


class TokenCache(Protocol):
    """Keeps the token of each account for as long as it is good."""

    async def get(self, *, appid: str) -> str | None:
        """Return the token of this account, if one is kept."""
        ...

    async def put(self, *, appid: str, token: str, seconds: int) -> None:
        """Keep a token for so many seconds."""
        ...

    async def drop(self, *, appid: str, token: str) -> None:
        """Forget this token, unless another one has already taken its place."""
        ...


class MemoryTokenCache:
    """Tokens of one process.

    Args:
        monotonic: seconds that only grow.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: dict[str, tuple[str, float]] = {}

    async def get(self, *, appid: str) -> str | None:
        """Return the token of this account, if one is kept."""
        kept = self._kept.get(appid)
        return kept[0] if kept is not None and self._monotonic() < kept[1] else None

    async def put(self, *, appid: str, token: str, seconds: int) -> None:
        """Keep a token for so many seconds."""
        self._kept[appid] = (token, self._monotonic() + seconds)

    async def drop(self, *, appid: str, token: str) -> None:
        """Forget this token, unless another one has already taken its place."""
        kept = self._kept.get(appid)
        if kept is not None and kept[0] == token:
            del self._kept[appid]


class RedisTokenCache:
    """Tokens shared through Redis, each process holding its own copy, so that a send asks no server.

    When Redis is down each process goes on with its copy, and fetches for itself when that ends: WeChat gives
    all of them the same token. The first failure of an outage is logged.

    Args:
        redis: a connection pool; the caller closes it.
        prefix: begins every key.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        *,
        redis: "Redis",
        prefix: str = "lianxin:",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._prefix = prefix
        self._memory = MemoryTokenCache(monotonic=monotonic)
        self._drop_if_same = redis.register_script(_DROP_IF_SAME)
        self._redis_down = False

    async def get(self, *, appid: str) -> str | None:
        """Return the token of this account, from here or from Redis."""
        token = await self._memory.get(appid=appid)
        if token is not None:
            return token
        shared = await self._ask(lambda: self._read(appid))
        if shared is None:
            return None
        token, seconds = shared
        await self._memory.put(appid=appid, token=token, seconds=seconds)
        return token

    async def put(self, *, appid: str, token: str, seconds: int) -> None:
        """Keep a token for so many seconds, here and in Redis."""
        await self._memory.put(appid=appid, token=token, seconds=seconds)
        await self._ask(lambda: self._write(appid, token, seconds))

    async def drop(self, *, appid: str, token: str) -> None:
        """Forget this token here and in Redis, unless another one has already taken its place."""
        await self._memory.drop(appid=appid, token=token)
        await self._ask(lambda: self._forget(appid, token))

    def _key(self, appid: str) -> str:
        return f"{self._prefix}wechat:token:{appid}"

    async def _read(self, appid: str) -> tuple[str, int] | None:
        pipe: Any
        async with self._redis.pipeline(transaction=True) as pipe:
            token, seconds = await pipe.get(self._key(appid)).ttl(self._key(appid)).execute()
        if not token or seconds <= 0:
            return None
        return (token.decode() if isinstance(token, bytes) else str(token)), int(seconds)

    async def _write(self, appid: str, token: str, seconds: int) -> None:
        await self._redis.set(self._key(appid), token, ex=seconds)

    async def _forget(self, appid: str, token: str) -> None:
        await self._drop_if_same(keys=[self._key(appid)], args=[token])

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                answer = await question()
        except (RedisError, OSError, TimeoutError) as error:
            if not self._redis_down:
                log.warning("wechat.token_cache.redis_down", error=type(error).__name__)
            self._redis_down = True
            return None
        self._redis_down = False
        return answer


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and how many renewals its account had seen when it was handed out."""

    value: str = field(repr=False)
    renewals: int


class AccessTokens:
    """The access token of one account, by ``stable_token`` in its normal mode.

    Normal mode gives every process the same token, so that a race is harmless; ``force_refresh`` would kill
    the token of the others and is never used. However many tasks need a new token at once, one asks, and all
    share what it learned, be it a token or a failure.
    """

    def __init__(self, *, account: WeChatAccount, wire: Wire, cache: TokenCache) -> None:
        self._account = account
        self._wire = wire
        self._cache = cache
        self._one_asks = asyncio.Lock()
        self._renewals = 0
        self._learned: str | WeChatRefused | WeChatNotReached = WeChatNotReached("nobody asked yet")

    async def current(self) -> AccessToken:
        """Return the token to use now, fetching it when none is kept.

        Raises:
            WeChatRefused: WeChat gives this account no token; mostly a wrong secret or address list.
            WeChatNotReached: no token could be fetched, so nothing was sent.
        """
        renewals = self._renewals
        token = await self._cache.get(appid=self._account.appid)
        if token is not None:
            return AccessToken(token, renewals)
        return await self._renew(failed=None, renewals=renewals)

    async def replace(self, failed: AccessToken) -> AccessToken:
        """Return a token in place of one that WeChat did not take; raises as ``current`` does."""
        return await self._renew(failed=failed.value, renewals=failed.renewals)

    async def _renew(self, *, failed: str | None, renewals: int) -> AccessToken:
        async with self._one_asks:
            if self._renewals == renewals:
                self._learned = await self._learn(failed)
                self._renewals += 1
            if isinstance(self._learned, Exception):
                raise self._learned.with_traceback(None)
            return AccessToken(self._learned, self._renewals)

    async def _learn(self, failed: str | None) -> str | WeChatRefused | WeChatNotReached:
        appid = self._account.appid
        if failed is not None:
            await self._cache.drop(appid=appid, token=failed)
        kept = await self._cache.get(appid=appid)
        if kept is not None:
            return kept
        try:
            token, seconds = await self._fetch()
        except (WeChatRefused, WeChatNotReached) as error:
            return error
        await self._cache.put(appid=appid, token=token, seconds=seconds)
        return token

    async def _fetch(self) -> tuple[str, int]:
        question = {
            "grant_type": "client_credential",
            "appid": self._account.appid,
            "secret": self._account.secret,
            "force_refresh": False,
        }
        try:
            answer = await self._wire.exchange(
                method="POST", path="/cgi-bin/stable_token", params={}, body=to_json(question)
            )
            errcode = errcode_of(answer)
        except WeChatUnanswered as error:
            # Whatever became of this request, the one that needs the token has not left us.
            raise WeChatNotReached(f"no access token: {error}") from None
        if errcode or isinstance(answer, bytes):
            raise self._refusal(errcode, answer)
        return _token_in(answer)

    def _refusal(self, errcode: int, answer: Answer | bytes) -> WeChatRefused:
        # Here a 40001 says that the secret is wrong, and no code is about a recipient.
        reaction = reaction_to(errcode).reaction
        errmsg = "a picture" if isinstance(answer, bytes) else str(answer.get("errmsg", ""))
        log.error("wechat.token.refused", appid=self._account.appid, errcode=errcode)
        return WeChatRefused(
            errcode=errcode,
            errmsg=errmsg,
            reaction=reaction if reaction in _PASSING else Reaction.STOP_ACCOUNT,
            sentence="账号密钥不正确，请核对设置" if reaction is Reaction.TOKEN else None,
        )


def _token_in(answer: Answer) -> tuple[str, int]:
    token, expires_in = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(expires_in, int):
        raise WeChatNotReached("no access token: the answer holds none")
    return token, max(expires_in - OVERLAP_SECONDS, SHORTEST_SECONDS)
