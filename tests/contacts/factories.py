"""Taps and phones for tests."""

import secrets
from typing import Any

import httpx

from app.pairing.models import Pairing
from tests.accounts.factories import phone_headers


def fresh_client_id() -> str:
    return secrets.token_hex(16)


def make_tap(pairing: Pairing, **overrides: Any) -> dict[str, Any]:
    """Return the body of one tap; nothing but the pairing is needed."""
    return {"client_id": fresh_client_id(), "pairing_id": pairing.id} | overrides


class Phone:
    """A cadre's phone, signed in."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    @classmethod
    async def of(cls, client: httpx.AsyncClient, pairing: Pairing) -> "Phone":
        """Sign in the cadre of a pairing."""
        return cls(client, await phone_headers(cadre_id=pairing.cadre_id))

    async def record(self, tap: dict[str, Any]) -> httpx.Response:
        return await self._client.post("/mini/v1/contacts", json=tap, headers=self._headers)

    async def undo(self, contact_id: int) -> httpx.Response:
        return await self._client.post(f"/mini/v1/contacts/{contact_id}/undo", headers=self._headers)

    async def get(self, path: str) -> Any:
        answer = await self._client.get(path, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()
