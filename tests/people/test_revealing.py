"""One sealed fact at a time, with a reason."""

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.accounts.rules import Scope
from app.audit.enums import ActorKind
from app.audit.models import AuditEntry
from app.audit.operations import SYSTEM
from app.people.enums import RevealField
from app.people.operations import ReasonMissing, reveal_field
from tests.accounts.factories import LIXIA, make_staff, sign_in_staff, staff_headers
from tests.conftest import NOW
from tests.people.cast import LIU_GUIYING
from tests.people.factories import make_beneficiary


async def test_an_admin_sees_a_phone_in_full_and_the_trail_keeps_why(client: httpx.AsyncClient) -> None:
    admin = await make_staff()
    liu = await make_beneficiary(phone=LIU_GUIYING.phone)

    answer = await client.post(
        f"/admin/v1/beneficiaries/{liu.id}/reveal",
        json={"field": "phone", "reason": "入户前电话联系"},
        headers=await sign_in_staff(client, admin),
    )

    assert answer.json() == {"field": "phone", "field_label": "联系电话", "value": LIU_GUIYING.phone}
    entry = await AuditEntry.get()
    assert (entry.actor_kind, entry.actor_id) == (ActorKind.STAFF, admin.id)
    assert (entry.action, entry.object_id) == ("beneficiary.revealed", str(liu.id))
    assert (entry.region_code, entry.detail) == (LIXIA, "phone: 入户前电话联系")


@pytest.mark.parametrize(
    "body",
    [
        {"field": "phone", "reason": "看"},
        {"field": "phone", "reason": "     看     "},
        {"field": "phone", "reason": "看" * 201},
        {"field": "phone"},
        {"field": "id_number_index", "reason": "核对身份信息"},
        {"field": "phone", "reason": "核对身份信息", "fields": ["address"]},
    ],
)
async def test_without_a_proper_reason_nothing_is_shown(
    client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    liu = await make_beneficiary(phone=LIU_GUIYING.phone)

    answer = await client.post(
        f"/admin/v1/beneficiaries/{liu.id}/reveal", json=body, headers=await staff_headers(client)
    )

    assert answer.status_code == 422
    assert LIU_GUIYING.phone not in answer.text
    assert await AuditEntry.all().count() == 0


async def test_blanks_are_no_reason(db: None) -> None:
    liu = await make_beneficiary(phone=LIU_GUIYING.phone)

    with pytest.raises(ReasonMissing):
        await reveal_field(
            scope=Scope.everywhere(),
            actor=SYSTEM,
            beneficiary_id=liu.id,
            field=RevealField.PHONE,
            reason="看 \u3000 \n ",
            now=NOW,
        )

    assert await AuditEntry.all().count() == 0


@pytest.mark.parametrize("role", [StaffRole.CLERK, StaffRole.AUDITOR])
async def test_whoever_may_not_reveal_sees_nothing(client: httpx.AsyncClient, role: StaffRole) -> None:
    liu = await make_beneficiary(phone=LIU_GUIYING.phone)

    answer = await client.post(
        f"/admin/v1/beneficiaries/{liu.id}/reveal",
        json={"field": "phone", "reason": "入户前电话联系"},
        headers=await staff_headers(client, role=role),
    )

    assert answer.status_code == 403
    assert answer.json()["detail"] == "需要“查看完整信息”权限"


async def test_a_fact_that_nobody_entered_cannot_be_shown(client: httpx.AsyncClient) -> None:
    liu = await make_beneficiary(phone=None)

    answer = await client.post(
        f"/admin/v1/beneficiaries/{liu.id}/reveal",
        json={"field": "phone", "reason": "入户前电话联系"},
        headers=await staff_headers(client),
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "people.nothing_to_reveal")
    assert await AuditEntry.all().count() == 0
