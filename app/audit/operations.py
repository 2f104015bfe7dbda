"""Writing the trail, sealing it, and checking the seal."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from app.audit.enums import ActorKind
from app.audit.models import AuditEntry, AuditHead
from app.core import sql
from app.core.crypto import keyring

_HEAD_ID = 1
_GENESIS = "0" * 64
_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, as the trail names him."""

    kind: ActorKind
    id: int | None = None


SYSTEM = Actor(kind=ActorKind.SYSTEM)


async def record(  # noqa: PLR0913 - the columns of the trail
    *,
    actor: Actor,
    action: str,
    object_kind: str,
    object_id: int | str,
    now: datetime,
    region_code: str = "",
    detail: str = "",
) -> None:
    """Write one deed into the trail, in the transaction of the caller.

    Args:
        actor: who did it.
        action: dotted fact, `pairing.started`.
        object_kind: what it was done to, `pairing`.
        object_id: which one.
        now: when.
        region_code: whose region it concerns.
        detail: ids and codes that explain it; never a name, number or address.
    """
    await AuditEntry.create(
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        object_kind=object_kind,
        object_id=str(object_id),
        region_code=region_code,
        detail=detail,
    )


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One of many deeds that are recorded together; the words are those of `record`."""

    action: str
    object_kind: str
    object_id: int | str
    region_code: str = ""
    detail: str = ""


async def record_all(*, actor: Actor, deeds: Iterable[Deed], now: datetime) -> None:
    """Write many deeds of one actor into the trail in few statements, in the transaction of the caller."""
    await AuditEntry.bulk_create(
        [
            AuditEntry(
                at=now,
                actor_kind=actor.kind,
                actor_id=actor.id,
                action=deed.action,
                object_kind=deed.object_kind,
                object_id=str(deed.object_id),
                region_code=deed.region_code,
                detail=deed.detail,
            )
            for deed in deeds
        ],
        batch_size=_BATCH,
    )


async def seal(*, limit: int = _BATCH) -> int:
    """Chain the deeds that are not chained yet, oldest first, and return how many there were.

    One sealer holds the head's row lock; a deed that commits later simply gets a later number.
    """

    async def once() -> int:
        async with in_transaction():
            return await _seal(limit)

    # Sealers that start at once may be each other's deadlock.
    return await sql.retrying(once)


async def _seal(limit: int) -> int:
    head = await AuditHead.select_for_update().get_or_none(id=_HEAD_ID)
    if head is None:
        await sql.execute(
            f"{sql.insert_or_ignore()} INTO audit_head (id, seq, digest) VALUES (%s, %s, %s)",
            (_HEAD_ID, 0, _GENESIS),
        )
        head = await AuditHead.select_for_update().get(id=_HEAD_ID)
    entries = await AuditEntry.filter(seq=None).order_by("id").limit(limit)
    for entry in entries:
        head.seq += 1
        head.digest = _digest(head.digest, head.seq, entry)
        entry.seq, entry.digest = head.seq, head.digest
    if entries:
        await AuditEntry.bulk_update(entries, fields=["seq", "digest"])
        await head.save(update_fields=["seq", "digest"])
    return len(entries)


async def first_broken_link() -> str | None:
    """Walk the whole chain and return a sentence about the first break, or None when it is whole."""
    digest, expected = _GENESIS, 0
    while True:
        entries = await AuditEntry.filter(seq__gt=expected).order_by("seq").limit(_BATCH)
        if not entries:
            break
        for entry in entries:
            expected += 1
            if entry.seq != expected:
                return f"缺少第 {expected} 条"
            digest = _digest(digest, expected, entry)
            if digest != entry.digest:
                return f"第 {expected} 条被改动"
    head = await AuditHead.get_or_none(id=_HEAD_ID)
    if head is not None and head.seq != expected:
        return f"末尾缺少 {head.seq - expected} 条"
    return None


def _digest(previous: str, seq: int, entry: AuditEntry) -> str:
    facts = (
        previous, str(seq), str(entry.id), entry.at.isoformat(), entry.actor_kind.value, str(entry.actor_id),
        entry.action, entry.object_kind, entry.object_id, entry.region_code, entry.detail,
    )  # fmt: skip
    return hmac.new(keyring().chain_key, "\0".join(facts).encode(), hashlib.sha256).hexdigest()
