"""The one place that starts and stops real things."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tortoise.contrib.fastapi import RegisterTortoise

from app.core.clock import Clock, SystemClock
from app.core.crypto import Keyring, use_keyring
from app.core.database import tortoise_config
from app.core.queue import ArqBus, Bus, LocalBus, arq_client
from app.core.settings import Settings, WeChatAccountSettings
from app.sms.connecting import connect_sms
from app.sms.gateway import SmsGateway
from app.wechat.account import WeChatAccount
from app.wechat.client import HttpWeChat, connect_wechat
from app.wechat.gateway import WeChatGateway
from app.wechat.tokens import RedisTokenCache, TokenCache

_SOCKETS_FOR_SIGNING_IN = 20


@dataclass(frozen=True)
class Services:
    """What the API and the workers share."""

    settings: Settings
    clock: Clock
    wechat: WeChatGateway
    bus: Bus
    sms: SmsGateway | None = None


@dataclass(frozen=True)
class WeChatAccounts:
    """Our two accounts with their secrets, for callbacks."""

    mini: WeChatAccount
    official: WeChatAccount


def use_keys_of(settings: Settings) -> None:
    """Give this process the keys for personal data."""
    use_keyring(
        Keyring.parse(
            field_keys=settings.field_keys.get_secret_value(),
            index_key=settings.index_key.get_secret_value(),
            secret_key=settings.secret_key.get_secret_value(),
        )
    )


def accounts_of(settings: Settings) -> WeChatAccounts:
    """Read our two WeChat accounts from the settings."""
    return WeChatAccounts(
        mini=_account(settings.wechat.mini, json_pushes=True), official=_account(settings.wechat.official)
    )


def _account(given: WeChatAccountSettings, *, json_pushes: bool = False) -> WeChatAccount:
    return WeChatAccount(
        appid=given.appid,
        secret=given.secret.get_secret_value(),
        token=given.token.get_secret_value(),
        aes_key=given.aes_key.get_secret_value(),
        json_pushes=json_pushes,
    )


def open_wechat(settings: Settings, *, cache: TokenCache | None = None) -> HttpWeChat:
    """Connect to WeChat; close it at the end."""
    accounts = accounts_of(settings)
    return connect_wechat(
        mini=accounts.mini,
        official=accounts.official,
        api_base=settings.wechat.api_base,
        # Signing in must find a free socket while a campaign uses all of its own.
        connections=settings.send.concurrency + _SOCKETS_FOR_SIGNING_IN,
        cache=cache,
        mini_state="formal" if settings.is_production else "developer",
    )


@asynccontextmanager
async def running_services(settings: Settings, *, bus: Bus | None = None) -> AsyncIterator[Services]:
    """Start database, WeChat and bus, and stop them in reverse.

    Args:
        settings: what the environment says.
        bus: share this one (embedded: API and loops in one process) instead of making one.
    """
    use_keys_of(settings)
    redis = None if settings.is_embedded else arq_client(settings.redis_url.get_secret_value())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            RegisterTortoise(config=tortoise_config(settings.database_url.get_secret_value()))
        )
        own_bus = bus or (ArqBus(redis) if redis is not None else LocalBus())
        if bus is None:
            stack.push_async_callback(own_bus.close)
        wechat = open_wechat(settings, cache=RedisTokenCache(redis=redis) if redis is not None else None)
        stack.push_async_callback(wechat.close)
        sms = connect_sms(settings.sms)
        if sms is not None:
            stack.push_async_callback(sms.close)
        yield Services(settings=settings, clock=SystemClock(), wechat=wechat, bus=own_bus, sms=sms)
