"""What many teams would write first: one Celery task per message, requests, one ORM save.

Runs in the environment that `make bench-rivals` builds, beside `bench.rivals`; it knows nothing of `app`.
It is written with care: a message that is marked as sent is not sent again.
"""

import argparse
import os
from datetime import UTC, datetime
from typing import Any

import requests
from celery import Celery
from sqlalchemy import BigInteger, Column, DateTime, String, Table, create_engine
from sqlalchemy.orm import Session, registry

# Celery's default is an hour: that is how long a message waits whose worker died before it was acknowledged.
VISIBILITY_SECONDS = 5
LATE = os.environ.get("RIVAL_ACKS_LATE") == "1"

application = Celery("rival", broker=os.environ["RIVAL_REDIS"])
application.conf.update(
    task_ignore_result=True,
    task_acks_late=LATE,
    task_reject_on_worker_lost=LATE,
    worker_prefetch_multiplier=1 if LATE else 4,
    broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
    broker_connection_retry_on_startup=True,
)
engine = create_engine(os.environ["RIVAL_DATABASE"])
mapper = registry()
http = requests.Session()
http.trust_env = False


class RivalMessage:
    """One row per message, as here."""

    id: int
    openid: str
    state: str
    wechat_msgid: str | None
    sent_at: datetime | None


mapper.map_imperatively(
    RivalMessage,
    Table(
        "rival_message",
        mapper.metadata,
        Column("id", BigInteger, primary_key=True),
        Column("openid", String(64)),
        Column("state", String(12)),
        Column("wechat_msgid", String(32)),
        Column("sent_at", DateTime),
    ),
)


def body_of(openid: str) -> dict[str, Any]:
    """Return what WeChat wants of a template message."""
    return {
        "touser": openid,
        "template_id": "bench-policy-notice",
        "miniprogram": {"appid": "wx1", "pagepath": "pages/notices/index"},
        "data": {"thing1": {"value": "两项补贴年审开始办理"}, "time2": {"value": "2026年11月25日"}},
    }


def deliver(message_id: int) -> None:
    """Send one message and save that it was sent."""
    with Session(engine) as session:
        message = session.get(RivalMessage, message_id)
        if message is None or message.state != "queued":
            return
        answer = http.post(
            f"{os.environ['RIVAL_API']}/cgi-bin/message/template/send?access_token=bench",
            json=body_of(message.openid),
            timeout=10,
        ).json()
        message.state = "sent" if answer["errcode"] == 0 else "failed"
        message.wechat_msgid = str(answer["msgid"])
        message.sent_at = datetime.now(UTC).replace(tzinfo=None)
        session.commit()


task = application.task(name="deliver")(deliver)


def main() -> None:
    """Put one task per message into the queue."""
    parser = argparse.ArgumentParser(prog="python -m bench.rival_celery")
    parser.add_argument("people", type=int)
    for message_id in range(1, parser.parse_args().people + 1):
        task.delay(message_id)


if __name__ == "__main__":
    main()
