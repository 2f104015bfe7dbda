"""Newsletter senders' way: batches of subscribers, threads, and the last id saved after each batch.

Runs in the environment that `make bench-rivals` builds, beside `bench.rivals`; it knows nothing of `app`.
Modelled on listmonk (github.com/knadh/listmonk), which keeps no row per recipient.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit

import pymysql
import requests

BATCH = 1000
THREADS = 200
_own = threading.local()


def _session() -> requests.Session:
    if not hasattr(_own, "http"):
        _own.http = requests.Session()
        _own.http.trust_env = False
    session: requests.Session = _own.http
    return session


def send(openid: str) -> None:
    """Send one message."""
    answer = _session().post(
        f"{os.environ['RIVAL_API']}/cgi-bin/message/template/send?access_token=bench",
        json={
            "touser": openid,
            "template_id": "bench-policy-notice",
            "miniprogram": {"appid": "wx1", "pagepath": "pages/notices/index"},
            "data": {"thing1": {"value": "两项补贴年审开始办理"}, "time2": {"value": "2026年11月25日"}},
        },
        timeout=10,
    )
    assert answer.json()["errcode"] == 0


def main() -> None:
    """Send to everybody after the checkpoint, and move it after each batch."""
    parts = urlsplit(os.environ["RIVAL_DATABASE"])
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        autocommit=True,
    )
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(THREADS) as pool:
        while True:
            cursor.execute("SELECT last_id FROM rival_campaign WHERE id = 1")
            (found,) = cursor.fetchall()
            cursor.execute(
                "SELECT id, openid FROM rival_message WHERE id > %s ORDER BY id LIMIT %s", (found[0], BATCH)
            )
            batch = cursor.fetchall()
            if not batch:
                return
            list(pool.map(send, [row[1] for row in batch]))
            cursor.execute("UPDATE rival_campaign SET last_id = %s WHERE id = 1", (batch[-1][0],))


if __name__ == "__main__":
    main()
