"""What `make test` does: the suite on SQLite, then again on MySQL or MariaDB and Redis when they answer.

One backend per pytest process, because Tortoise caches statements by table, not by dialect. With CI set, both
runs are required: a database that does not answer fails the run instead of shortening it.
"""

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from tests.databases import MYSQL_SERVER, REDIS_URL, mysql_admin


def main() -> int:
    """Run both suites, say what ran, and return the exit code."""
    print("── SQLite and the local bus ──", flush=True)
    first = _pytest("sqlite")
    missing = [
        name for name, answers in (("MySQL", _mysql_answers()), ("Redis", _redis_answers())) if not answers
    ]
    if missing:
        print(f"── not run again: {' and '.join(missing)} did not answer ──")
        return first or (1 if os.environ.get("CI") else 0)
    print("── MySQL/MariaDB and Redis ──", flush=True)
    return first or _pytest("mysql")


def _pytest(database: str) -> int:
    environment = os.environ | {"LIANXIN_TEST_DATABASE": database}
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    return subprocess.run(command, env=environment, check=False).returncode


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
