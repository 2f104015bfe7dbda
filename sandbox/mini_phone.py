"""The mini program on the phone page: a small stand-in that speaks the product's published HTTP contract."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import aiohttp
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.people import User
from sandbox.world import World

router = APIRouter(prefix="/_sandbox/mini")

_TIMEOUT_S = 10.0
_MAX_ANSWER = 1_048_576
#: wx.requestSubscribeMessage asks for five templates at most, and for one kind at a time.
_MOST_TEMPLATES = 5
_SILENT = {"status": 0, "body": {"title": "服务没有应答，请稍后再试"}}


@dataclass(slots=True)
class MiniPhones:
    """Speaks to the product for every phone, and keeps each person's session token."""

    world: World
    tokens: dict[str, str] = field(default_factory=dict)
    _http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S), trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()

    async def ask(self, user: User, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request of this person's mini program: HTTP status (0 for no answer) and the JSON body."""
        if self._http is None or not self.world.config.product_base:
            return dict(_SILENT)
        token = self.tokens.get(user.id)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = self.world.config.product_base.rstrip("/") + path
        try:
            async with self._http.request(
                method, url, json=body, headers=headers, allow_redirects=False
            ) as response:
                raw = await response.content.read(_MAX_ANSWER)
                while chunk := await response.content.read(_MAX_ANSWER):
                    raw += chunk
        except (aiohttp.ClientError, TimeoutError):
            return dict(_SILENT)
        return self._remember(user, response.status, raw)

    def _remember(self, user: User, status: int, raw: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(raw) if raw else {}
        except ValueError:
            return {"status": status, "body": {"title": "服务的应答无法读取"}}
        if isinstance(answer, dict) and isinstance(answer.get("token"), str):
            self.tokens[user.id] = answer.pop("token")
        return {"status": status, "body": answer}


def _phones(request: Request) -> MiniPhones:
    phones: MiniPhones = request.app.state.phones
    return phones


Phones = Annotated[MiniPhones, Depends(_phones)]


class Tap(BaseModel):
    """One tap on 记录联系; `remind` is whether this person lets the mini program send reminders."""

    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1, max_length=64)
    pairing_id: str | int
    remind: bool = True


@router.post("/{who}/open")
async def open_mini_program(who: str, phones: Phones) -> dict[str, Any]:
    """Open the mini program: wx.login, then a session with the product."""
    user = phones.world.user(who)
    code = phones.world.codes.make(user, "login", now=phones.world.clock.now())
    return await phones.ask(user, "POST", "/mini/v1/session", {"code": code})


@router.post("/{who}/bind")
async def bind_phone(who: str, phones: Phones) -> dict[str, Any]:
    """Tap the phone number button: the product finds the cadre in its roster."""
    user = phones.world.user(who)
    code = phones.world.codes.make(user, "phone", now=phones.world.clock.now())
    return await phones.ask(user, "POST", "/mini/v1/session/phone", {"code": code})


@router.get("/{who}/pairings")
async def pairings(who: str, phones: Phones) -> dict[str, Any]:
    """My people."""
    return await phones.ask(phones.world.user(who), "GET", "/mini/v1/pairings")


@router.post("/{who}/contacts")
async def record_contact(who: str, body: Tap, phones: Phones) -> dict[str, Any]:
    """The one tap: the subscription popup (answered without asking again), then the record itself."""
    user = phones.world.user(who)
    results = _answer_popup(phones.world, user, accepts=body.remind)
    if results:
        await phones.ask(user, "POST", "/mini/v1/subscriptions", {"results": results})
    record = {"client_id": body.client_id, "pairing_id": body.pairing_id}
    return await phones.ask(user, "POST", "/mini/v1/contacts", record)


@router.post("/{who}/contacts/{contact_id}/undo")
async def undo_contact(who: str, contact_id: str, phones: Phones) -> dict[str, Any]:
    """Take the record back."""
    return await phones.ask(phones.world.user(who), "POST", f"/mini/v1/contacts/{contact_id}/undo")


def _answer_popup(world: World, user: User, *, accepts: bool) -> dict[str, str]:
    one_time = [
        each for each in world.config.templates.values() if each.kind == "one_time" and each.account == "mini"
    ]
    templates = one_time[:_MOST_TEMPLATES]
    if templates:
        world.answer_popup(user, [(template, accepts) for template in templates])
    return {template.id: "accept" if accepts else "reject" for template in templates}
