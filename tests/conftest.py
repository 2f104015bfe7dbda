"""Database, application, clock, WeChat: what every test may ask for, and nothing else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from tortoise.context import TortoiseContext
from tortoise.contrib.test import truncate_all_models

from app.bootstrap import Services, use_keys_of
from app.core.database import tortoise_config
from app.core.queue import LocalBus
from app.core.settings import Settings
from app.main import create_app
from tests.databases import fresh_database
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat

NOW = datetime(2026, 5, 17, 1, 0, tzinfo=UTC)  # 助残日, nine in the morning in Shandong


@pytest.fixture(scope="session")
async def database_url() -> AsyncIterator[str]:
    async with fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    made = Settings(database_url=database_url, _env_file=None)
    use_keys_of(made)
    return made


@pytest.fixture(scope="session")
async def tortoise(settings: Settings) -> AsyncIterator[TortoiseContext]:
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(settings.database_url.get_secret_value()))
        yield context


@pytest.fixture
async def db(tortoise: TortoiseContext) -> AsyncIterator[None]:
    """Give the test an empty database; real commits, real locks."""
    yield
    await truncate_all_models()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def wechat() -> FakeWeChat:
    return FakeWeChat()


@pytest.fixture
def services(settings: Settings, clock: FixedClock, wechat: FakeWeChat) -> Services:
    return Services(settings=settings, clock=clock, wechat=wechat, bus=LocalBus())


@pytest.fixture
async def client(db: None, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(services.settings, services=services)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
