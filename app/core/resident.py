"""How a process runs that stays for days: on uvloop where there is one, and without needless collecting."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# Python collects after every 700 new containers. A sender makes tens of thousands a second, nearly all of
# which end by themselves, and walking them over and over took a third of its time.
_YOUNG = 20_000
_MIDDLE = 20
_OLD = 50


def run_resident(work: Coroutine[Any, Any, T]) -> T:
    """Run the work of a process that stays, and return what it returns."""
    settle_memory()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def settle_memory() -> None:
    """Take what has been imported out of the collector's walks, and let it walk less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not to be had on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
