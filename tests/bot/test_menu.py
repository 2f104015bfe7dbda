"""The menu: within WeChat's limits, and every entry is understood."""

import pytest

from app.bot.enums import PushKind
from app.bot.intents import intent_of_event
from app.bot.menu import MENU

ENTRIES = [(label, kind) for entries in MENU.values() for label, kind in entries.items()]


def test_it_has_as_many_entries_as_wechat_takes_and_short_names() -> None:
    assert 1 <= len(MENU) <= 3
    assert all(1 <= len(entries) <= 5 for entries in MENU.values())
    assert all(len(name.encode()) <= 16 for name in MENU)
    assert all(len(label.encode()) <= 60 for label, _ in ENTRIES)


@pytest.mark.parametrize(("label", "kind"), ENTRIES, ids=str)
def test_every_entry_is_understood_as_what_it_says(label: str, kind: PushKind) -> None:
    found = intent_of_event(event="CLICK", event_key=kind.value, scene=None)

    assert found is not None, label
    assert found.kind is kind


def test_whoever_stops_notices_finds_the_way_back_beside_it() -> None:
    together = [set(entries.values()) for entries in MENU.values()]

    assert any({PushKind.STOP, PushKind.RESUME} <= kinds for kinds in together)
