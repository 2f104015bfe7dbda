"""The one-tap contact, HTTP to MySQL commit, beside the same endpoint written by hand on raw aiomysql.

Run by `make bench-contact`. Needs a MySQL or MariaDB server at LIANXIN_BENCH_MYSQL_URL, default
mysql://root@127.0.0.1:3306, makes a database of its own there and drops it.
"""

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymysql
import uvloop
from tortoise.context import TortoiseContext

from app.accounts.enums import WeChatApp
from app.accounts.models import MiniSession, WeChatIdentity
from app.bootstrap import use_keys_of
from app.core import sql
from app.core.crypto import hash_token
from app.core.database import tortoise_config
from app.core.migrating import migrate_database
from app.core.settings import Settings
from app.pairing.models import Pairing
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    DisabilityCategory,
    Relief,
    Residence,
    Sex,
)
from app.people.models import Beneficiary, Cadre
from bench.load import drive

TARGET = 0.90
SERVER = os.environ.get("LIANXIN_BENCH_MYSQL_URL", "mysql://root@127.0.0.1:3306")
ROOT = Path(__file__).parents[1]
CADRES = 1000
LIXIA = "370102"


@contextmanager
def own_database() -> Iterator[str]:
    """Make an empty database, yield its address, and drop it."""
    name = f"lianxin_bench_{secrets.token_hex(6)}"
    parts = urlsplit(SERVER)
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        connect_timeout=3,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    try:
        yield f"{SERVER}/{name}"
    finally:
        connection.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")


async def fill() -> list[tuple[str, int]]:
    """Make cadres with one beneficiary each and a signed-in phone; return token and pairing of each."""
    now = datetime.now(UTC)
    ids = range(1, CADRES + 1)
    await Beneficiary.bulk_create(_beneficiary(number, now) for number in ids)
    await Cadre.bulk_create(_cadre(number, now) for number in ids)
    await Pairing.bulk_create(
        Pairing(
            id=number, region_code=LIXIA, beneficiary_id=number, cadre_id=number, created_at=now,
            started_on=date(2024, 2, 1), open_beneficiary_id=number,
        )
        for number in ids
    )  # fmt: skip
    await WeChatIdentity.bulk_create(
        WeChatIdentity(id=number, app=WeChatApp.MINI, openid=f"o-{number}", cadre_id=number, created_at=now)
        for number in ids
    )
    tokens = [secrets.token_urlsafe(32) for _ in ids]
    await MiniSession.bulk_create(
        MiniSession(
            token_hash=hash_token(token),
            identity_id=number,
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        for number, token in zip(ids, tokens, strict=True)
    )
    return list(zip(tokens, ids, strict=True))


def _beneficiary(number: int, now: datetime) -> Beneficiary:
    return Beneficiary(
        id=number, region_code=LIXIA, name="张大山", id_number=f"3799991950{number:08d}",
        id_number_index=f"{number:064d}", certificate=f"3799991950{number:08d}41",
        certificate_status=CertificateStatus.VALID, born_on=date(1950, 1, 1), sex=Sex.MALE,
        category=DisabilityCategory.LIMB, grade=1, relief=Relief.DIBAO_RURAL, residence=Residence.RURAL,
        status=BeneficiaryStatus.ACTIVE, created_at=now, updated_at=now,
    )  # fmt: skip


def _cadre(number: int, now: datetime) -> Cadre:
    return Cadre(
        id=number, org_code=LIXIA, rank=CadreRank.SECTION, name="孙建国", phone=f"199{number:08d}",
        phone_index=f"{number:064d}", status=CadreStatus.ACTIVE, created_at=now, updated_at=now,
    )  # fmt: skip


def taps(phones: list[tuple[str, int]], count: int) -> list[bytes]:
    """Return whole requests, each with an id of its own, spread over the cadres."""
    return [_request(*phones[number % len(phones)]) for number in range(count)]


def _request(token: str, pairing_id: int) -> bytes:
    body = json.dumps({"client_id": secrets.token_hex(16), "pairing_id": pairing_id}).encode()
    head = (
        "POST /mini/v1/contacts HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def server(application: str, *, database_url: str, processes: int) -> Iterator[int]:
    """Run an application under uvicorn, yield its port, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", *application.split(), "--port", str(port),
        "--workers", str(processes), "--no-access-log", "--log-level", "warning", "--no-server-header",
    ]  # fmt: skip
    environment = os.environ | {"LIANXIN_DATABASE_URL": database_url, "LIANXIN_REDIS_URL": "embedded"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603 - our own command
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


@asynccontextmanager
async def filled_database(database_url: str) -> AsyncIterator[list[tuple[str, int]]]:
    """Migrate and fill the database, and keep a connection for checking it."""
    use_keys_of(Settings(database_url=database_url, _env_file=None))
    await migrate_database(database_url)
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(database_url, pool_size=2))
        yield await fill()


async def check(expected: int) -> None:
    """Refuse figures of a run that lost or doubled a tap."""
    (rows,) = await sql.fetch("SELECT COUNT(*) AS number FROM contact")
    (counted,) = await sql.fetch("SELECT SUM(contacts) AS number FROM contact_year")
    if (rows["number"], counted["number"]) != (expected, expected):
        raise RuntimeError(f"{expected} taps left {rows} rows and {counted} in the counters")


async def measure(arguments: argparse.Namespace, database_url: str) -> float:
    """Run all rounds, print each, and return the median ratio."""
    async with filled_database(database_url) as phones:
        with ExitStack() as stack:
            ports = {
                name: stack.enter_context(
                    server(application, database_url=database_url, processes=arguments.processes)
                )
                for name, application in (
                    ("ours", "--factory app.main:app"),
                    ("by hand", "bench.contact_by_hand:app"),
                )
            }

            async def rate(name: str, count: int) -> float:
                return await drive(
                    port=ports[name], requests=taps(phones, count), in_flight=arguments.in_flight, status=201
                )

            for name in ports:
                await rate(name, CADRES)
            ratios = []
            for number in range(arguments.rounds):
                order = list(ports) if number % 2 == 0 else list(ports)[::-1]
                rates = {name: await rate(name, arguments.requests) for name in order}
                ratios.append(rates["ours"] / rates["by hand"])
                print(
                    f"round {number + 1}: ours {rates['ours']:.0f}/s, by hand {rates['by hand']:.0f}/s,"
                    f" ratio {ratios[-1]:.2f}",
                    flush=True,
                )
            await check(2 * (CADRES + arguments.rounds * arguments.requests))
    return statistics.median(ratios)


def main() -> int:
    """Measure, and return 0 only when the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=4000, help="per round and server")
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--processes", type=int, default=2, help="uvicorn workers of each server")
    arguments = parser.parse_args()
    try:
        with own_database() as database_url:
            ratio = uvloop.run(measure(arguments, database_url))
    except pymysql.err.OperationalError as error:
        print(f"no MySQL or MariaDB at LIANXIN_BENCH_MYSQL_URL: {error}")
        return 2
    print(f"ratio {ratio:.2f} (target {TARGET:.2f})")
    return 0 if round(ratio, 2) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
