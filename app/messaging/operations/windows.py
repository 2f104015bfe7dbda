"""Who may be written to by 客服消息 until when, and how often: the windows that people open."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tortoise.transactions import in_transaction

from app.core import sql
from app.messaging.enums import WindowAct
from app.messaging.notices import DueMessage
from app.messaging.rules.channels import most_in_window, window_of

_FORGET_AT_ONCE = 5000
_MOST_OF = {act.value: most_in_window(act) for act in WindowAct}


async def open_window(*, openid: str, act: WindowAct, happened_at: datetime) -> None:
    """Note that somebody did something in the service account that lets us write to him for a while.

    The same act again renews its own window; an older one that is learned of late changes nothing. Joins the
    transaction of the caller.

    Args:
        openid: who, as the service account knows him.
        act: what he did.
        happened_at: when, by WeChat's clock.
    """
    messages, closes_at = window_of(act, happened_at=happened_at)
    renewed = await sql.execute(
        "UPDATE service_window SET remaining = %s, opened_at = %s, closes_at = %s"
        " WHERE openid = %s AND act = %s AND opened_at < %s",
        (messages, happened_at, closes_at, openid, act.value, happened_at),
    )
    if renewed:
        return
    # Not INSERT IGNORE: MySQL would answer with a warning that holds the openid.
    keep = (
        "ON CONFLICT (openid, act) DO NOTHING"
        if sql.is_sqlite()
        else "ON DUPLICATE KEY UPDATE openid = openid"
    )
    await sql.execute(
        "INSERT INTO service_window (openid, act, remaining, opened_at, closes_at)"
        f" VALUES (%s, %s, %s, %s, %s) {keep}",
        (openid, act.value, messages, happened_at, closes_at),
    )


async def close_windows(*, openids: Sequence[str]) -> None:
    """Close all windows of these people: they left, or WeChat says that nothing may be written any more.

    Joins the transaction of the caller.
    """
    if openids:
        await sql.execute(
            f"UPDATE service_window SET remaining = 0 WHERE openid IN ({sql.marks(len(openids))})",
            sorted(openids),
        )


async def take_windows(messages: Sequence[DueMessage], *, now: datetime) -> set[int]:
    """Take one message from the window that closes first, and return the ids of messages that have one.

    Joins the transaction of the caller.

    Args:
        messages: each to another person.
        now: when.
    """
    wanted = {message.openid: message.id for message in messages}
    chosen: dict[str, int] = {}
    for row in await _open_rows(list(wanted), now=now):
        if row["remaining"] > 0:
            chosen.setdefault(row["openid"], row["id"])
    await _change(chosen.values(), by=-1)
    return {wanted[openid] for openid in chosen}


async def give_windows_back(openids: Iterable[str], *, now: datetime) -> None:
    """Give back what was taken for messages that reached nobody, each to a window that still has room.

    Joins the transaction of the caller.
    """
    missing = Counter(openids)
    changes: Counter[int] = Counter()
    for row in await _open_rows(list(missing), now=now):
        room = min(missing[row["openid"]], _MOST_OF[row["act"]] - row["remaining"])
        if room > 0:
            missing[row["openid"]] -= room
            changes[row["id"]] += room
    # One statement per amount; a person hardly ever has two in one group.
    for amount in sorted(set(changes.values())):
        await _change([row_id for row_id, room in changes.items() if room == amount], by=amount)


async def forget_windows(*, now: datetime) -> int:
    """Delete windows that have closed, at most 5,000, and return how many."""
    async with in_transaction():
        rows = await sql.fetch(
            "SELECT id FROM service_window WHERE closes_at < %s ORDER BY closes_at LIMIT %s",
            (now, _FORGET_AT_ONCE),
        )
        if not rows:
            return 0
        ids = ", ".join(str(row["id"]) for row in rows)
        return await sql.execute(f"DELETE FROM service_window WHERE id IN ({ids}) AND closes_at < %s", (now,))


async def _open_rows(openids: Sequence[str], *, now: datetime) -> list[dict[str, Any]]:
    if not openids:
        return []
    return await sql.fetch(
        "SELECT id, openid, act, remaining FROM service_window"
        f" WHERE openid IN ({sql.marks(len(openids))}) AND closes_at > %s"
        " ORDER BY closes_at, id" + sql.for_update(),
        (*sorted(openids), now),
    )


async def _change(ids: Iterable[int], *, by: int) -> None:
    listed = ", ".join(str(one) for one in sorted(ids))
    if listed:
        await sql.execute(
            f"UPDATE service_window SET remaining = remaining + %s WHERE id IN ({listed})", (by,)
        )
