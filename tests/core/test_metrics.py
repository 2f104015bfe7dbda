"""What Prometheus reads, and who may read it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from tortoise.exceptions import OperationalError

from app.bootstrap import Services
from app.core.findings import Finding, keep_findings
from app.core.metrics import MetricsPage, Reading
from app.core.models import ScheduleSlot, SendTally, SweepTurn, WorkerHeartbeat
from app.core.settings import Settings
from app.main import create_app
from app.messaging.enums import MessageState
from tests.campaigns.factories import make_campaign
from tests.conftest import NOW
from tests.messaging.factories import make_message

TOKEN = "t" * 40
Values = dict[str, float]


def values_of(text: str) -> Values:
    """Return each reading under its name and the values of its labels, in the order of their names."""
    return {
        ":".join([sample.name, *(word for _, word in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def read(client: httpx.AsyncClient) -> Values:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return values_of(answer.text)


class Counted:
    """A source that counts how often it is read, and breaks when it is told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.error: Exception | None = None

    async def __call__(self, now: datetime) -> Sequence[Reading]:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return [Reading(name="lianxin_reads", meaning="Reads.", value=self.reads)]


async def test_an_empty_service_has_numbers_too(client: httpx.AsyncClient) -> None:
    values = await read(client)

    assert values["lianxin_database_up"] == 1
    assert values["lianxin_workers_alive"] == 0
    assert values["lianxin_messages:bulk:queued"] == 0
    assert values["lianxin_oldest_due_seconds:urgent"] == 0
    assert values["lianxin_tries_last_hour:sent"] == 0
    assert values["lianxin_campaigns:running"] == 0
    assert values["lianxin_pushes_waiting"] == 0


async def test_messages_are_counted_by_state_and_lane(client: httpx.AsyncClient) -> None:
    await make_message(next_at=NOW - timedelta(minutes=7))
    await make_message(next_at=NOW + timedelta(hours=1))
    await make_message(urgent=True, next_at=NOW - timedelta(seconds=3))
    await make_message(state=MessageState.SENDING)
    await make_message(state=MessageState.UNKNOWN)
    await make_message(state=MessageState.SENT)

    values = await read(client)

    assert values["lianxin_messages:bulk:queued"] == 2
    assert values["lianxin_messages:urgent:queued"] == 1
    assert values["lianxin_messages:bulk:sending"] == 1
    assert values["lianxin_messages:bulk:unknown"] == 1
    assert values["lianxin_oldest_due_seconds:bulk"] == 420
    assert values["lianxin_oldest_due_seconds:urgent"] == 3


async def test_tries_count_for_an_hour(client: httpx.AsyncClient) -> None:
    for minutes, outcome, amount in ((59, "sent", 5), (1, "sent", 2), (1, "failed", 1), (60, "sent", 90)):
        await SendTally.create(minute=NOW - timedelta(minutes=minutes), outcome=outcome, amount=amount)

    values = await read(client)

    assert values["lianxin_tries_last_hour:sent"] == 7
    assert values["lianxin_tries_last_hour:failed"] == 1


async def test_workers_schedule_sweeps_findings_and_campaigns_are_told(client: httpx.AsyncClient) -> None:
    for name, seconds in (("a", 5), ("b", 20), ("gone", 90)):
        await WorkerHeartbeat.create(name=name, beat_at=NOW - timedelta(seconds=seconds))
    for name, minutes in (("late", 11), ("running", 2)):
        await ScheduleSlot.create(job_name=name, slot="x", taken_at=NOW - timedelta(minutes=minutes))
    await SweepTurn.create(name="credits", taken_at=NOW - timedelta(seconds=30))
    await keep_findings(
        name="credits", found=[Finding(subject="credit:1", detail="x")], looked_at=None, now=NOW
    )
    await make_campaign()

    values = await read(client)

    assert values["lianxin_workers_alive"] == 2
    assert values["lianxin_heartbeat_age_seconds"] == 5
    assert values["lianxin_schedule_slots_late"] == 1
    assert values["lianxin_sweep_age_seconds:credits"] == 30
    assert values["lianxin_findings_open:credits"] == 1
    assert values["lianxin_campaigns:running"] == 1


async def test_refused_pushes_are_a_counter(client: httpx.AsyncClient) -> None:
    def refused(values: Values) -> float:
        return sum(value for name, value in values.items() if "pushes_refused_total:official" in name)

    await client.post("/wechat/official", content=b"<xml/>")
    values = await read(client)

    assert refused(values) >= 1


async def test_who_asks_often_is_answered_from_memory(db: None) -> None:
    source = Counted()
    page = MetricsPage([source])

    texts = await asyncio.gather(*(page.text(NOW) for _ in range(5)), page.text(NOW + timedelta(seconds=4)))
    later = await page.text(NOW + timedelta(seconds=5))

    assert len(set(texts)) == 1
    assert source.reads == 2
    assert b"lianxin_reads 2.0" in later


@pytest.mark.parametrize("error", [OperationalError("gone"), TimeoutError()], ids=["gone", "too slow"])
async def test_a_database_that_does_not_answer_is_itself_a_number(db: None, error: Exception) -> None:
    source = Counted()
    source.error = error
    page = MetricsPage([source])

    assert values_of((await page.text(NOW)).decode()) == {"lianxin_database_up": 0}


async def test_without_a_token_only_this_machine_may_read(db: None, services: Services) -> None:
    transport = httpx.ASGITransport(
        app=create_app(services.settings, services=services), client=("10.1.2.3", 9)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
        answer = await stranger.get("/metrics")

    assert answer.status_code == 401
    assert "lianxin_" not in answer.text


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        (TOKEN, 401),
        (f"Bearer {TOKEN[1:]}", 401),
        ("Bearer 令牌", 401),
        (f"Bearer {TOKEN}", 200),
    ],
)
async def test_with_a_token_it_is_asked_of_everybody(
    db: None, settings: Settings, services: Services, header: str | None, status: int
) -> None:
    guarded = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    transport = httpx.ASGITransport(app=create_app(guarded, services=services))
    headers = httpx.Headers([] if header is None else [(b"authorization", header.encode())])
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/metrics", headers=headers)

    assert answer.status_code == status
