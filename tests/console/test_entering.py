"""Signing in and out, and the doors that stay shut."""

import re
from datetime import timedelta

import httpx
import pytest
from fastapi.routing import APIRoute

from app.accounts.enums import StaffRole
from app.accounts.models import StaffSession
from app.accounts.operations import create_staff
from app.console.frame import own_path
from app.console.routers import ROUTERS
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.console.browser import Browser
from tests.console.conftest import SignedIn
from tests.fakes.clock import FixedClock

PASSWORD = "清河县的槐树开花了2026"
OPEN = {"/console/sign-in", "/console/sign-out", "/console/static/{name}"}
GUARDED = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.path not in OPEN
    for method in sorted(route.methods or ())
]


@pytest.fixture
async def zhou(orgs: None) -> None:
    """周敏, admin of 历下区残联."""
    await create_staff(
        username="zhou", display_name="周敏", password=PASSWORD, org_code=LIXIA, role=StaffRole.ADMIN, now=NOW
    )


async def test_an_admin_signs_in_by_the_form_sees_the_first_page_and_signs_out(
    stranger: httpx.AsyncClient, zhou: None
) -> None:
    browser = Browser(stranger)
    page = await browser.open("/console/")
    assert page.path == "/console/sign-in"

    page = await browser.press("登录", username="zhou", password=PASSWORD)

    assert (page.status, page.path, page.heading) == (200, "/console/home", "历下区残联")
    assert "周敏" in page.words
    page = await browser.press("退出登录")
    assert "您已退出登录" in page.words
    assert await StaffSession.all().count() == 0


async def test_the_bare_address_leads_to_the_console(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/console/")


async def test_the_cookie_is_the_one_of_the_api(stranger: httpx.AsyncClient, zhou: None) -> None:
    answer = await stranger.post("/console/sign-in", data={"username": "zhou", "password": PASSWORD})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await stranger.get("/admin/v1/session")).json()["display_name"] == "周敏"


async def test_a_wrong_password_is_told_beside_the_form(stranger: httpx.AsyncClient, zhou: None) -> None:
    browser = Browser(stranger)
    await browser.open("/console/sign-in")

    page = await browser.press("登录", username="zhou", password="something else")

    assert page.status == 401
    assert "用户名或密码不正确" in page.words
    assert page.form("登录").values["username"] == "zhou"
    assert "something else" not in page.html


async def test_after_signing_in_one_comes_to_the_page_that_was_asked_for(
    stranger: httpx.AsyncClient, zhou: None
) -> None:
    browser = Browser(stranger)
    page = await browser.open("/console/pairings?all=true")
    assert page.path == "/console/sign-in"

    page = await browser.press("登录", username="zhou", password=PASSWORD)

    assert page.answer.url == "http://test/console/pairings?all=true"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/console/",
        "//evil.example/console/",
        "/\\evil.example",
        "/console/../../evil",
        "/console//evil.example",
        "/admin/v1/session",
        "javascript:alert(1)",
        "/console/home\r\nset-cookie: a=b",
        "/console/home\n",
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(
    stranger: httpx.AsyncClient, zhou: None, elsewhere: str
) -> None:
    answer = await stranger.post(
        "/console/sign-in", params={"next": elsewhere}, data={"username": "zhou", "password": PASSWORD}
    )
    form = await stranger.get("/console/sign-in", params={"next": elsewhere})

    assert own_path(elsewhere) == "/console/home"
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/home")
    assert "evil" not in form.text


@pytest.mark.parametrize(("method", "path"), GUARDED, ids=[f"{method} {path}" for method, path in GUARDED])
async def test_whoever_is_not_signed_in_is_sent_to_sign_in(
    stranger: httpx.AsyncClient, method: str, path: str
) -> None:
    path = re.sub(r"\{\w+_id\}", "1", path)
    path = path.replace("{kind}", "cadres").replace("{key}", "qingming").replace("{path:path}", "nowhere")
    form = {"kind": "cadres", "reason": "rotation", "beneficiary_id": "1", "cadre_id": "1", "name": "某人"}
    form |= {"relation": "other", "id_number": "1", "content_hash": "0" * 64}
    form = {name: value for name, value in form.items() if name in _fields_of(path)}
    files = {"file": ("a.xlsx", b"x")} if path == "/console/rosters" else None

    answer = await stranger.request(
        method, path, data=form if method == "POST" else None, files=files if method == "POST" else None
    )

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in")


def _fields_of(path: str) -> set[str]:
    fields = {
        "rosters": {"kind"},
        "lookup": {"id_number"},
        "guardians": {"name", "relation"},
        "pairings": {"beneficiary_id", "cadre_id"},
        "end": {"reason"},
        "change-cadre": {"cadre_id"},
        "approve": {"content_hash"},
    }
    return fields.get(path.rpartition("/")[2], set())


async def test_a_session_that_is_over_is_told_and_comes_back_to_the_page(
    signed_in: SignedIn, clock: FixedClock
) -> None:
    browser = await signed_in()
    await browser.open("/console/campaigns")

    clock.advance(timedelta(minutes=31))
    page = await browser.open("/console/festivals")

    assert page.path == "/console/sign-in"
    assert "登录已过期" in page.words
    assert page.answer.url.params["next"] == "/console/festivals"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=["origin", "hidden origin", "cross site", "same site"],
)
async def test_a_form_on_another_sites_page_is_refused(
    signed_in: SignedIn, zhou: None, headers: dict[str, str]
) -> None:
    browser = await signed_in()
    client = browser._client

    marked = await client.post("/console/festivals/qingming/automatic", data={}, headers=headers)
    signed_out = await client.post("/console/sign-out", headers=headers)
    signed_in_as_other = await client.post(
        "/console/sign-in", data={"username": "zhou", "password": PASSWORD}, headers=headers
    )

    assert [marked.status_code, signed_out.status_code, signed_in_as_other.status_code] == [403, 403, 403]
    assert "请求不是从本系统页面发出的" in marked.text
    assert "set-cookie" not in signed_in_as_other.headers
    assert "待确认" not in (await browser.open("/console/festivals")).words


async def test_an_auditor_reads_and_an_unseen_button_pressed_by_hand_is_refused(signed_in: SignedIn) -> None:
    browser = await signed_in(role=StaffRole.AUDITOR)

    page = await browser.open("/console/festivals")
    refused = await browser._client.post("/console/festivals/qingming/automatic", data={})

    assert not page.has_button("设为每年自动")
    assert refused.status_code == 403
    assert "需要“办理”权限" in refused.text
