"""Needs for tests, and the phones and desks from which they are handled."""

from itertools import count
from typing import Any

import httpx

from app.needs.enums import InquiryKind, NeedDomain, Speaker
from app.needs.models import Inquiry, Need, Opinion
from app.needs.operations import Wish, give_opinion, raise_need, take_inquiry
from app.pairing.models import Pairing
from app.people.models import Guardian
from tests.accounts.factories import phone_headers, staff_headers
from tests.conftest import NOW

_next = count(1)


class Desk:
    """Somebody who calls the API: a cadre's or guardian's phone, or an admin's browser."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], base: str) -> None:
        self._client = client
        self._headers = headers
        self._base = base

    @classmethod
    async def of_cadre(cls, client: httpx.AsyncClient, cadre_id: int) -> "Desk":
        return cls(client, await phone_headers(cadre_id=cadre_id), "/mini/v1")

    @classmethod
    async def of_guardian(cls, client: httpx.AsyncClient, guardian_id: int) -> "Desk":
        return cls(client, await phone_headers(guardian_id=guardian_id), "/mini/v1")

    @classmethod
    async def of_staff(cls, client: httpx.AsyncClient, **overrides: Any) -> "Desk":
        return cls(client, await staff_headers(client, **overrides), "/admin/v1")

    async def raise_need(self, **body: Any) -> httpx.Response:
        given = {"client_id": f"tap-{next(_next)}"} | body
        return await self._client.post(f"{self._base}/needs", json=given, headers=self._headers)

    async def step(self, need_id: int, act: str, **body: Any) -> httpx.Response:
        return await self.post(f"/needs/{need_id}/steps", act=act, **body)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self._client.post(f"{self._base}{path}", json=body, headers=self._headers)

    async def get(self, path: str) -> Any:
        answer = await self._client.get(f"{self._base}{path}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def status_of(self, path: str) -> int:
        return (await self._client.get(f"{self._base}{path}", headers=self._headers)).status_code


async def make_need(pairing: Pairing, **overrides: Any) -> Need:
    """Make a need that the cadre of a pairing wrote down."""
    given: dict[str, Any] = {"domain": NeedDomain.LIVING, "text": "做饭不便"}
    wish = Wish(client_id=f"tap-{next(_next)}", beneficiary_id=pairing.beneficiary_id, **given | overrides)
    raised = await raise_need(speaker=Speaker.CADRE, speaker_id=pairing.cadre_id, wish=wish, now=NOW)
    return raised.need


async def make_inquiry(guardian: Guardian, **overrides: Any) -> Inquiry:
    given: dict[str, Any] = {
        "kind": InquiryKind.QUESTION,
        "text": "护理补贴什么时候发",
        "evidence": f"push:{next(_next)}",
    }
    return await take_inquiry(guardian=guardian, now=NOW, **given | overrides)


async def make_opinion(guardian: Guardian, text: str = "希望多上门看看") -> Opinion:
    return await give_opinion(guardian=guardian, text=text, evidence=f"push:{next(_next)}", now=NOW)
