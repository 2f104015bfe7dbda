"""The one-tap endpoint as one would write it by hand: FastAPI, aiomysql, and nothing between them.

The same checks, the same statements in the same order, the same answer; no layers, no guards, no replay.
"""

import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import aiomysql
from fastapi import FastAPI, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, Field

CHINA = ZoneInfo("Asia/Shanghai")
INDEX_KEY = b"0" * 32


class Body(BaseModel):
    client_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")
    pairing_id: int
    kind: str = "contact"
    channel: str | None = None
    outcome: str = "reached_person"
    occurred_at: AwareDatetime | None = None
    note: str | None = Field(default=None, max_length=500)


class Answer(BaseModel):
    id: int
    client_id: str
    pairing_id: int
    kind: str
    kind_label: str
    channel: str | None
    channel_label: str | None
    outcome: str
    outcome_label: str
    occurred_at: AwareDatetime
    occurred_on: date
    recorded_at: AwareDatetime
    is_late: bool
    note: str | None
    undo_until: AwareDatetime
    undone_at: AwareDatetime | None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts = urlsplit(os.environ["LIANXIN_DATABASE_URL"])
    app.state.pool = await aiomysql.create_pool(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        db=parts.path.lstrip("/"),
        minsize=1,
        maxsize=10,
        autocommit=True,
        charset="utf8mb4",
        client_flag=2,
        init_command="SET SESSION time_zone='+00:00', innodb_lock_wait_timeout=5"
        "/*M!100000 , tx_isolation='READ-COMMITTED' */"
        "/*!80000 , transaction_isolation='READ-COMMITTED' */",
    )
    yield
    app.state.pool.close()
    await app.state.pool.wait_closed()


app = FastAPI(lifespan=lifespan)


@app.post("/mini/v1/contacts", status_code=201)
async def record(body: Body, request: Request) -> Answer:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    now = datetime.now(UTC)
    occurred_at = min(body.occurred_at, now) if body.occurred_at else now
    day = occurred_at.astimezone(CHINA).date()
    content = json.dumps(
        [body.pairing_id, body.kind, body.channel, body.outcome, str(body.occurred_at), body.note]
    )
    digest = hmac.new(INDEX_KEY, content.encode(), hashlib.sha256).hexdigest()
    async with request.app.state.pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(
            "SELECT i.id AS identity_id, i.openid, i.cadre_id, i.guardian_id"
            " FROM mini_session s JOIN wechat_identity i ON i.id = s.identity_id"
            " WHERE s.token_hash = %s AND s.expires_at > %s",
            (hashlib.sha256(token.encode()).hexdigest(), now.replace(tzinfo=None)),
        )
        caller = await cursor.fetchone()
        if caller is None or caller[2] is None:
            raise HTTPException(401)
        await connection.begin()
        try:
            contact_id = await _write(cursor, body, caller[2], digest, (now, occurred_at, day))
            await connection.commit()
        except BaseException:
            await connection.rollback()
            raise
    return _answer(body, contact_id, (now, occurred_at, day))


async def _write(
    cursor: Any, body: Body, cadre_id: int, digest: str, times: tuple[datetime, datetime, date]
) -> int:
    now, occurred_at, day = times
    await cursor.execute(
        "SELECT id, beneficiary_id, region_code, started_on, ended_on FROM pairing"
        " WHERE id = %s AND cadre_id = %s",
        (body.pairing_id, cadre_id),
    )
    pairing = await cursor.fetchone()
    if pairing is None or pairing[3] > day or (pairing[4] is not None and pairing[4] <= day):
        raise HTTPException(404)
    await cursor.execute(
        "INSERT INTO contact (cadre_id, client_id, content_hash, pairing_id, beneficiary_id, region_code,"
        " kind, channel, outcome, occurred_at, occurred_on, recorded_at, is_late, note)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            cadre_id, body.client_id, digest, pairing[0], pairing[1], pairing[2], body.kind, body.channel,
            body.outcome, occurred_at.replace(tzinfo=None), day, now.replace(tzinfo=None), 0, body.note,
        ),
    )  # fmt: skip
    contact_id: int = cursor.lastrowid
    found = await cursor.execute(
        "UPDATE contact_year SET contacts = contacts + 1, visits = visits + 0, attempts = attempts + 0,"
        " last_reached_on = CASE WHEN last_reached_on IS NULL OR last_reached_on < %s THEN %s"
        " ELSE last_reached_on END WHERE pairing_id = %s AND year = %s",
        (day, day, pairing[0], day.year),
    )
    if not found:
        await cursor.execute(
            "INSERT INTO contact_year (pairing_id, year, contacts, visits, attempts, last_reached_on)"
            " VALUES (%s, %s, 1, 0, 0, %s) ON DUPLICATE KEY UPDATE contacts = contacts + 1",
            (pairing[0], day.year, day),
        )
    return contact_id


def _answer(body: Body, contact_id: int, times: tuple[datetime, datetime, date]) -> Answer:
    now, occurred_at, day = times
    return Answer(
        id=contact_id,
        client_id=body.client_id,
        pairing_id=body.pairing_id,
        kind=body.kind,
        kind_label="联系",
        channel=body.channel,
        channel_label=None,
        outcome=body.outcome,
        outcome_label="联系到本人",
        occurred_at=occurred_at,
        occurred_on=day,
        recorded_at=now,
        is_late=False,
        note=body.note,
        undo_until=now + timedelta(minutes=10),
        undone_at=None,
    )
