"""The control API under /_sandbox/: what people do."""

import asyncio
import itertools
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.config import AccountKey, Person
from sandbox.ledger import on_screen
from sandbox.world import World

router = APIRouter(prefix="/_sandbox")

_REPLY_WAIT_S = 30.0


def world_of(request: Request) -> World:
    """The world this application serves."""
    world: World = request.app.state.sandbox
    return world


TheWorld = Annotated[World, Depends(world_of)]


class Body(BaseModel):
    """A request body of the control API; unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class NewUser(Body):
    name: str = Field(min_length=1, max_length=40)
    phone: str = Field(default="", max_length=20)
    id: str | None = Field(default=None, max_length=40)
    follows: bool = False
    openids: dict[str, str] = {}


class Crowd(Body):
    count: int = Field(ge=1, le=200_000)
    follows: bool = True
    credits: dict[str, int] = {}


class Popup(Body):
    template_id: str
    answer: Literal["accept", "reject", "withdraw"] = "accept"
    times: int = Field(default=1, ge=1, le=10_000)


class Scene(Body):
    scene_str: str = Field(min_length=1, max_length=64)


class Words(Body):
    text: str = Field(min_length=1, max_length=2000)
    account: AccountKey = "official"


class Key(Body):
    key: str = Field(min_length=1, max_length=128)


async def _replied(pushed: "asyncio.Future[dict[str, Any] | None] | None") -> dict[str, Any]:
    """Wait for the product's answer to what a person just did."""
    if pushed is None:
        return {"pushed": False, "reply": None}
    try:
        return {"pushed": True, "reply": await asyncio.wait_for(pushed, _REPLY_WAIT_S)}
    except TimeoutError as error:
        raise HTTPException(504, "the push is still under way") from error


@router.post("/users", status_code=201)
async def create_user(body: NewUser, world: TheWorld) -> dict[str, object]:
    """Somebody new with a phone."""
    person_id = body.id or f"u{len(world.people.by_id) + 1}"
    person = Person(
        id=person_id, name=body.name, phone=body.phone, follows=body.follows, openids=body.openids
    )
    try:
        return world.admit(person).shown()
    except ValueError as error:
        raise HTTPException(409, str(error)) from error


@router.post("/crowd", status_code=201)
async def create_crowd(body: Crowd, world: TheWorld) -> dict[str, list[str]]:
    """Many people at once, each with the same credits: their openids per account, in one order."""
    templates = [(world.template(template_id), times) for template_id, times in body.credits.items()]
    first = len(world.people.by_id) + 1
    openids: dict[str, list[str]] = {key: [] for key in world.config.accounts}
    for number in range(first, first + body.count):
        user = world.admit(Person(id=f"u{number}", name=f"用户{number}", follows=body.follows))
        for key, openid in user.openids.items():
            openids[key].append(openid)
        for template, times in templates:
            world.grant(user, template, times=times)
    return openids


@router.get("/users")
async def list_users(
    world: TheWorld, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> list[dict[str, object]]:
    """The people, in the order they came."""
    return [user.shown() for user in itertools.islice(world.people, limit)]


@router.get("/users/{who}")
async def show_user(who: str, world: TheWorld) -> dict[str, object]:
    """One person with what they agreed to receive."""
    user = world.user(who)
    credits_left = {key: world.consents.of(openid) for key, openid in user.openids.items()}
    return {**user.shown(), "credits": credits_left}


@router.post("/users/{who}/login-code")
async def login_code(who: str, world: TheWorld) -> dict[str, str]:
    """The code wx.login gives the mini program."""
    return {"code": world.codes.make(world.user(who), "login", now=world.clock.now())}


@router.post("/users/{who}/phone-code")
async def phone_code(who: str, world: TheWorld) -> dict[str, str]:
    """The code the phone number button gives the mini program."""
    return {"code": world.codes.make(world.user(who), "phone", now=world.clock.now())}


@router.post("/users/{who}/subscriptions")
async def answer_popup(who: str, body: Popup, world: TheWorld) -> dict[str, dict[str, int]]:
    """Accept or reject a template in the popup, or switch it off in the settings; credits left."""
    user, template = world.user(who), world.template(body.template_id)
    if body.answer == "withdraw":
        world.withdraw(user, template)
        return {"credits": {template.id: 0}}
    return {"credits": world.answer_popup(user, [(template, body.answer == "accept")], times=body.times)}


@router.post("/users/{who}/follow")
async def follow(who: str, world: TheWorld) -> dict[str, Any]:
    """Follow the service account; the passive reply that was shown."""
    return await _replied(world.follow(world.user(who)))


@router.post("/users/{who}/unfollow")
async def unfollow(who: str, world: TheWorld) -> dict[str, Any]:
    """Leave the service account."""
    return await _replied(world.unfollow(world.user(who)))


@router.post("/users/{who}/scan")
async def scan(who: str, body: Scene, world: TheWorld) -> dict[str, Any]:
    """Scan a QR code of the service account."""
    return await _replied(world.scan(world.user(who), body.scene_str))


@router.post("/users/{who}/say")
async def say(who: str, body: Words, world: TheWorld) -> dict[str, Any]:
    """Write to an account; the passive reply that was shown."""
    return await _replied(world.say(world.user(who), body.text, account=body.account))


@router.post("/users/{who}/click")
async def click(who: str, body: Key, world: TheWorld) -> dict[str, Any]:
    """Tap a menu button of type click."""
    return await _replied(world.click(world.user(who), body.key))


@router.get("/users/{who}/messages")
async def seen(who: str, world: TheWorld, after: int = 0) -> list[dict[str, Any]]:
    """Everything this person's phone shows: what was said, what was received, oldest first."""
    mine = set(world.user(who).openids.values())
    return [
        entry
        for entry in world.ledger.entries(after=after)
        if entry.get("openid") in mine and on_screen(entry)
    ]


@router.post("/verify/{account}")
async def verify(account: str, world: TheWorld) -> dict[str, str]:
    """Verify the product's callback address the way the admin page does."""
    return {"result": await world.pusher.verify(world.account(account))}


@router.post("/settle")
async def settle(world: TheWorld, timeout_s: Annotated[float, Query(gt=0, le=120)] = 30.0) -> dict[str, bool]:
    """Wait until every push has been handed over or given up."""
    return {"settled": await world.pusher.settle(timeout_s=timeout_s)}


@router.post("/reset", status_code=204)
async def reset(world: TheWorld) -> None:
    """Begin again with the configured people."""
    world.reset()
