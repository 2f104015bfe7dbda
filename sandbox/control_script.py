"""The control API's script: trouble, limits, receipts, reviews, tokens, the clock."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import Field, ValidationError

from sandbox.config import AccountKey
from sandbox.control import Body, TheWorld
from sandbox.faults import Fault, FaultKind, Latency
from sandbox.limits import Limits
from sandbox.receipts import ReceiptScript
from sandbox.reviews import Verdict
from sandbox.world import World

router = APIRouter(prefix="/_sandbox")


class NewFault(Body):
    kind: FaultKind
    path: str = "*"
    errcode: int = -1
    errmsg: str | None = None
    status: int = Field(default=502, ge=200, le=599)
    seconds: float = Field(default=0.0, ge=0, le=600)
    jitter_s: float = Field(default=0.0, ge=0, le=600)
    openid: str | None = None
    count: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0


class Time(Body):
    advance_s: float = 0.0
    offset_s: float | None = None


class NewLatency(Body):
    ms: float = Field(ge=0, le=60_000)
    jitter_ms: float = Field(default=0.0, ge=0, le=60_000)
    seed: int = 0


class Whose(Body):
    account: AccountKey | None = None


class Some(Body):
    count: int | None = Field(default=None, ge=1)


class Judgement(Some):
    verdict: Verdict = "scripted"


@router.get("/faults")
async def list_faults(world: TheWorld) -> list[dict[str, Any]]:
    """The rules in force and how often each struck."""
    return [rule.shown() for rule in world.faults.rules]


@router.post("/faults", status_code=201)
async def add_faults(body: list[NewFault], world: TheWorld) -> list[dict[str, Any]]:
    """Add rules, asked in this order after those already there."""
    world.faults.rules.extend(Fault(**rule.model_dump()) for rule in body)
    return await list_faults(world)


@router.delete("/faults", status_code=204)
async def clear_faults(world: TheWorld) -> None:
    """No more trouble."""
    world.faults.rules.clear()


@router.post("/latency")
async def set_latency(body: NewLatency, world: TheWorld) -> dict[str, float]:
    """How long every API answer takes from now on, and up to how much longer."""
    world.latency = Latency(body.ms / 1000, body.jitter_ms / 1000, body.seed)
    return {"ms": body.ms, "jitter_ms": body.jitter_ms}


@router.get("/limits")
async def show_limits(world: TheWorld) -> Limits:
    """The limits in force."""
    return world.limits.rules


@router.post("/limits")
async def change_limits(body: dict[str, Any], world: TheWorld) -> Limits:
    """Put the limits of the body in force and leave the others; what was counted stays counted."""
    try:
        return world.limits.change(body)
    except ValidationError as error:
        raise HTTPException(422, error.errors(include_url=False, include_context=False)) from error


@router.delete("/limits")
async def clear_limits(world: TheWorld) -> Limits:
    """Only the published limits are left; what was counted stays counted."""
    world.limits.rules = Limits()
    return world.limits.rules


def _review(world: World) -> dict[str, int]:
    reviews = world.reviews
    return {"waiting": reviews.waiting, "passed": reviews.passed, "blocked": len(reviews.blocked)}


@router.get("/reviews")
async def show_reviews(world: TheWorld) -> dict[str, int]:
    """How many messages wait for their review, passed it, or were blocked."""
    return _review(world)


@router.post("/reviews/end")
async def end_reviews(body: Judgement, world: TheWorld) -> dict[str, int]:
    """End reviews now, as scripted or as told: `ended`, and what is left."""
    ended = world.reviews.release(body.count, verdict=body.verdict)
    return {"ended": ended, **_review(world)}


@router.get("/receipts")
async def show_receipts(world: TheWorld) -> dict[str, Any]:
    """The script of receipts, how many are held, and what became of the others."""
    receipts = world.receipts
    counts = {name: receipts.counts[name] for name in ("pushed", "dropped", "stray")}
    return {"script": receipts.script.model_dump(), "held": len(receipts.held), **counts}


@router.post("/receipts")
async def script_receipts(body: ReceiptScript, world: TheWorld) -> dict[str, Any]:
    """Replace the script of receipts; those already held stay held."""
    world.receipts.follow(body)
    return await show_receipts(world)


@router.post("/receipts/release")
async def release_receipts(body: Some, world: TheWorld) -> dict[str, int]:
    """Let the oldest `count` held receipts go, or all, in the order of the script."""
    return {"released": world.receipts.release(body.count), "held": len(world.receipts.held)}


@router.get("/clock")
async def show_clock(world: TheWorld) -> dict[str, float]:
    """What time it is here, seconds since 1970."""
    return {"now": world.clock.now(), "offset_s": world.clock.offset}


@router.post("/clock")
async def move_clock(body: Time, world: TheWorld) -> dict[str, float]:
    """Let time pass, or set the offset to real time; what has come due happens at once."""
    if body.offset_s is not None:
        world.clock.offset = body.offset_s
    world.clock.advance(body.advance_s)
    world.reviews.end_due()
    return await show_clock(world)


@router.post("/tokens/expire")
async def expire_tokens(body: Whose, world: TheWorld) -> dict[str, int]:
    """End the living access tokens of one account or of both: 42001."""
    account = world.account(body.account) if body.account else None
    return {"expired": world.tokens.expire(account, now=world.clock.now())}


@router.post("/tokens/kill")
async def kill_tokens(body: Whose, world: TheWorld) -> dict[str, int]:
    """Replace them out of band, as somebody else with the secret would: 40001."""
    account = world.account(body.account) if body.account else None
    return {"killed": world.tokens.kill_all(account, now=world.clock.now())}
