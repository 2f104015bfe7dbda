"""What a phone tells about subscriptions, and what it may read."""

import httpx
import pytest

from app.messaging.enums import MessageState, Purpose, Reason, RecipientKind
from tests.accounts.factories import phone_headers
from tests.messaging.factories import SUBSCRIBE_TEMPLATE, make_message


async def test_what_somebody_accepts_is_counted(client: httpx.AsyncClient) -> None:
    headers = await phone_headers(openid="c-1")
    body = {"results": {SUBSCRIBE_TEMPLATE: "accept", "of-an-older-version": "accept"}}

    await client.post("/mini/v1/subscriptions", json=body, headers=headers)
    answer = await client.post("/mini/v1/subscriptions", json=body, headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"remaining": {SUBSCRIBE_TEMPLATE: 2}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": {"t": "maybe"}},
        {"results": {"": "accept"}},
        {"results": {str(number): "accept" for number in range(21)}},
    ],
    ids=["nothing", "unknown word", "no template", "too many"],
)
async def test_an_answer_that_wechat_does_not_give_is_refused(
    client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    headers = await phone_headers()

    assert (await client.post("/mini/v1/subscriptions", json=body, headers=headers)).status_code == 422


async def test_nobody_answers_or_reads_without_being_signed_in(client: httpx.AsyncClient) -> None:
    assert (await client.post("/mini/v1/subscriptions", json={"results": {}})).status_code == 401
    assert (await client.get("/mini/v1/notices")).status_code == 401


async def test_somebody_reads_what_was_meant_for_him_newest_first_in_pages(client: httpx.AsyncClient) -> None:
    mine = [
        await make_message(
            recipient_kind=RecipientKind.CADRE, recipient_id=5, state=state, reason=reason, openid="c-5"
        )
        for state, reason in [
            (MessageState.SENT, None),
            (MessageState.SUPPRESSED, Reason.NO_CREDIT),
            (MessageState.DELIVERED, None),
            (MessageState.QUEUED, None),
        ]
    ]
    await make_message(recipient_kind=RecipientKind.GUARDIAN, recipient_id=5, state=MessageState.SENT)
    headers = await phone_headers(cadre_id=5)

    first = (await client.get("/mini/v1/notices?limit=2", headers=headers)).json()
    second = (
        await client.get(f"/mini/v1/notices?limit=2&cursor={first['next_cursor']}", headers=headers)
    ).json()

    assert [item["id"] for item in first["items"]] == [mine[2].id, mine[1].id]
    assert first["items"][1]["reason_label"] == Reason.NO_CREDIT.label
    assert [item["id"] for item in second["items"]] == [mine[0].id]
    assert second["next_cursor"] is None
    assert "openid" not in first["items"][0]


async def test_good_wishes_that_were_kept_from_a_family_are_not_laid_before_it_here(
    client: httpx.AsyncClient,
) -> None:
    await make_message(
        recipient_id=5,
        purpose=Purpose.FESTIVAL_GREETING,
        state=MessageState.SUPPRESSED,
        reason=Reason.BEREAVEMENT,
    )
    got = await make_message(recipient_id=5, purpose=Purpose.FESTIVAL_GREETING, state=MessageState.SENT)
    notice = await make_message(recipient_id=5, state=MessageState.SUPPRESSED, reason=Reason.NO_CREDIT)

    seen = await client.get("/mini/v1/notices", headers=await phone_headers(guardian_id=5))

    assert [item["id"] for item in seen.json()["items"]] == [notice.id, got.id]


async def test_a_phone_that_belongs_to_nobody_has_no_notices(client: httpx.AsyncClient) -> None:
    await make_message(state=MessageState.SENT)

    answer = await client.get("/mini/v1/notices", headers=await phone_headers())

    assert answer.json() == {"items": [], "next_cursor": None}
