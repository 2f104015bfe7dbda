"""The control API's judge: the ledger itself, and exact counts of what people really saw."""

import itertools
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from sandbox.control import TheWorld
from sandbox.ledger import Ledger
from sandbox.tally import Tally
from sandbox.world import World

router = APIRouter(prefix="/_sandbox")


class Question(BaseModel):
    """Which deliveries to count, by what, and how much to tell."""

    model_config = ConfigDict(extra="forbid")

    by: str = "data"
    openid: str | None = None
    after: int = 0
    detail: Literal["totals", "keys", "rows"] = "rows"
    least: int = Field(default=1, ge=1)
    limit: int = Field(default=100_000, ge=1, le=2_000_000)


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
async def deliveries(world: TheWorld, asked: Annotated[Question, Query()]) -> dict[str, Any]:
    """How often each person really saw the same thing.

    `by` names the business key: "data" (template and values), "client_msg_id", "msgid" or "data.<field>".
    `detail` "totals" are the sums alone, at once however many messages there were; "keys" adds the keys with
    deliveries and people of each; "rows" adds the pairs of person and key that occurred `least` times, 2 for
    the doubled ones. Both lists end at `limit`, and `more` tells whether they were cut.
    A key of the configuration's `tally` is always exact. Any other, or a part of the messages (`openid`,
    `after`), is counted from the entries; 409 when some of them are not kept any more.
    """
    tally = _tally(world.ledger, asked)
    answer: dict[str, Any] = tally.totals()
    if asked.detail == "totals":
        return answer
    in_keys = asked.detail == "keys"
    found: Iterator[dict[str, object]] = tally.by_key() if in_keys else _rows(tally, least=asked.least)
    answer["by_key" if in_keys else "rows"] = list(itertools.islice(found, asked.limit))
    return {**answer, "more": next(found, None) is not None}


def _rows(tally: Tally, *, least: int) -> Iterator[dict[str, object]]:
    for openid, key, count in tally.rows():
        if count >= least:
            yield {"openid": openid, "key": key, "count": count}


def _tally(ledger: Ledger, asked: Question) -> Tally:
    kept = ledger.tallies.get(asked.by)
    if kept is not None and asked.openid is None and not asked.after:
        return kept
    if not ledger.complete(after=asked.after):
        reason = (
            f"entries are gone, and what is kept up by {asked.by} does not answer this: it would be wrong"
        )
        raise HTTPException(409, reason)
    entries = ledger.entries(after=asked.after, kind="delivered", openid=asked.openid)
    return Tally.of(entries, by=asked.by)


@router.get("/calls")
async def calls(world: TheWorld) -> dict[str, dict[str, int]]:
    """How many calls each API path got, by errcode; what never got an answer of WeChat's counts as 0."""
    found: dict[str, dict[str, int]] = {}
    for (path, errcode), count in world.ledger.calls.items():
        found.setdefault(path, {})[str(errcode)] = count
    return found
