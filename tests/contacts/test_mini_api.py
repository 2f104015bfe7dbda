"""One tap from a cadre's phone, and everything that can happen to it."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.contacts.models import Contact, ContactYear
from app.core import sql
from app.core.clock import CHINA
from app.pairing.enums import EndReason
from app.pairing.models import Pairing
from tests.accounts.factories import phone_headers
from tests.conftest import NOW
from tests.contacts.factories import Phone, make_tap
from tests.fakes.clock import FixedClock
from tests.pairing.factories import make_pairing
from tests.people.cast import LIU_GUIYING
from tests.people.factories import make_beneficiary, make_cadre, make_guardian


async def counters(pairing: Pairing, year: int = 2026) -> tuple[int, int, int, date | None]:
    row = await ContactYear.get(pairing_id=pairing.id, year=year)
    return row.contacts, row.visits, row.attempts, row.last_reached_on


async def test_a_pairing_is_all_that_one_tap_needs(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu)

    answer = await sun.record(tap)

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body == {
        "id": body["id"],
        "client_id": tap["client_id"],
        "pairing_id": liu.id,
        "kind": "contact",
        "kind_label": "联系",
        "channel": None,
        "channel_label": None,
        "outcome": "reached_person",
        "outcome_label": "联系到本人",
        "occurred_at": "2026-05-17T01:00:00Z",
        "occurred_on": "2026-05-17",
        "recorded_at": "2026-05-17T01:00:00Z",
        "is_late": False,
        "note": None,
        "undo_until": "2026-05-17T01:10:00Z",
        "undone_at": None,
    }
    assert await counters(liu) == (1, 0, 0, date(2026, 5, 17))


async def test_everything_else_may_be_said_too(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    answer = await sun.record(
        make_tap(liu, kind="visit", channel="in_person", outcome="reached_guardian", note="老人精神不错")
    )

    assert answer.json()["note"] == "老人精神不错"
    assert await counters(liu) == (0, 1, 0, date(2026, 5, 17))
    (stored,) = await sql.fetch("SELECT note FROM contact")
    assert stored["note"].startswith("enc:v1:")


async def test_an_attempt_is_recorded_and_does_not_count(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    await sun.record(make_tap(liu, outcome="tried"))

    assert await counters(liu) == (0, 0, 1, None)


async def test_the_same_tap_sent_again_gets_the_same_answer(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu, note="问候", channel="call")

    first = await sun.record(tap)
    again = await sun.record(tap)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert await counters(liu) == (1, 0, 0, date(2026, 5, 17))


async def test_a_retry_a_day_later_is_still_the_tap_of_yesterday(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu)
    first = await sun.record(tap)

    clock.advance(timedelta(days=1))
    again = await sun.record(tap)

    assert again.status_code == 200
    assert again.json() == first.json()


async def test_a_retry_succeeds_even_if_the_pairing_has_ended_since(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu)
    first = await sun.record(tap)

    await Pairing.filter(id=liu.id).update(ended_on=date(2026, 5, 18), open_beneficiary_id=None)
    clock.advance(timedelta(days=3))
    again = await sun.record(tap)

    assert again.status_code == 200
    assert again.json() == first.json()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "visit"},
        {"outcome": "tried"},
        {"channel": "call"},
        {"note": "另一句话"},
        {"occurred_at": "2026-05-17T08:00:00+08:00"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_used_id_with_other_content_is_a_conflict(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu)
    await sun.record(tap)

    answer = await sun.record(tap | change)

    assert answer.status_code == 409
    assert answer.json()["code"] == "contacts.client_id_reused"
    assert await Contact.all().count() == 1
    assert await counters(liu) == (1, 0, 0, date(2026, 5, 17))


async def test_two_cadres_may_choose_the_same_id(client: httpx.AsyncClient) -> None:
    liu, wang = await make_pairing(), await make_pairing()
    sun, zhao = await Phone.of(client, liu), await Phone.of(client, wang)

    first = await sun.record(make_tap(liu, client_id="1"))
    second = await zhao.record(make_tap(wang, client_id="1"))

    assert (first.status_code, second.status_code) == (201, 201)


async def test_another_cadres_pairing_is_not_found(client: httpx.AsyncClient) -> None:
    liu, wang = await make_pairing(), await make_pairing()
    sun = await Phone.of(client, liu)

    answer = await sun.record(make_tap(wang))

    assert answer.status_code == 404
    assert answer.json()["code"] == "pairing.not_found"
    assert await Contact.all().count() == 0


async def test_a_guardian_does_not_record_contacts(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    guardian = await make_guardian()
    phone = Phone(client, await phone_headers(guardian_id=guardian.id))

    assert (await phone.record(make_tap(liu))).status_code == 403


async def test_nobody_records_without_signing_in(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()

    assert (await Phone(client, {}).record(make_tap(liu))).status_code == 401


def in_shandong(text: str) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).isoformat()


@pytest.mark.parametrize(
    ("at", "day", "is_late"),
    [
        ("2026-05-17 00:01:00", "2026-05-17", False),
        ("2026-05-16 23:59:00", "2026-05-16", True),
        ("2026-03-18 00:01:00", "2026-03-18", True),
    ],
)
async def test_the_day_of_a_late_entry_is_the_day_in_shandong(
    client: httpx.AsyncClient, at: str, day: str, is_late: bool
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    answer = await sun.record(make_tap(liu, occurred_at=in_shandong(at)))

    assert (answer.json()["occurred_on"], answer.json()["is_late"]) == (day, is_late)


async def test_one_minute_past_midnight_is_the_new_day_although_utc_still_has_the_old_one(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    clock.moment = datetime.fromisoformat("2026-05-16T16:01:00+00:00")

    answer = await sun.record(make_tap(liu))

    assert answer.json()["occurred_on"] == "2026-05-17"
    assert answer.json()["is_late"] is False


async def test_a_late_entry_of_last_year_counts_for_last_year(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    liu = await make_pairing(started_on=date(2025, 1, 1))
    clock.moment = datetime.fromisoformat("2026-01-02T01:00:00+00:00")
    sun = await Phone.of(client, liu)

    await sun.record(make_tap(liu, occurred_at=in_shandong("2025-12-31 23:59:00")))
    await sun.record(make_tap(liu, occurred_at=in_shandong("2026-01-01 00:01:00")))

    assert await counters(liu, 2025) == (1, 0, 0, date(2025, 12, 31))
    assert await counters(liu, 2026) == (1, 0, 0, date(2026, 1, 1))


@pytest.mark.parametrize(
    "moment",
    [NOW + timedelta(minutes=11), NOW - timedelta(days=61)],
    ids=["future", "too long ago"],
)
async def test_the_future_and_the_distant_past_are_refused(
    client: httpx.AsyncClient, moment: datetime
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    answer = await sun.record(make_tap(liu, occurred_at=moment.isoformat()))

    assert answer.status_code == 422
    assert answer.json()["code"] == "contacts.moment_wrong"


async def test_a_phone_a_little_ahead_records_now(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    answer = await sun.record(make_tap(liu, occurred_at=(NOW + timedelta(minutes=9)).isoformat()))

    assert answer.json()["occurred_at"] == "2026-05-17T01:00:00Z"


async def test_a_pairing_that_ended_yesterday_takes_yesterdays_contacts_only(
    client: httpx.AsyncClient,
) -> None:
    liu = await make_pairing(ended_on=date(2026, 5, 17), end_reason=EndReason.ROTATION)
    sun = await Phone.of(client, liu)

    today = await sun.record(make_tap(liu))
    yesterday = await sun.record(make_tap(liu, occurred_at=in_shandong("2026-05-16 20:00:00")))

    assert today.status_code == 409
    assert today.json()["code"] == "pairing.not_in_force"
    assert "2026年5月17日" in today.json()["detail"]
    assert yesterday.status_code == 201


async def test_a_late_entry_goes_to_the_pairing_of_its_day(client: httpx.AsyncClient) -> None:
    liu, sun = await make_beneficiary(), await make_cadre()
    earlier = await make_pairing(beneficiary=liu, cadre=sun, ended_on=date(2026, 4, 15))
    current = await make_pairing(beneficiary=liu, cadre=sun, started_on=date(2026, 5, 1))
    phone = await Phone.of(client, current)

    before = await phone.record(make_tap(current, occurred_at=in_shandong("2026-04-14 10:00:00")))
    between = await phone.record(make_tap(current, occurred_at=in_shandong("2026-04-15 10:00:00")))

    assert before.json()["pairing_id"] == earlier.id
    assert between.json()["code"] == "pairing.not_in_force"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"client_id": ""},
        {"client_id": "with blank "},
        {"pairing_id": 2**63},
        {"occurred_at": "2026-05-17T09:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+08:00"},
        {"kind": "visit", "channel": "call"},
        {"location": "36.65,117.12"},
        {"note": "长" * 501},
    ],
    ids=["no id", "blank", "huge id", "no zone", "year 1", "visit by phone", "place", "long note"],
)
async def test_nonsense_is_refused_in_words(client: httpx.AsyncClient, nonsense: dict[str, Any]) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    answer = await sun.record(make_tap(liu) | nonsense)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"]


async def test_a_cadre_takes_a_tap_back(client: httpx.AsyncClient, clock: FixedClock) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    await sun.record(make_tap(liu, occurred_at=in_shandong("2026-05-10 10:00:00")))
    slip = (await sun.record(make_tap(liu, kind="visit"))).json()

    clock.advance(timedelta(minutes=10))
    answer = await sun.undo(slip["id"])

    assert answer.status_code == 200
    assert answer.json()["undone_at"] == "2026-05-17T01:10:00Z"
    assert await counters(liu) == (1, 0, 0, date(2026, 5, 10))


async def test_undoing_the_only_contact_leaves_no_last_day(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    await sun.record(make_tap(liu, outcome="tried"))
    only = (await sun.record(make_tap(liu))).json()

    await sun.undo(only["id"])

    assert await counters(liu) == (0, 0, 1, None)


async def test_undoing_twice_changes_nothing_more(client: httpx.AsyncClient, clock: FixedClock) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    slip = (await sun.record(make_tap(liu))).json()

    first = await sun.undo(slip["id"])
    clock.advance(timedelta(hours=1))
    again = await sun.undo(slip["id"])

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert await counters(liu) == (0, 0, 0, None)


async def test_after_ten_minutes_a_record_stays(client: httpx.AsyncClient, clock: FixedClock) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    kept = (await sun.record(make_tap(liu))).json()

    clock.advance(timedelta(minutes=10, seconds=1))
    answer = await sun.undo(kept["id"])

    assert answer.status_code == 409
    assert answer.json()["code"] == "contacts.undo_too_late"
    assert await counters(liu) == (1, 0, 0, date(2026, 5, 17))


async def test_nobody_takes_back_what_another_recorded(client: httpx.AsyncClient) -> None:
    liu, wang = await make_pairing(), await make_pairing()
    sun, zhao = await Phone.of(client, liu), await Phone.of(client, wang)
    of_sun = (await sun.record(make_tap(liu))).json()

    assert (await zhao.undo(of_sun["id"])).status_code == 404


async def test_a_cadre_reads_his_own_records_latest_first(client: httpx.AsyncClient) -> None:
    liu = await make_pairing(beneficiary=await make_beneficiary(name=LIU_GUIYING.name))
    wang = await make_pairing()
    sun, zhao = await Phone.of(client, liu), await Phone.of(client, wang)
    await zhao.record(make_tap(wang))
    made = [(await sun.record(make_tap(liu, note=f"第{number}次"))).json()["id"] for number in range(3)]

    first = await sun.get("/mini/v1/contacts?limit=2")
    second = await sun.get(f"/mini/v1/contacts?limit=2&cursor={first['next_cursor']}")

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert first["items"][0]["note"] == "第2次"
    assert first["items"][0]["beneficiary"] == {"name": LIU_GUIYING.masked}
