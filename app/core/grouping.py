"""Group commit: whoever arrives while a transaction is on its way to the disk shares the next one.

There is no task behind it. The first to arrive leads: he opens a transaction, writes for all who wait by
then, and when he has his answer hands the lead to the first who came since. Who comes alone waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(eq=False, slots=True)
class _Seat(Generic[Item, Answer]):
    """One who waits; `called` turns True when he has to lead, False when his answer is there."""

    item: Item
    answer: Answer | None = None
    called: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Group(Generic[Item, Answer]):
    """Those of one process who share transactions.

    Args:
        commit: opens a transaction, calls what it is given to learn for which items, and returns an answer
            for each of them, None for those it left out; if it raises, nothing was written.
        largest: how many share one transaction at most.
    """

    def __init__(
        self,
        commit: Callable[[Callable[[], Sequence[Item]]], Awaitable[Sequence[Answer | None]]],
        *,
        largest: int,
    ) -> None:
        self._commit = commit
        self._largest = largest
        self._waiting: list[_Seat[Item, Answer]] = []
        self._is_led = False

    async def join(self, item: Item) -> Answer | None:
        """Return what became of an item in a shared transaction, or None when it has to go alone."""
        seat: _Seat[Item, Answer] = _Seat(item)
        self._waiting.append(seat)
        if not self._is_led:
            self._is_led = True
        elif not await self._is_called_to_lead(seat):
            return seat.answer
        return await self._lead(seat)

    async def _is_called_to_lead(self, seat: _Seat[Item, Answer]) -> bool:
        try:
            return await seat.called
        except asyncio.CancelledError:
            if seat in self._waiting:
                self._waiting.remove(seat)
            if not seat.called.cancelled() and seat.called.result():
                self._hand_over()
            raise

    async def _lead(self, seat: _Seat[Item, Answer]) -> Answer | None:
        seats: list[_Seat[Item, Answer]] = []

        def take() -> list[Item]:
            # Only now: whoever came while the leader waited for a connection comes along.
            seats.extend(self._waiting[: self._largest])
            del self._waiting[: self._largest]
            return [each.item for each in seats]

        try:
            answers = await self._commit(take)
            for each, answer in zip(seats, answers, strict=True):
                each.answer = answer
        except Exception as error:  # noqa: BLE001 - each meets its own error again, alone, and answers for it
            log.info("core.group.dissolved", size=len(seats), error=type(error).__name__)
        finally:
            if seat in self._waiting:
                self._waiting.remove(seat)
            for each in seats:
                if not each.called.done():
                    each.called.set_result(False)
            self._hand_over()
        return seat.answer

    def _hand_over(self) -> None:
        for seat in self._waiting:
            if not seat.called.done():
                seat.called.set_result(True)
                return
        self._is_led = False
