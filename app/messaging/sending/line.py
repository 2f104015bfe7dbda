"""What waits to be taken by one of many tasks."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """Items in their order, for many takers; added a group at a time, which asyncio.Queue does one by one."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def extend(self, items: Sequence[T]) -> None:
        """Add items, and wake as many of those who wait."""
        self._items.extend(items)
        self._wake(len(items))

    def close(self) -> None:
        """Say that nothing more comes: takers get what is left, and then None."""
        self._closed = True
        self._wake(len(self._takers))

    async def take(self) -> T | None:
        """Return the next item, waiting for it; None when nothing more comes."""
        while not self._items:
            if self._closed:
                return None
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            await taker
        return self._items.popleft()

    def _wake(self, count: int) -> None:
        while count and self._takers:
            taker = self._takers.popleft()
            # One that was cancelled takes nothing.
            if not taker.done():
                taker.set_result(None)
                count -= 1
