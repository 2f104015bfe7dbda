"""请干部打电话: the last way to a family is its cadre."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.contacts.models import Contact, ContactYear
from app.core.clock import china_date
from app.messaging import operations
from app.messaging.enums import CallOutcome, MessageState, Reason
from app.messaging.models import CallReport, CallTask, Message
from app.pairing.models import Pairing
from app.people import models as people
from app.people.enums import CadreStatus, GuardianRelation
from app.people.models import Beneficiary, Guardian, Guardianship
from tests.accounts.factories import phone_headers
from tests.campaigns.factories import campaign_sender, make_campaign
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import make_call
from tests.pairing.factories import make_pairing
from tests.people.factories import make_cadre, make_guardian

TASKS = "/mini/v1/call-tasks"
END = NOW + timedelta(days=5)


class Cadre:
    """A cadre with a phone and one family that only he can reach."""

    def __init__(self, client: httpx.AsyncClient, pairing: Pairing, headers: dict[str, str]) -> None:
        self.client = client
        self.pairing = pairing
        self.headers = headers

    @classmethod
    async def of(cls, client: httpx.AsyncClient, pairing: Pairing) -> "Cadre":
        return cls(client, pairing, await phone_headers(cadre_id=pairing.cadre_id))

    async def sees(self, **params: Any) -> Any:
        answer = await self.client.get(TASKS, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reports(self, message: Message, outcome: CallOutcome, **more: Any) -> httpx.Response:
        body = {"outcome": outcome.value, **more}
        return await self.client.post(f"{TASKS}/{message.id}/done", json=body, headers=self.headers)


async def family() -> tuple[Pairing, Guardian]:
    pairing = await make_pairing()
    beneficiary = await pairing.beneficiary
    return pairing, await make_guardian(beneficiary=beneficiary)


async def standing(guardian: Guardian, *, campaign: Campaign | None = None, **overrides: Any) -> Message:
    """Make a call that stands in the list already."""
    campaign = campaign or await make_campaign(expires_at=END)
    message = await make_call(
        guardian.id,
        **{"campaign_id": campaign.id, "state": MessageState.SENT, "sent_at": NOW, "expires_at": END}
        | overrides,
    )
    await CallTask.create(message_id=message.id, ends_at=message.expires_at)
    return message


async def test_a_call_is_sent_by_standing_in_the_list_of_the_cadre(
    client: httpx.AsyncClient, wechat: FakeWeChat, clock: FixedClock
) -> None:
    pairing, guardian = await family()
    campaign = await make_campaign(title="护理补贴年审通知", text="请到街道残联办理。")
    message = await make_call(guardian.id, campaign_id=campaign.id, expires_at=END, region_code="370102")
    cadre = await Cadre.of(client, pairing)
    assert (await cadre.sees())["items"] == []

    await campaign_sender(wechat, clock).send_due()

    (task,) = (await cadre.sees())["items"]
    await message.refresh_from_db()
    assert message.state is MessageState.SENT
    assert task["id"] == message.id
    assert "*" in task["guardian"]["name"]
    assert guardian.name not in str(task)
    assert task["sentence"].startswith("请在2026年5月22日09:00前打电话告诉")
    assert task["sentence"].endswith("：护理补贴年审通知")
    assert (task["title"], task["text"], task["tried"]) == ("护理补贴年审通知", "请到街道残联办理。", 0)
    assert (wechat.template_messages, wechat.subscribe_messages) == ([], [])


async def test_told_is_delivered_and_one_tap_is_one_contact(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    cadre = await Cadre.of(client, pairing)

    first = await cadre.reports(message, CallOutcome.TOLD, client_id="tap-1")
    again = await cadre.reports(message, CallOutcome.TOLD, client_id="tap-1")

    assert first.status_code == again.status_code == 200, first.text
    contact = await Contact.get()
    assert first.json() == again.json()
    assert first.json()["contact_id"] == contact.id
    assert first.json()["state"] == "delivered"
    assert (contact.pairing_id, contact.channel, contact.outcome) == (pairing.id, "call", "reached_guardian")
    assert (await ContactYear.get()).contacts == 1
    assert await CallTask.all().count() == 0
    assert (await cadre.sees())["items"] == []


async def test_not_reached_counts_the_attempt_and_the_call_goes_on_waiting(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    cadre = await Cadre.of(client, pairing)

    for tap in ("tap-1", "tap-2", "tap-2"):
        answer = await cadre.reports(message, CallOutcome.NOT_REACHED, client_id=tap)
        assert answer.json()["state"] == "sent"

    ((task,), counted) = ((await cadre.sees())["items"], await ContactYear.get())
    assert task["tried"] == 2
    assert (counted.contacts, counted.attempts) == (0, 2)
    await message.refresh_from_db()
    assert message.attempts == 2


async def test_declined_fails_for_that_reason(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)

    answer = await (await Cadre.of(client, pairing)).reports(
        message, CallOutcome.DECLINED, record_contact=False
    )

    assert (answer.json()["state"], answer.json()["reason"]) == ("failed", Reason.DECLINED.value)
    assert answer.json()["contact_id"] is None
    assert await Contact.all().count() == 0


async def test_without_an_id_of_its_own_a_days_failed_calls_count_once(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    cadre = await Cadre.of(client, pairing)

    for _ in range(2):
        assert (await cadre.reports(message, CallOutcome.NOT_REACHED)).status_code == 200

    assert await CallReport.all().count() == 1


async def test_an_id_is_not_used_for_two_different_reports(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    cadre = await Cadre.of(client, pairing)
    await cadre.reports(message, CallOutcome.NOT_REACHED, client_id="tap-1")

    answer = await cadre.reports(message, CallOutcome.TOLD, client_id="tap-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "messaging.call_report_reused")


async def test_an_ordinary_contact_closes_no_call(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    await standing(guardian)
    cadre = await Cadre.of(client, pairing)
    tap = {"client_id": "tap-1", "pairing_id": pairing.id}

    await client.post("/mini/v1/contacts", json=tap, headers=cadre.headers)

    assert len((await cadre.sees())["items"]) == 1


async def test_when_the_cadre_changes_his_successor_sees_the_call(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    before = await Cadre.of(client, pairing)
    await Pairing.filter(id=pairing.id).update(ended_on=date(2026, 5, 17), open_beneficiary_id=None)
    new = await make_pairing(beneficiary=await pairing.beneficiary, started_on=date(2026, 5, 17))
    after = await Cadre.of(client, new)

    assert (await before.sees())["items"] == []
    assert [task["id"] for task in (await after.sees())["items"]] == [message.id]
    assert (await before.reports(message, CallOutcome.TOLD)).status_code == 404
    assert (await after.reports(message, CallOutcome.TOLD)).status_code == 200


async def test_a_family_with_two_beneficiaries_is_called_once(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    second = await make_pairing()
    await Guardianship.create(
        guardian=guardian, beneficiary_id=second.beneficiary_id, relation=GuardianRelation.PARENT
    )
    whole = await standing(guardian)
    about_second = await standing(guardian, subject_id=second.beneficiary_id)

    first, other = await Cadre.of(client, pairing), await Cadre.of(client, second)
    assert [task["id"] for task in (await first.sees())["items"]] == [whole.id]
    assert [task["id"] for task in (await other.sees())["items"]] == [about_second.id]


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.CANCELLED])
async def test_calls_of_a_stopped_campaign_do_not_wait(
    client: httpx.AsyncClient, state: CampaignState
) -> None:
    pairing, guardian = await family()
    message = await standing(guardian, campaign=await make_campaign(state=state))
    cadre = await Cadre.of(client, pairing)

    assert (await cadre.sees())["items"] == []
    assert (await cadre.reports(message, CallOutcome.TOLD)).status_code == 404


async def test_a_guardian_who_muted_us_is_not_called(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    await standing(guardian)
    await Guardian.filter(id=guardian.id).update(muted_at=NOW)

    assert (await (await Cadre.of(client, pairing)).sees())["items"] == []


async def test_a_house_in_mourning_is_not_called_though_the_call_stood_in_the_list(
    client: httpx.AsyncClient,
) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    cadre = await Cadre.of(client, pairing)
    assert len((await cadre.sees())["items"]) == 1

    await client.post(f"/mini/v1/pairings/{pairing.id}/mute", json={}, headers=cadre.headers)

    assert (await cadre.sees())["items"] == []
    # He may have learned of the death by calling.
    assert (await cadre.reports(message, CallOutcome.DECLINED)).status_code == 200


async def test_a_death_in_another_family_of_the_guardian_counts_too(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    await standing(guardian)
    cadre = await Cadre.of(client, pairing)
    second = await make_pairing()
    await Guardianship.create(
        guardian=guardian, beneficiary_id=second.beneficiary_id, relation=GuardianRelation.PARENT
    )

    await Beneficiary.filter(id=second.beneficiary_id).update(
        muted_until=china_date(NOW), mute_reason="bereavement"
    )

    assert (await cadre.sees())["items"] == []


async def test_when_the_oldest_pairing_cannot_call_the_next_one_does(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    second = await make_pairing(cadre=await make_cadre())
    await Guardianship.create(
        guardian=guardian, beneficiary_id=second.beneficiary_id, relation=GuardianRelation.PARENT
    )
    message = await standing(guardian)
    other = await Cadre.of(client, second)
    assert (await other.sees())["items"] == []

    await people.Cadre.filter(id=pairing.cadre_id).update(status=CadreStatus.LEFT)
    assert [task["id"] for task in (await other.sees())["items"]] == [message.id]

    await people.Cadre.filter(id=pairing.cadre_id).update(status=CadreStatus.ACTIVE)
    await Beneficiary.filter(id=pairing.beneficiary_id).update(
        muted_until=china_date(NOW), mute_reason="family_wish"
    )
    assert [task["id"] for task in (await other.sees())["items"]] == [message.id]


async def test_the_successor_reports_on_the_same_day_without_an_id_of_his_own(
    client: httpx.AsyncClient,
) -> None:
    pairing, guardian = await family()
    message = await standing(guardian)
    before = await Cadre.of(client, pairing)
    await before.reports(message, CallOutcome.NOT_REACHED)
    await before.reports(message, CallOutcome.NOT_REACHED, client_id="tap-1")
    await Pairing.filter(id=pairing.id).update(ended_on=date(2026, 5, 17), open_beneficiary_id=None)
    new = await make_pairing(beneficiary=await pairing.beneficiary, started_on=date(2026, 5, 17))
    after = await Cadre.of(client, new)

    assert (await after.reports(message, CallOutcome.NOT_REACHED)).status_code == 200
    taken = await after.reports(message, CallOutcome.NOT_REACHED, client_id="tap-1")
    assert (taken.status_code, taken.json()["code"]) == (409, "messaging.call_report_reused")
    assert [report.cadre_id for report in await CallReport.all().order_by("id")] == [
        *(pairing.cadre_id, pairing.cadre_id, new.cadre_id)
    ]


async def test_what_nobody_called_in_time_expires(client: httpx.AsyncClient, clock: FixedClock) -> None:
    pairing, guardian = await family()
    late = await standing(guardian, expires_at=NOW + timedelta(hours=1))
    waiting = await standing(guardian)
    cadre = await Cadre.of(client, pairing)
    clock.advance(timedelta(hours=1))

    assert [task["id"] for task in (await cadre.sees())["items"]] == [waiting.id]
    assert (await cadre.reports(late, CallOutcome.TOLD)).status_code == 404
    assert await operations.end_calls(now=clock.now()) == 1
    assert await operations.end_calls(now=clock.now()) == 0

    await late.refresh_from_db()
    assert (late.state, late.reason) == (MessageState.EXPIRED, Reason.TOO_LATE)
    await waiting.refresh_from_db()
    assert waiting.state is MessageState.SENT


async def test_a_call_that_is_coming_into_a_list_at_its_last_moment_ends_once_it_stands_there(
    db: None,
) -> None:
    _, guardian = await family()
    message = await standing(guardian, state=MessageState.SENDING, begun=True, expires_at=NOW)

    assert await operations.end_calls(now=NOW) == 0
    await Message.filter(id=message.id).update(state=MessageState.SENT)
    assert await operations.end_calls(now=NOW) == 1

    assert await CallTask.all().count() == 0


async def test_the_list_comes_in_pages_oldest_first(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    made = [await standing(guardian) for _ in range(3)]
    cadre = await Cadre.of(client, pairing)

    first = await cadre.sees(limit=2)
    rest = await cadre.sees(limit=2, cursor=first["next_cursor"])

    assert [task["id"] for task in first["items"] + rest["items"]] == [one.id for one in made]
    assert rest["next_cursor"] is None


async def test_nobody_but_the_cadre_sees_or_reports_a_call(client: httpx.AsyncClient) -> None:
    _, guardian = await family()
    message = await standing(guardian)
    stranger = await Cadre.of(client, await make_pairing(cadre=await make_cadre()))
    at_home = await phone_headers(guardian_id=guardian.id)

    assert (await stranger.sees())["items"] == []
    assert (await stranger.reports(message, CallOutcome.TOLD)).status_code == 404
    assert (await client.get(TASKS, headers=at_home)).status_code == 403
    assert (await client.get(TASKS)).status_code == 401
    await message.refresh_from_db()
    assert message.state is MessageState.SENT


async def test_a_worker_that_dies_in_between_leaves_a_call_that_the_next_one_lists(
    client: httpx.AsyncClient, wechat: FakeWeChat, clock: FixedClock
) -> None:
    pairing, guardian = await family()
    campaign = await make_campaign()
    message = await make_call(guardian.id, campaign_id=campaign.id, expires_at=END)
    claimed = await operations.claim(
        limit=1, token="dead", now=NOW, lease_seconds=60, channels=[message.channel], urgent_only=False
    )
    await operations.begin(messages=claimed, now=NOW, lease_seconds=60)
    await Message.all().update(lease_until_ms=1)

    await operations.recover_leases(now=NOW)
    await campaign_sender(wechat, clock).send_due()

    assert [task["id"] for task in (await (await Cadre.of(client, pairing)).sees())["items"]] == [message.id]
    assert await CallTask.all().count() == 1
