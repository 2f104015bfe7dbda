"""One tap, one record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.contacts.operations.writing import Entry, write
from app.contacts.queries import ContactRecord, recorded_tap
from app.contacts.rules import Tap, canonical_content, moment_of, moment_refusal
from app.core import sql
from app.core.clock import china_date
from app.core.crypto import keyring
from app.core.errors import Conflict, Invalid
from app.core.grouping import Group
from app.pairing.queries import PairingNotFound, PairingNotInForce, own_pairing_on, pairings_by_id

# Enough for every deadlock seen in tests; a phone asks again by itself after that.
_ATTEMPTS = 4
# Beyond this a longer statement saves no more, and one bad tap sends fewer others their own way.
_LARGEST_GROUP = 64
# By connection, and a transaction of the caller's is one of its own: nobody else's tap can get into it.
_GROUPS: WeakKeyDictionary[BaseDBAsyncClient, Group[Entry, ContactRecord]] = WeakKeyDictionary()


class ContactMomentWrong(Invalid):
    code = "contacts.moment_wrong"
    title = "联系时间不能用"


class ClientIdReused(Conflict):
    code = "contacts.client_id_reused"
    title = "这个编号已用于另一条联系记录"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a tap came to; `is_new` is False when the same tap had arrived before."""

    record: ContactRecord
    is_new: bool


async def record_contact(*, scope: Scope, tap: Tap, now: datetime) -> Recorded:
    """Record that a cadre contacted, visited or tried to reach one of his people.

    The record belongs to the pairing in force on its day in Shanghai. The same tap sent again, at once from
    two places or days later, leaves one record and gets the same answer. Taps that arrive together share a
    transaction; inside a transaction of the caller's, a tap joins that one instead.

    Args:
        scope: the cadre who calls.
        tap: what his phone sent.
        now: the present moment.

    Raises:
        PairingNotFound: it is not his pairing.
        PairingNotInForce: he did not accompany this person that day.
        ContactMomentWrong: in the future, or more than 60 days ago.
        ClientIdReused: the phone used this id for other content before.
    """
    content_hash = keyring().blind_index(canonical_content(tap), label="contact.content")
    try:
        entry = _entry(scope, tap, content_hash=content_hash, now=now)

        async def alone() -> ContactRecord:
            async with in_transaction():
                return await _record(entry, scope=scope)

        record = await _record_in_group(entry)
        if record is None:
            record = await sql.retrying(alone, attempts=_ATTEMPTS)
        return Recorded(record, is_new=True)
    except (IntegrityError, ContactMomentWrong, PairingNotFound, PairingNotInForce):
        # A tap that succeeded before succeeds again, whatever has become of the pairing since.
        before = await recorded_tap(scope=scope, client_id=tap.client_id)
        if before is None:
            raise
        if before.content_hash != content_hash:
            raise ClientIdReused from None
        return Recorded(before.record, is_new=False)


def _entry(scope: Scope, tap: Tap, *, content_hash: str, now: datetime) -> Entry:
    refusal = moment_refusal(tap, now=now)
    if refusal is not None:
        raise ContactMomentWrong(refusal)
    occurred_at = moment_of(tap, now=now)
    occurred_on = china_date(occurred_at)
    return Entry(
        cadre_id=scope.cadre_id or 0,
        tap=tap,
        content_hash=content_hash,
        occurred_at=occurred_at,
        occurred_on=occurred_on,
        recorded_at=now,
        is_late=occurred_on < china_date(now),
    )


async def _record(entry: Entry, *, scope: Scope) -> ContactRecord:
    pairing = await own_pairing_on(scope=scope, pairing_id=entry.tap.pairing_id, on=entry.occurred_on)
    (record,) = await write([(entry, pairing)])
    return record


async def _record_in_group(entry: Entry) -> ContactRecord | None:
    connection = get_connections().get("default")
    group = _GROUPS.get(connection)
    if group is None:
        group = _GROUPS[connection] = Group(_record_several, largest=_LARGEST_GROUP)
    return await group.join(entry)


async def _record_several(take: Callable[[], Sequence[Entry]]) -> list[ContactRecord | None]:
    """Record in one transaction the taps that need no second look; the others go alone."""
    async with in_transaction():
        entries = take()
        pairings = await pairings_by_id(pairing_ids={entry.tap.pairing_id for entry in entries})
        plain = {
            (entry.cadre_id, entry.tap.client_id): (entry, pairing)
            for entry in reversed(entries)
            if (pairing := pairings.get(entry.tap.pairing_id)) is not None
            and pairing.cadre_id == entry.cadre_id
            and pairing.period.covers(entry.occurred_on)
        }
        records = dict(zip(plain, await write(list(plain.values())), strict=True)) if plain else {}
    # Of one tap that came twice at once, the first is in; the other goes alone and finds it.
    return [
        records.pop(key) if (key := (entry.cadre_id, entry.tap.client_id)) in records else None
        for entry in entries
    ]
