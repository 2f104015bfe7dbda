"""Staff and sessions for tests."""

import secrets
from datetime import date, datetime
from typing import Any

import httpx

from app.accounts.enums import StaffRole, WeChatApp
from app.accounts.models import MiniSession, Staff, StaffGrant, StaffSession, WeChatIdentity
from app.accounts.operations import MINI_SESSION, STAFF_SESSION_WHOLE
from app.core.crypto import hash_token
from tests.conftest import NOW

LIXIA = "370102"  # 济南市历下区
SHIZHONG = "370103"  # 济南市市中区, next door
JINAN = "370100"
SHANDONG = "370000"


async def make_staff(*, role: str = StaffRole.ADMIN, **overrides: Any) -> Staff:
    """Make a member of staff to whom a role is granted for his federation."""
    defaults: dict[str, Any] = {
        "username": f"staff-{secrets.token_hex(4)}",
        "display_name": "管理员",
        "password_hash": "unused",
        "org_code": LIXIA,
        "created_at": NOW,
    }
    staff = await Staff.create(**defaults | overrides)
    await make_grant(staff, role=role)
    return staff


async def make_grant(staff: Staff, **overrides: Any) -> StaffGrant:
    """Make a grant for the federation of a member of staff, without an end that a test could reach."""
    defaults: dict[str, Any] = {
        "staff_id": staff.id,
        "org_code": staff.org_code,
        "role": StaffRole.ADMIN,
        "granted_at": NOW,
        "expires_on": date(2099, 12, 31),
        "confirmed_on": NOW.date(),
    }
    return await StaffGrant.create(**defaults | overrides)


async def sign_in_staff(client: httpx.AsyncClient, staff: Staff, *, now: datetime = NOW) -> dict[str, str]:
    """Return the headers of a signed-in member of staff."""
    token = secrets.token_urlsafe(16)
    await StaffSession.create(
        token_hash=hash_token(token),
        staff=staff,
        created_at=now,
        last_used_at=now,
        expires_at=now + STAFF_SESSION_WHOLE,
    )
    return {"authorization": f"Bearer {token}"}


async def staff_headers(
    client: httpx.AsyncClient, *, now: datetime = NOW, **overrides: Any
) -> dict[str, str]:
    """Return the headers of a new member of staff, signed in."""
    return await sign_in_staff(client, await make_staff(**overrides), now=now)


async def make_identity(**overrides: Any) -> WeChatIdentity:
    defaults: dict[str, Any] = {
        "app": WeChatApp.MINI,
        "openid": f"o-{secrets.token_hex(6)}",
        "created_at": NOW,
    }
    return await WeChatIdentity.create(**defaults | overrides)


async def phone_headers(
    *, cadre_id: int | None = None, guardian_id: int | None = None, now: datetime = NOW, **overrides: Any
) -> dict[str, str]:
    """Return the headers of a phone that is signed in as this cadre or guardian."""
    identity = await make_identity(cadre_id=cadre_id, guardian_id=guardian_id, **overrides)
    token = secrets.token_urlsafe(16)
    await MiniSession.create(
        token_hash=hash_token(token), identity=identity, created_at=now, expires_at=now + MINI_SESSION
    )
    return {"authorization": f"Bearer {token}"}
