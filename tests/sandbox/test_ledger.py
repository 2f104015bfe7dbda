import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.main import create_sandbox, listen, serve
from sandbox.world import World
from tests.sandbox.api import Api
from tests.sandbox.cast import config


@contextlib.asynccontextmanager
async def session(path: Path) -> AsyncIterator[Api]:
    """Run one life of a sandbox that keeps its ledger in a file."""
    async with (
        serve(config(ledger_path=path)) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http,
    ):
        yield Api(http)


async def test_every_call_stands_in_the_ledger_without_secrets(api: Api) -> None:
    await api.remind()
    await api.get("/cgi-bin/token", grant_type="client_credential", appid="wxmini0001", secret="minisecret")

    calls = await api.ledger(kind="call")
    assert [entry["path"] for entry in calls] == [
        "/cgi-bin/stable_token",
        "/cgi-bin/message/subscribe/send",
        "/cgi-bin/token",
    ]
    assert calls[1]["errcode"] == 43101
    assert calls[1]["request"]["template_id"] == "REMIND"
    assert "minisecret" not in json.dumps(calls)
    assert api.tokens["mini"] not in json.dumps(calls)


async def test_the_ledger_can_be_followed_from_a_number_on(api: Api) -> None:
    await api.policy()
    await api.do("settle")
    last = (await api.get("/_sandbox/ledger"))["last_seq"]

    await api.do("users/guardian/say", {"text": "你好"})

    fresh = await api.ledger(after=last)
    assert [entry["seq"] for entry in fresh] == list(range(last + 1, last + 1 + len(fresh)))
    assert fresh[0]["act"] == "say"


async def test_deliveries_are_counted_by_person_and_business_key(api: Api) -> None:
    for text in ("甲政策", "甲政策", "乙政策"):
        await api.policy(text=text)

    seen = await api.get("/_sandbox/deliveries", by="data.thing1")

    assert (seen["total"], seen["doubled"]) == (3, 1)
    assert {row["key"]: row["count"] for row in seen["rows"]} == {"甲政策": 2, "乙政策": 1}


async def test_a_crowd_arrives_with_its_consents(api: Api) -> None:
    crowd = await api.do("crowd", {"count": 50, "credits": {"REMIND": 1}})

    first = await api.remind(touser=crowd["mini"][0])
    last = await api.remind(touser=crowd["mini"][49])

    assert len(set(crowd["official"])) == 50
    assert (first["errcode"], last["errcode"]) == (0, 0)


async def test_a_restart_finds_the_same_people_consents_and_messages(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    async with session(path) as api:
        await api.do("users", {"name": "新来的", "id": "new"})
        await api.do("users/new/follow")
        await api.do("users/cadre/subscriptions", {"template_id": "REMIND", "times": 2})
        first = await api.remind()
    with path.open("ab") as file:
        file.write(b'{"seq": 99, "kind": "torn')

    async with session(path) as api:
        credits_left = (await api.get("/_sandbox/users/cadre"))["credits"]["mini"]
        seen = await api.get("/_sandbox/users/cadre/messages")
        newcomer = await api.get("/_sandbox/users/new")
        second = await api.remind()

    numbers = [json.loads(line)["seq"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert credits_left == {"REMIND": 1}
    assert [entry["msgid"] for entry in seen] == [first["msgid"]]
    assert newcomer["follows"]
    assert second["msgid"] > first["msgid"]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_reset_begins_again_but_the_file_keeps_its_past(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    async with session(path) as api:
        await api.do("users", {"name": "新来的", "id": "new"})
        await api.do("reset")
        after_reset = [entry["act"] for entry in await api.ledger()]
        gone = await api.http.get("/_sandbox/users/new")

    assert after_reset == ["admit", "admit", "admit"]
    assert gone.status_code == 404
    assert "新来的" in path.read_text(encoding="utf-8")


def test_a_ledger_with_a_file_answers_more_than_it_keeps(tmp_path: Path) -> None:
    ledger = Ledger(clock=Clock(), path=tmp_path / "ledger.jsonl", keep=3)
    assert list(ledger.open()) == []

    for number in range(10):
        ledger.append("act", act="say", text=str(number))
    ledger.close()

    assert [entry["text"] for entry in ledger.entries(after=2)] == [str(number) for number in range(2, 10)]
    assert [entry["text"] for entry in ledger.newest(2)] == ["9", "8"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])  # noqa: S104 - the addresses that are refused
def test_the_sandbox_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        listen(host, 0)


def test_the_configuration_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="unknown settings: colour"):
        config(colour="red")
    with pytest.raises(ValueError, match="belongs to the official account"):
        config(templates={"T": {"kind": "template", "account": "mini", "title": "t", "fields": {}}})


def test_the_application_carries_its_state() -> None:
    app = create_sandbox(config())

    assert isinstance(app.state.sandbox, World)
