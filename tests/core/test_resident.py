"""Processes that stay."""

import asyncio
import gc
import sys
from collections.abc import Iterator

import pytest

from app.core.resident import run_resident


@pytest.fixture(autouse=True)
def own_collecting() -> Iterator[None]:
    """Give the other tests their collector back."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def name_of_loop() -> str:
    return type(asyncio.get_running_loop()).__module__


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for it")
def test_a_process_that_stays_runs_on_uvloop() -> None:
    assert run_resident(name_of_loop()).startswith("uvloop")


def test_without_uvloop_it_runs_on_the_loop_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert run_resident(name_of_loop()).startswith("asyncio")


def test_what_was_there_before_it_began_is_walked_no_more() -> None:
    async def count() -> int:
        return gc.get_freeze_count()

    before = gc.get_freeze_count()
    assert run_resident(count()) > before
    assert gc.get_threshold()[0] > 700
