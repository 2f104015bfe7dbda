"""Binding by six digits: a cadre reads them out, the guardian types them to the service account.

A card with a QR code cannot be scanned by who holds only one phone, or does not see it. Six digits can be
guessed, so they live for ten minutes, and tries are counted before anything is compared.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.audit import operations as audit
from app.core import sql
from app.core.crypto import keyring
from app.core.errors import Conflict
from app.people.models import BindingPin, BindingTries, Guardian, Guardianship
from app.people.operations.binding import bind_follower
from app.people.operations.consenting import grant_policy_notices, record_of_guardian

log = structlog.get_logger()

PIN_LIFE = timedelta(minutes=10)
# What one follower may type before he has to wait, and for how long after the first of them.
MOST_TRIES = 5
TRIES_KEPT = timedelta(minutes=30)
# Wrong digits of all followers together: with twenty codes alive, ten minutes of guessing by any number of
# people find one with a chance of 0.2 %. A card is bound all the same meanwhile.
MOST_WRONG = 100
WRONG_KEPT = timedelta(minutes=10)

_PINS = 10**6
_DRAWS = 20
_GUARDIANS_OF_ONE = 5
_FORGOTTEN_AT_ONCE = 1000


class NoGuardian(Conflict):
    code = "people.no_guardian"
    title = "还没有登记监护人，请联系县残联登记"


class NoPinFree(Conflict):
    code = "people.no_pin_free"
    title = "暂时没有可用的绑定码，请过几分钟再试"


class PinRefused(Conflict):
    code = "people.pin_refused"
    title = "绑定码不对，或者已经过期"


class TooManyTries(Conflict):
    code = "people.too_many_tries"
    title = "输错的次数太多，请半小时后再试"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPin:
    """Six digits, shown this once, for whom, and until when they may be typed."""

    guardian: Guardian
    guardianship: Guardianship
    pin: str = field(repr=False)
    expires_at: datetime


async def issue_pins(*, beneficiary_id: int, actor: audit.Actor, now: datetime) -> list[IssuedPin]:
    """Make six digits for each guardian of a beneficiary, at most five; those made before stop working.

    Args:
        beneficiary_id: found within the caller's own families.
        actor: the cadre.
        now: when.

    Raises:
        NoGuardian: nobody looks after this person, as far as we know.
        NoPinFree: too many codes are alive at once.
    """
    expires_at = now + PIN_LIFE
    issued = []
    async with in_transaction():
        kept = (
            await Guardianship.filter(beneficiary_id=beneficiary_id)
            .order_by("id")
            .limit(_GUARDIANS_OF_ONE)
            .prefetch_related("guardian")
        )
        if not kept:
            raise NoGuardian
        # Few guardians.
        for one in kept:
            await BindingPin.filter(guardian_id=one.guardian_id).delete()
            pin = await _draw(one.guardian_id, expires_at=expires_at, now=now)
            issued.append(IssuedPin(guardian=one.guardian, guardianship=one, pin=pin, expires_at=expires_at))
            await audit.record(
                actor=actor, action="binding_pin.issued", object_kind="guardian", object_id=one.guardian_id,
                now=now, region_code=one.guardian.region_code,
            )  # fmt: skip
    return issued


async def _draw(guardian_id: int, *, expires_at: datetime, now: datetime) -> str:
    """Return six digits that nobody else was given within the last ten minutes."""
    for _ in range(_DRAWS):
        pin = f"{secrets.randbelow(_PINS):06d}"
        digest = _digest(pin)
        await BindingPin.filter(digest=digest, expires_at__lte=now).delete()
        added = await sql.execute(
            f"{sql.insert_or_ignore()} INTO binding_pin (digest, guardian_id, expires_at)"
            " VALUES (%s, %s, %s)",
            (digest, guardian_id, expires_at),
        )
        if added:
            return pin
    raise NoPinFree


async def bind_guardian_by_pin(*, pin: str, openid: str, evidence: str, now: datetime) -> Guardian:
    """Bind the follower who typed six digits to their guardian, and write down the consent that typing is.

    Typing them again in the same WeChat changes nothing and answers the same.

    Args:
        pin: six digits.
        openid: the follower, as the service account knows him.
        evidence: id of the push in which he wrote them.
        now: when he wrote them.

    Raises:
        PinRefused: nobody was given these digits, they were used, or ten minutes are over.
        TooManyTries: he typed five within half an hour, or all together typed too many wrong ones.
    """
    # A refusal is raised after the commit: the try stays counted.
    async with in_transaction():
        own = keyring().blind_index(openid, label="binding_tries")
        blocked = await _count(own, kept=TRIES_KEPT, now=now) > MOST_TRIES
        blocked = blocked or await _wrong_of_all(now=now) >= MOST_WRONG
        guardian = None if blocked else await _bind(pin, openid=openid, evidence=evidence, now=now)
        if guardian is not None:
            await BindingTries.filter(digest=own).delete()
        elif not blocked:
            await _count(_everybody(), kept=WRONG_KEPT, now=now)
    if blocked:
        raise TooManyTries
    if guardian is None:
        raise PinRefused
    return guardian


async def _bind(pin: str, *, openid: str, evidence: str, now: datetime) -> Guardian | None:
    known = await BindingPin.get_or_none(digest=_digest(pin), expires_at__gt=now)
    if known is None:
        return None
    guardian = await Guardian.select_for_update().get(id=known.guardian_id)
    used_now = await BindingPin.filter(id=known.id, used_at=None, expires_at__gt=now).update(used_at=now)
    identity, _ = await WeChatIdentity.get_or_create(
        app=WeChatApp.OFFICIAL, openid=openid, defaults={"created_at": now}
    )
    before = identity.guardian_id
    if not used_now:
        return guardian if before == guardian.id else None
    await bind_follower(identity, guardian)
    await grant_policy_notices(guardian, evidence=evidence, now=now)
    await record_of_guardian(
        guardian,
        action="guardian.bound",
        now=now,
        detail=f"pin:{known.id} identity:{identity.id} before:{before or 0}",
    )
    log.info("people.guardian.bound", guardian_id=guardian.id, identity_id=identity.id)
    return guardian


async def forget_pins(*, now: datetime) -> int:
    """Delete six digits and tries that are over, at most 1,000 of each, and return how many."""
    async with in_transaction():
        pins = BindingPin.filter(expires_at__lte=now).order_by("expires_at").limit(_FORGOTTEN_AT_ONCE)
        tries = BindingTries.filter(forgotten_at__lte=now).order_by("forgotten_at").limit(_FORGOTTEN_AT_ONCE)
        gone = [await rows.values_list("id", flat=True) for rows in (pins, tries)]
        for model, ids in zip((BindingPin, BindingTries), gone, strict=True):
            if ids:
                await model.filter(id__in=ids).delete()
    return sum(len(ids) for ids in gone)


async def _count(digest: str, *, kept: timedelta, now: datetime) -> int:
    """Count a try, and return how many there are since the first that is not forgotten."""
    if not await _one_more(digest, kept=kept, now=now):
        added = await sql.execute(
            f"{sql.insert_or_ignore()} INTO binding_tries (digest, tries, forgotten_at) VALUES (%s, %s, %s)",
            (digest, 1, now + kept),
        )
        if not added:
            # Somebody began the row a moment ago.
            await _one_more(digest, kept=kept, now=now)
    return (await BindingTries.get(digest=digest)).tries


async def _one_more(digest: str, *, kept: timedelta, now: datetime) -> int:
    # MySQL assigns from left to right: the first CASE still reads the old moment.
    return await sql.execute(
        "UPDATE binding_tries SET tries = CASE WHEN forgotten_at <= %s THEN 1 ELSE tries + 1 END,"
        " forgotten_at = CASE WHEN forgotten_at <= %s THEN %s ELSE forgotten_at END WHERE digest = %s",
        (now, now, now + kept, digest),
    )


async def _wrong_of_all(*, now: datetime) -> int:
    row = await BindingTries.get_or_none(digest=_everybody(), forgotten_at__gt=now)
    return row.tries if row is not None else 0


def _everybody() -> str:
    return keyring().blind_index("", label="binding_tries.wrong")


def _digest(pin: str) -> str:
    return keyring().blind_index(pin, label="binding_pin")
