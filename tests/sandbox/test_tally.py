"""The judge: exact counts, with entries or without."""

import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.main import serve
from sandbox.tally import Tally
from tests.sandbox.api import Api
from tests.sandbox.cast import config


@contextlib.asynccontextmanager
async def session(**settings: Any) -> AsyncIterator[Api]:
    async with (
        serve(config(**settings)) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http,
    ):
        yield Api(http)


async def test_counters_alone_are_exact_and_no_entry_is_kept() -> None:
    async with session(ledger_keep=0, tally=["data.thing1", "client_msg_id"]) as api:
        for text, key in (("甲政策", "m-1"), ("甲政策", "m-1"), ("甲政策", "m-2"), ("乙政策", "m-3")):
            await api.policy(text=text, client_msg_id=key)

        by_text = await api.deliveries(by="data.thing1", detail="keys")
        by_id = await api.deliveries(by="client_msg_id", detail="totals")
        entries = await api.get("/_sandbox/ledger")

    assert (by_text["total"], by_text["doubled"], by_text["surplus"]) == (3, 1, 1)
    assert by_text["by_key"] == [
        {"key": "甲政策", "total": 2, "people": 1, "doubled": 1},
        {"key": "乙政策", "total": 1, "people": 1, "doubled": 0},
    ]
    assert by_id == {"total": 3, "keyless": 0, "keys": 3, "doubled": 0, "surplus": 0}
    assert (entries["entries"], entries["complete"]) == ([], False)


async def test_a_count_that_would_be_wrong_is_refused() -> None:
    async with session(ledger_keep=5, tally=["data"]) as api:
        for turn in range(6):
            await api.policy(text=f"第{turn}条")

        exact = await api.deliveries(by="data", detail="totals")
        unknown = await api.http.get("/_sandbox/deliveries", params={"by": "msgid"})
        recent = await api.http.get(
            "/_sandbox/deliveries", params={"by": "msgid", "after": await last(api) - 4}
        )

    assert exact["total"] == 6
    assert unknown.status_code == 409
    assert recent.json()["total"] == 2


async def last(api: Api) -> int:
    return int((await api.get("/_sandbox/ledger"))["last_seq"])


async def test_counters_find_their_way_back_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    async with session(ledger_path=path, ledger_keep=0) as api:
        await api.policy(text="甲政策")
        await api.do("reset")
        api.tokens.clear()
        await api.policy(text="甲政策")

    async with session(ledger_path=path, ledger_keep=0) as api:
        await api.policy(text="甲政策")
        kept = await api.deliveries()
        counted = await api.deliveries(by="msgid")

    assert (kept["total"], kept["doubled"]) == (2, 1)
    assert (counted["total"], counted["doubled"]) == (2, 0)


async def test_a_reset_begins_the_counts_again(api: Api) -> None:
    await api.policy()

    await api.do("reset")

    assert (await api.deliveries(detail="totals"))["total"] == 0
    assert await api.get("/_sandbox/calls") == {}


async def test_messages_without_the_key_are_told_apart(api: Api) -> None:
    await api.policy(text="甲政策", client_msg_id="m-1")
    await api.policy(text="乙政策")
    await api.policy(text="丙政策")

    seen = await api.deliveries(by="client_msg_id")

    assert (seen["total"], seen["keyless"], seen["doubled"]) == (3, 2, 0)
    assert [row["key"] for row in seen["rows"]] == ["m-1"]


async def test_only_what_was_doubled_can_be_asked_for(api: Api) -> None:
    for text in ("甲政策", "乙政策", "乙政策", "丙政策"):
        await api.policy(text=text)

    doubled = await api.deliveries(by="data.thing1", least=2)
    cut = await api.deliveries(by="data.thing1", detail="keys", limit=2)

    assert [(row["key"], row["count"]) for row in doubled["rows"]] == [("乙政策", 2)]
    assert (len(cut["by_key"]), cut["more"], cut["total"]) == (2, True, 4)
    assert not doubled["more"]


async def test_one_persons_messages_can_be_counted(api: Api) -> None:
    await api.do("users/stranger/follow")
    await api.policy("guardian")
    await api.policy("stranger")

    seen = await api.deliveries(openid=await api.openid("stranger", "official"))

    assert (seen["total"], len(seen["rows"])) == (1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_tally_counts_what_a_counter_of_everything_counts(seed: int) -> None:
    dice = random.Random(seed)
    entries = [
        {"openid": f"o{dice.randrange(40)}", "client_msg_id": f"m{dice.randrange(30)}"} for _ in range(600)
    ]
    pairs = Counter((entry["openid"], entry["client_msg_id"]) for entry in entries)

    tally = Tally.of(entries, by="client_msg_id")

    assert {(openid, key): count for openid, key, count in tally.rows()} == pairs
    assert tally.totals() == {
        "total": 600,
        "keyless": 0,
        "keys": len({key for _, key in pairs}),
        "doubled": sum(count > 1 for count in pairs.values()),
        "surplus": sum(count - 1 for count in pairs.values()),
    }
    assert sum(int(str(row["total"])) for row in tally.by_key()) == 600
