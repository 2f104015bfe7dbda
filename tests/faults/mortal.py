"""A worker that dies between two awaits: at its n-th touch of the database or of WeChat, before or after it.

Whatever runs inside `living` counts its touches in the driver, where every statement of the ORM and of
`app.core.sql` passes. From the moment of its death nothing it does reaches the database or WeChat any more,
as when the process had been killed; only what a dead connection causes by itself, the rollback, happens.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiomysql.connection
import aiosqlite
import pytest

_TOUCHES = {
    aiosqlite.Connection: ("execute", "executemany", "execute_fetchall", "execute_insert", "commit"),
    aiomysql.connection.Connection: ("query", "begin", "commit"),
}


class Crash(BaseException):
    """The process is gone; nothing in the product may catch this."""


@dataclass
class Life:
    """One process; a touch has two points, before it and after it.

    Args:
        dies_at: number of the point where it ends, counted from 1; None lives on.
    """

    dies_at: int | None = None
    points: int = 0
    is_over: bool = False

    def pass_point(self) -> None:
        if not self.is_over:
            self.points += 1
            self.is_over = self.points == self.dies_at
        if self.is_over:
            raise Crash


_life: ContextVar[Life | None] = ContextVar("life", default=None)


def pass_point() -> None:
    """Say that something outside the process is about to change, or has just changed."""
    life = _life.get()
    if life is not None:
        life.pass_point()


def _mortal(touch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def touched(*args: Any, **kwargs: Any) -> Any:
        pass_point()
        result = await touch(*args, **kwargs)
        pass_point()
        return result

    return touched


@contextmanager
def mortal_drivers() -> Iterator[None]:
    """Make both drivers count, until the context ends."""
    with pytest.MonkeyPatch.context() as patch:
        for connection, names in _TOUCHES.items():
            for name in names:
                patch.setattr(connection, name, _mortal(getattr(connection, name)))
        yield


async def living(life: Life, work: Callable[[], Awaitable[Any]]) -> bool:
    """Run some work of this process, and return whether it lived to the end of it."""
    token = _life.set(life)
    try:
        await work()
    except BaseException:
        if not life.is_over:
            raise
    finally:
        _life.reset(token)
    return not life.is_over
