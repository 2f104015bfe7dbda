"""People at their screens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from app.accounts.deps import session_cookie_name
from app.accounts.enums import StaffRole
from app.bootstrap import Services
from app.main import create_app
from app.orgs.enums import OrgLevel
from app.orgs.models import Org
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, make_staff, sign_in_staff
from tests.console.browser import Browser

SignedIn = Callable[..., Awaitable[Browser]]


@pytest.fixture
async def orgs(db: None) -> None:
    await Org.create(code=SHANDONG, name="山东省残联", level=OrgLevel.PROVINCE)
    await Org.create(code=JINAN, name="济南市残联", level=OrgLevel.CITY, parent_code=SHANDONG)
    await Org.create(code=LIXIA, name="历下区残联", level=OrgLevel.COUNTY, parent_code=JINAN)
    await Org.create(code=SHIZHONG, name="市中区残联", level=OrgLevel.COUNTY, parent_code=JINAN)


@pytest.fixture
async def new_client(orgs: None, services: Services) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Make clients with cookies of their own."""
    transport = httpx.ASGITransport(app=create_app(services.settings, services=services))
    async with AsyncExitStack() as stack:

        def make() -> httpx.AsyncClient:
            client = httpx.AsyncClient(transport=transport, base_url="http://test")
            stack.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture
def stranger(new_client: Callable[[], httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client of somebody who is not signed in."""
    return new_client()


@pytest.fixture
def signed_in(new_client: Callable[[], httpx.AsyncClient]) -> SignedIn:
    """Return a new member of staff at his screen, an admin of 历下区残联 unless told otherwise."""

    async def sign_in(**overrides: Any) -> Browser:
        client = new_client()
        staff = await make_staff(**({"role": StaffRole.ADMIN} | overrides))
        headers = await sign_in_staff(client, staff)
        client.cookies.set(session_cookie_name(is_production=False), headers["authorization"].split()[1])
        return Browser(client)

    return sign_in
