"""The trail and its seal."""

import asyncio

from app.audit import operations as audit
from app.audit.models import AuditEntry
from tests.conftest import NOW


async def write(count: int) -> None:
    for number in range(count):
        await audit.record(
            actor=audit.SYSTEM, action="test.done", object_kind="thing", object_id=number, now=NOW
        )
    while await audit.seal(limit=3):
        pass


async def test_a_sealed_trail_is_whole(db: None) -> None:
    await write(7)

    assert await audit.first_broken_link() is None
    assert [entry.seq for entry in await AuditEntry.all().order_by("seq")] == [1, 2, 3, 4, 5, 6, 7]


async def test_an_edited_deed_is_named(db: None) -> None:
    await write(5)

    await AuditEntry.filter(seq=3).update(action="test.never_happened")

    assert await audit.first_broken_link() == "第 3 条被改动"


async def test_a_deleted_deed_is_named(db: None) -> None:
    await write(5)

    await AuditEntry.filter(seq=2).delete()

    assert await audit.first_broken_link() == "缺少第 2 条"


async def test_a_cut_tail_is_named(db: None) -> None:
    await write(5)

    await AuditEntry.filter(seq__gte=4).delete()

    assert await audit.first_broken_link() == "末尾缺少 2 条"


async def test_sealing_again_does_nothing(db: None) -> None:
    await write(2)

    assert await audit.seal() == 0


async def test_workers_that_start_at_once_make_one_chain(db: None) -> None:
    await audit.record(actor=audit.SYSTEM, action="test.done", object_kind="thing", object_id=1, now=NOW)
    # Opens a connection for each, so that they really meet.
    await asyncio.gather(*[audit.first_broken_link() for _ in range(4)])

    sealed = await asyncio.gather(*[audit.seal() for _ in range(4)])

    assert sum(sealed) == 1
    assert await audit.first_broken_link() is None
