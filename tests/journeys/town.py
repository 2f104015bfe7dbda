"""A town in one process: the product over real HTTP, our own WeChat, the worker's loops, one moved clock."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx
import uvicorn
from openpyxl import load_workbook

from app.accounts.enums import StaffRole
from app.accounts.operations import create_staff
from app.bootstrap import Services, open_wechat
from app.core.queue import LocalBus
from app.core.settings import Settings
from app.main import create_app
from app.orgs.operations import plant_tree
from sandbox.main import RunningSandbox, serve
from tests.fakes.clock import FixedClock
from workers.demo import listen, sandbox_config
from workers.jobs import resident_loops

PASSWORD = "城南大槐树下的约定2026年"
AWAY = timedelta(minutes=20)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class Town:
    """What a story needs: the console, phones, and time.

    `say`, `scan` and the like do what a person does in WeChat and return what his phone then shows.
    """

    services: Services
    clock: FixedClock
    sandbox: RunningSandbox
    http: httpx.AsyncClient
    wechat: httpx.AsyncClient

    def move_to(self, moment: datetime) -> None:
        """Let time pass, here and at WeChat."""
        self.clock.moment = moment
        self.sandbox.world.clock.offset = moment.timestamp() - time.time()

    def pass_by(self, step: timedelta) -> None:
        self.move_to(self.clock.moment + step)

    async def work(self) -> None:
        """Run the worker's loops until nothing is left to do, and let WeChat's events arrive."""
        loops = resident_loops(self.services)
        for _ in range(20):
            done = [await loop.step(self.clock.now()) for loop in loops]
            settled = await self.wechat.post("/_sandbox/settle")
            assert settled.json() == {"settled": True}
            if not any(done):
                return
        raise AssertionError("the loops do not come to rest")

    async def admin(self, username: str, *, org_code: str) -> "Browser":
        """Give somebody an account, and sign him in as he would."""
        await create_staff(
            username=username, display_name=username, password=PASSWORD, org_code=org_code,
            role=StaffRole.ADMIN, now=self.clock.now(),
        )  # fmt: skip
        return Browser(self, username)

    async def phone(self, person: str, *, number: str) -> "Phone":
        """Hand somebody a phone with WeChat on it."""
        made = await self.wechat.post("/_sandbox/users", json={"id": person, "name": person, "phone": number})
        assert made.status_code == 201, made.text
        return Phone(self, person)

    async def delivered(self, *, by: str = "data") -> list[dict[str, Any]]:
        """Return what people really saw: openid, content, how often."""
        answer = await self.wechat.get("/_sandbox/deliveries", params={"by": by})
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows


@dataclass
class Browser:
    """A member of staff, who signs in again when he has been away."""

    town: Town
    username: str
    token: str = ""
    signed_in_at: datetime | None = None

    async def send(self, method: str, path: str, **what: Any) -> httpx.Response:
        now = self.town.clock.now()
        if self.signed_in_at is None or now - self.signed_in_at > AWAY:
            account = {"username": self.username, "password": PASSWORD}
            answer = await self.town.http.post("/admin/v1/session", json=account)
            assert answer.status_code == 200, answer.text
            self.token, self.signed_in_at = answer.json()["token"], now
        headers = {"authorization": f"Bearer {self.token}"}
        return await self.town.http.request(method, f"/admin/v1{path}", headers=headers, **what)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.send("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self.send("POST", path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def fill_template(self, kind: str, rows: list[dict[str, str]]) -> bytes:
        """Download the template and type rows into it, by its own headers."""
        answer = await self.send("GET", f"/imports/templates/{kind}")
        assert answer.status_code == 200, answer.text
        book = load_workbook(BytesIO(answer.content))
        sheet = book.worksheets[0]
        headers = {str(cell.value).rstrip("*"): column for column, cell in enumerate(sheet[1], start=1)}
        for number, row in enumerate(rows, start=2):
            for header, text in row.items():
                sheet.cell(row=number, column=headers[header], value=text)
        filled = BytesIO()
        book.save(filled)
        return filled.getvalue()

    async def upload(self, kind: str, content: bytes, *, status: int = 201) -> Any:
        files = {"file": (f"{kind}.xlsx", content, XLSX)}
        answer = await self.send("POST", f"/imports?kind={kind}", files=files)
        assert answer.status_code == status, answer.text
        return answer.json()


@dataclass
class Phone:
    """One person's WeChat, with our mini program on it."""

    town: Town
    person: str
    headers: dict[str, str] | None = None

    async def do(self, act: str, body: Any = None) -> Any:
        """Do something in WeChat: follow, scan, say, subscriptions…"""
        answer = await self.town.wechat.post(f"/_sandbox/users/{self.person}/{act}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def open_mini_program(self) -> str:
        """Sign in, and return the role."""
        code = (await self.do("login-code"))["code"]
        answer = await self.town.http.post("/mini/v1/session", json={"code": code})
        assert answer.status_code == 200, answer.text
        self.headers = {"authorization": f"Bearer {answer.json()['token']}"}
        return str(answer.json()["role"])

    async def show_number(self) -> httpx.Response:
        """Tap the button that shows us the phone number."""
        code = (await self.do("phone-code"))["code"]
        return await self.send("POST", "/mini/v1/session/phone", {"code": code})

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.town.http.request(method, path, json=body, headers=self.headers)

    async def allow(self, template_id: str) -> None:
        """Tap “允许” in the popup; the mini program then tells us."""
        await self.do("subscriptions", {"template_id": template_id, "answer": "accept"})
        answer = await self.send("POST", "/mini/v1/subscriptions", {"results": {template_id: "accept"}})
        assert answer.status_code == 200, answer.text

    async def reads(self) -> list[str]:
        """Return everything this phone shows, as text, oldest first."""
        answer = await self.town.wechat.get(f"/_sandbox/users/{self.person}/messages")
        return [str(entry) for entry in answer.json()]


@contextlib.asynccontextmanager
async def open_town(settings: Settings, *, now: datetime) -> AsyncIterator[Town]:
    """Start product and WeChat on free ports, with the tree of federations planted."""
    clock = FixedClock(now.astimezone(UTC))
    listener = listen("127.0.0.1", 0)
    # Faster than WeChat would like, so that a story does not wait.
    send = settings.send.model_copy(update={"rate_per_second": 1000.0})
    settings = settings.model_copy(update={"port": listener.getsockname()[1], "send": send})
    async with serve(sandbox_config(settings, people=(), data=None)) as sandbox:
        wechat = settings.wechat.model_copy(update={"api_base": sandbox.base_url})
        settings = settings.model_copy(update={"wechat": wechat})
        gateway = open_wechat(settings)
        services = Services(settings=settings, clock=clock, wechat=gateway, bus=LocalBus())
        try:
            async with (
                _serving(services, listener),
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{settings.port}", trust_env=False, timeout=30
                ) as http,
                httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False, timeout=60) as control,
            ):
                await plant_tree()
                town = Town(services, clock, sandbox, http, control)
                town.move_to(clock.moment)
                yield town
        finally:
            await gateway.close()


@contextlib.asynccontextmanager
async def _serving(services: Services, listener: Any) -> AsyncIterator[None]:
    app = create_app(services.settings, services=services)
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, lifespan="off"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await _until(lambda: server.started or task.done())
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)
