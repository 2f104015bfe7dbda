"""What the service does while its database is away: whom it keeps waiting, and what it says."""

import httpx
import pymysql
import pytest
from fastapi import FastAPI
from tortoise.exceptions import DBConnectionError, OperationalError

from app.bootstrap import Services
from app.core import sql
from app.core.patience import REQUEST_SECONDS, Patience
from app.main import create_app

AWAY = pymysql.err.OperationalError(2003, "Can't connect")
LOST = pymysql.err.OperationalError(2013, "Lost connection")
WRONG = pymysql.err.ProgrammingError(1064, "You have an error in your SQL syntax")


@pytest.fixture
async def failing(db: None, services: Services) -> FastAPI:
    return create_app(services.settings, services=services)


async def asked(app: FastAPI, error: Exception) -> httpx.Response:
    @app.get("/fails")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/fails")


@pytest.mark.parametrize("error", [DBConnectionError(AWAY), OperationalError(LOST)])
async def test_a_database_that_is_away_is_told_as_later_and_not_as_a_bug(
    failing: FastAPI, error: Exception
) -> None:
    answer = await asked(failing, error)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["title"] == "服务暂时不可用，请稍后再试"


async def test_a_wrong_statement_stays_a_bug(failing: FastAPI) -> None:
    assert (await asked(failing, OperationalError(WRONG))).status_code == 500


@pytest.mark.parametrize("silence", ["no_connection", "no_answer"])
def test_once_the_database_is_known_to_be_away_nobody_waits_long_to_find_out(silence: str) -> None:
    patience = Patience()
    before = patience.connection_seconds

    error = getattr(patience, silence)()

    assert sql.is_passing(OperationalError(error))
    assert patience.connection_seconds < before <= REQUEST_SECONDS


def test_a_migration_may_take_as_long_as_it_takes() -> None:
    assert Patience().statement_seconds is None
