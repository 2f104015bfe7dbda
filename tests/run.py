"""What `make test` does: the suite on SQLite and, beside it, on MySQL or MariaDB and Redis when they answer.

One backend per pytest process, because Tortoise caches statements by table, not by dialect. Tests that kill
and stop processes come afterwards, one backend after the other, because they wait for real clocks. With CI
set, both backends are required: a database that does not answer fails the run instead of shortening it.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from urllib.parse import urlsplit

from tests.databases import MYSQL_SERVER, REDIS_URL, mysql_admin

_SQLITE, _MYSQL = "SQLite and the local bus", "MySQL/MariaDB and Redis"
_DATABASES = {_SQLITE: "sqlite", _MYSQL: "mysql"}
# They read files only: once, beside SQLite, tells all that they can tell.
_WITHOUT_DATABASE = tuple(
    f"--ignore=tests/architecture/test_{name}.py"
    for name in ("dockerfile", "guarantees", "layout", "schedule", "settings")
)


def main() -> int:
    """Run the suite on each backend, say what ran, and return the exit code.

    Arguments go to pytest; with them the backends run one after the other.
    """
    missing = [
        name for name, answers in (("MySQL", _mysql_answers()), ("Redis", _redis_answers())) if not answers
    ]
    given = sys.argv[1:]
    if missing:
        code = _one(_SQLITE, given)
        print(f"── not run on {_MYSQL}: {' and '.join(missing)} did not answer ──")
        return code or (1 if os.environ.get("CI") else 0)
    if given:
        return _one(_SQLITE, given) or _one(_MYSQL, given)
    return (
        _side_by_side("-m", "not faults")
        or _one(_SQLITE, ["-m", "faults", "tests/faults"])
        or _one(_MYSQL, ["-m", "faults", "tests/faults"])
    )


def _side_by_side(*arguments: str) -> int:
    with tempfile.TemporaryFile("w+") as written:
        beside = _start(_SQLITE, arguments, output=written.fileno())
        code = _one(_MYSQL, [*arguments, *_WITHOUT_DATABASE])
        code = beside.wait() or code
        written.seek(0)
        print(f"── {_SQLITE}, meanwhile ──", flush=True)
        for line in written:
            print(line, end="")
    sys.stdout.flush()
    return code


def _one(backend: str, arguments: list[str]) -> int:
    print(f"── {backend} ──", flush=True)
    return _start(backend, arguments).wait()


def _start(backend: str, arguments: Sequence[str], *, output: int | None = None) -> subprocess.Popen[bytes]:
    environment = os.environ | {"LIANXIN_TEST_DATABASE": _DATABASES[backend]}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.Popen(command, env=environment, stdout=output)


def _mysql_answers() -> bool:
    try:
        mysql_admin("SELECT 1")
    except Exception as error:  # noqa: BLE001 - any failure means the same: not reachable
        print(f"{MYSQL_SERVER}: {type(error).__name__}")
        return False
    return True


def _redis_answers() -> bool:
    parts = urlsplit(REDIS_URL)
    try:
        with socket.create_connection(
            (parts.hostname or "127.0.0.1", parts.port or 6379), timeout=3
        ) as redis:
            redis.sendall(b"PING\r\n")
            return redis.recv(7).startswith(b"+PONG")
    except OSError as error:
        print(f"Redis: {type(error).__name__}")
        return False


if __name__ == "__main__":
    sys.exit(main())
