"""The control API's judge: the ledger itself, and exact counts of what people really saw."""

import itertools
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from sandbox.control import TheWorld
from sandbox.ledger import Ledger
from sandbox.tally import Tally
from sandbox.world import World

router = APIRouter(prefix="/_sandbox")


@router.get("/ledger")
async def ledger(
    world: TheWorld,
    kind: str | None = None,
    openid: str | None = None,
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 1000,
) -> dict[str, Any]:
    """Entries after a number, oldest first; `last_seq` is the newest there is.

    `complete` is False when entries after that number are not kept any more.
    """
    found = world.ledger.entries(after=after, kind=kind, openid=openid)
    entries = list(itertools.islice(found, limit))
    complete = world.ledger.complete(after=after)
    return {"entries": entries, "last_seq": world.ledger.last_seq, "complete": complete}


@router.get("/ledger.jsonl")
async def download(world: TheWorld) -> StreamingResponse:
    """The whole ledger as JSON lines."""
    return StreamingResponse(_lines(world), media_type="application/x-ndjson")


def _lines(world: World) -> Iterator[str]:
    for entry in world.ledger.entries():
        yield json.dumps(entry, ensure_ascii=False) + "\n"


@router.get("/deliveries")
async def deliveries(
    world: TheWorld,
    by: str = "data",
    openid: str | None = None,
    after: int = 0,
    detail: Literal["totals", "keys", "rows"] = "rows",
    limit: Annotated[int, Query(ge=1, le=2_000_000)] = 1000,
) -> dict[str, Any]:
    """How often each person really saw the same thing.

    `by` names the business key: "data" (template and values), "client_msg_id", "msgid" or "data.<field>".
    `detail` "totals" are the sums alone, at once however many messages there were; "keys" adds the first
    `limit` keys with deliveries and people of each; "rows" adds every pair of person and key.
    A key of the configuration's `tally` is always exact. Any other, or a part of the messages (`openid`,
    `after`), is counted from the entries; 409 when some of them are not kept any more.
    """
    tally = _tally(world.ledger, by, openid=openid, after=after)
    answer: dict[str, Any] = tally.totals()
    if detail == "keys":
        answer["by_key"] = tally.keys(limit=limit)
    elif detail == "rows":
        answer["rows"] = [
            {"openid": person, "key": key, "count": count} for person, key, count in tally.rows()
        ]
    return answer


def _tally(ledger: Ledger, by: str, *, openid: str | None, after: int) -> Tally:
    kept = ledger.tallies.get(by)
    if kept is not None and openid is None and not after:
        return kept
    if not ledger.complete(after=after):
        raise HTTPException(409, f"entries are gone, and {by} is not in `tally`: the count would be wrong")
    return Tally.of(ledger.entries(after=after, kind="delivered", openid=openid), by=by)


@router.get("/calls")
async def calls(world: TheWorld) -> dict[str, dict[str, int]]:
    """How many calls each API path got, by errcode; what never got an answer of WeChat's counts as 0."""
    found: dict[str, dict[str, int]] = {}
    for (path, errcode), count in world.ledger.calls.items():
        found.setdefault(path, {})[str(errcode)] = count
    return found
