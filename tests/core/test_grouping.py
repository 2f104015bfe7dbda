"""Who shares a transaction with whom, and what happens when somebody leaves in the middle."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from app.core.grouping import Group

Take = Callable[[], Sequence[int]]


class Table:
    """Commits what it takes, when the test lets it; answers each number with its double."""

    def __init__(self) -> None:
        self.commits: list[list[int]] = []
        self.refuses: set[int] = set()
        self.open = asyncio.Event()

    async def commit(self, take: Take) -> list[int | None]:
        items = list(take())
        await self.open.wait()
        if self.refuses & set(items):
            raise LookupError(items)
        self.commits.append(items)
        return [None if item < 0 else 2 * item for item in items]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def table() -> Table:
    return Table()


async def test_whoever_comes_alone_commits_at_once(table: Table) -> None:
    table.open.set()
    group = Group(table.commit, largest=8)

    assert await group.join(1) == 2
    assert await group.join(2) == 4
    assert table.commits == [[1], [2]]


async def test_those_who_come_meanwhile_share_the_next_one(table: Table) -> None:
    group = Group(table.commit, largest=8)
    first = asyncio.ensure_future(group.join(1))
    await settle()
    others = [asyncio.ensure_future(group.join(number)) for number in (2, 3, 4)]
    await settle()

    table.open.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert table.commits == [[1], [2, 3, 4]]


async def test_a_group_has_a_largest_size(table: Table) -> None:
    group = Group(table.commit, largest=2)
    waiting = [asyncio.ensure_future(group.join(number)) for number in range(1, 6)]
    await settle()

    table.open.set()

    assert await asyncio.gather(*waiting) == [2, 4, 6, 8, 10]
    assert max(len(commit) for commit in table.commits) == 2


async def test_who_is_left_out_goes_alone(table: Table) -> None:
    group = Group(table.commit, largest=8)
    waiting = [asyncio.ensure_future(group.join(number)) for number in (1, -2, 3)]
    await settle()

    table.open.set()

    assert await asyncio.gather(*waiting) == [2, None, 6]


async def test_one_who_cannot_commit_sends_his_whole_group_alone_and_nobody_after(table: Table) -> None:
    group = Group(table.commit, largest=8)
    first = asyncio.ensure_future(group.join(1))
    await settle()
    second = [asyncio.ensure_future(group.join(number)) for number in (2, 3)]
    await settle()
    table.refuses = {3}

    table.open.set()

    assert await first == 2
    assert await asyncio.gather(*second) == [None, None]
    assert await group.join(4) == 8


async def test_a_leader_who_leaves_sends_his_group_alone_and_the_next_one_leads(table: Table) -> None:
    group = Group(table.commit, largest=1)
    leader = asyncio.ensure_future(group.join(1))
    await settle()
    next_one = asyncio.ensure_future(group.join(2))
    await settle()

    leader.cancel()
    await settle()
    table.open.set()

    with pytest.raises(asyncio.CancelledError):
        await leader
    assert await next_one == 4


async def test_one_who_leaves_while_waiting_is_not_written(table: Table) -> None:
    group = Group(table.commit, largest=8)
    waiting = [asyncio.ensure_future(group.join(number)) for number in (1, 2, 3)]
    await settle()
    second = asyncio.ensure_future(group.join(4))
    third = asyncio.ensure_future(group.join(5))
    await settle()

    second.cancel()
    await settle()
    table.open.set()

    assert await asyncio.gather(*waiting, third) == [2, 4, 6, 10]
    assert 4 not in [item for commit in table.commits for item in commit]


async def test_the_lead_passes_on_when_the_one_called_has_just_left(table: Table) -> None:
    group = Group(table.commit, largest=2)
    busy = asyncio.ensure_future(group.join(0))
    await settle()
    called: list[asyncio.Future[int | None]] = []

    async def join_and_stop_the_next() -> None:
        # His answer arrives in the same breath in which the next one is called to lead.
        await group.join(2)
        called[0].cancel()

    leader = asyncio.ensure_future(group.join(1))
    stopper = asyncio.ensure_future(join_and_stop_the_next())
    await settle()
    called.append(asyncio.ensure_future(group.join(3)))
    last = asyncio.ensure_future(group.join(4))
    await settle()
    table.open.set()

    await asyncio.gather(busy, leader, stopper)
    async with asyncio.timeout(5):
        assert await last == 8
    assert called[0].cancelled()
