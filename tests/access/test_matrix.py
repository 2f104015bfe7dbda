"""Every door × role × region, as `expected.csv` says, and not one byte about a family for strangers.

A cell is `in` for somebody who is let in, whether the thing's state then allows it or not, or the status with
which he is turned away. After a new route or a deliberate change, run this file with LIANXIN_WRITE_MATRIX=1:
it writes the table anew, and its diff is what a reviewer reads.
"""

import csv
import io
import os
import zipfile
from collections import Counter
from pathlib import Path

import httpx

from tests.access.doors import doors_of, request_of
from tests.access.planted import CANARY, Caller, plant

_EXPECTED = Path(__file__).with_name("expected.csv")
_TURNED_AWAY = frozenset({401, 403, 404, 422})
_REVEAL = "POST /admin/v1/beneficiaries/{beneficiary_id}/reveal"
# Open to everybody: what is sent decides.
_SIGNING = frozenset({"POST /mini/v1/session", "POST /admin/v1/session", "DELETE /admin/v1/session"})
_PHONES = ("unbound", "guardian@next", "cadre@next", "guardian@own", "cadre@own")

_LOOK_UP = "POST /admin/v1/beneficiaries/lookup"  # reads, with the number in a body
# What families say about their county is not for its eyes: the city answers.
_READ_ABOVE = frozenset({"POST /admin/v1/opinions/{opinion_id}/answer"})

Table = dict[str, dict[str, str]]


def _traces(answer: httpx.Response, marks: tuple[str, ...]) -> list[str]:
    """Return which of these words an answer carries, in its bytes or headers, plain or escaped."""
    body = answer.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    text = body + repr(answer.headers.raw).encode()
    return [
        mark
        for mark in marks
        if mark.encode() in text or mark.encode("unicode-escape") in text.replace(b"\\U", b"\\u").lower()
    ]


def _cell(answer: httpx.Response) -> str:
    assert answer.status_code < 500, answer.text
    return str(answer.status_code) if answer.status_code in _TURNED_AWAY else "in"


def _read() -> Table:
    with _EXPECTED.open(encoding="utf-8", newline="") as written:
        return {row.pop("door"): row for row in csv.DictReader(written)}


def _write(table: Table, callers: list[Caller]) -> None:
    with _EXPECTED.open("w", encoding="utf-8", newline="") as written:
        rows = csv.DictWriter(written, ["door", *(caller.name for caller in callers)], lineterminator="\n")
        rows.writeheader()
        rows.writerows({"door": door} | cells for door, cells in sorted(table.items()))


async def test_every_door_opens_to_those_whom_the_table_names_and_tells_strangers_nothing(
    client: httpx.AsyncClient,
) -> None:
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    document = transport.app.openapi()  # type: ignore[attr-defined]
    doors = [door for door in doors_of(document) if door.name not in _SIGNING]
    ids, callers = await plant(client)
    table: Table = {door.name: {} for door in doors}
    told: list[str] = []
    seen: Counter[str] = Counter()

    for caller in callers:
        for door in doors:
            address, options = request_of(door, ids=ids, document=document, caller=caller.name)
            answer = await client.request(door.method, address, headers=caller.headers, **options)
            table[door.name][caller.name] = _cell(answer)
            seen[caller.name] += len(_traces(answer, (CANARY,)))
            may_reveal = door.name == _REVEAL and caller.is_near
            if traces := _traces(answer, () if may_reveal else caller.never_told):
                told.append(f"{door.name} tells {caller.name}: {traces}")

    assert not told, "\n".join(told)
    assert all(seen[caller.name] for caller in callers if caller.is_near)
    if os.environ.get("LIANXIN_WRITE_MATRIX"):
        _write(table, callers)
    assert table == _read()


def test_the_table_lets_nobody_pass_a_phone_at_the_console_staff_at_the_phones_or_a_reader_who_changes() -> (
    None
):
    wrong = [
        f"{door}: {caller} {cell}"
        for door, cells in _read().items()
        for caller, cell in cells.items()
        if cell not in _never_in(door, caller)
    ]

    assert wrong == []


def _never_in(door: str, caller: str) -> set[str]:
    """Return what a cell may hold, by rules that no deliberate change of the table can break."""
    is_for_phones, changes = "/mini/" in door, not door.startswith("GET")
    if caller == "nobody" or is_for_phones != (caller in _PHONES):
        return {"401"}
    if caller.startswith("auditor") and changes and door != _LOOK_UP:
        return {"403"}
    if "_id}" in door and caller.endswith("@next"):
        return {"401", "403", "404"}
    if "_id}" in door and caller == "admin@own" and door not in _READ_ABOVE:
        return {"in"}
    return {"in", "401", "403", "404"} if "_id}" in door else {"in", "401", "403", "404", "422"}
