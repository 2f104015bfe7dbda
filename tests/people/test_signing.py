"""Consents on paper or on the telephone: short messages and greetings."""

import httpx
import pytest

from app.accounts.rules import scope_of_staff
from app.audit.enums import ActorKind
from app.audit.models import AuditEntry
from app.audit.operations import Actor
from app.people.enums import ConsentChannel, ConsentPurpose
from app.people.models import Consent, Guardian
from app.people.notices import SIGNED_TEXTS, SIGNED_VERSION
from app.people.operations import Agreement, GuardianMuted, NotSigned, record_consent, withdraw_consent
from app.people.queries import GuardianNotFound
from tests.accounts.factories import LIXIA, SHIZHONG, staff_headers
from tests.conftest import NOW
from tests.people.factories import make_guardian

pytestmark = pytest.mark.usefixtures("db")

SMS = Agreement(purpose=ConsentPurpose.POLICY_NOTICE, channel=ConsentChannel.SMS, evidence="同意书第12号")
CLERK = Actor(kind=ActorKind.STAFF, id=1)


async def sign(guardian: Guardian, agreement: Agreement = SMS, *, org: str = LIXIA) -> Consent:
    return await record_consent(
        scope=scope_of_staff(org_code=org),
        guardian_id=guardian.id,
        agreement=agreement,
        actor=CLERK,
        now=NOW,
    )


async def test_what_was_signed_is_written_down_once_with_its_words_and_the_evidence() -> None:
    guardian = await make_guardian()

    first, again = await sign(guardian), await sign(guardian)

    assert first.id == again.id
    consent = await Consent.get()
    assert (consent.text_version, consent.evidence) == (SIGNED_VERSION, "同意书第12号")
    entry = await AuditEntry.get()
    assert (entry.action, entry.detail) == ("consent.recorded", "policy_notice:sms")


async def test_it_is_taken_back_and_can_be_given_again() -> None:
    guardian = await make_guardian()
    await sign(guardian)
    withdrawn = [
        await withdraw_consent(
            scope=scope_of_staff(org_code=LIXIA),
            guardian_id=guardian.id,
            agreement=SMS,
            actor=CLERK,
            now=NOW,
        )
        for _ in range(2)
    ]

    await sign(guardian)

    assert withdrawn == [1, 0]
    assert await Consent.filter(withdrawn_at=None).count() == 1
    assert await Consent.all().count() == 2


async def test_what_the_guardian_does_himself_no_clerk_writes_down() -> None:
    guardian = await make_guardian()
    template = Agreement(
        purpose=ConsentPurpose.POLICY_NOTICE, channel=ConsentChannel.OFFICIAL_TEMPLATE, evidence="电话"
    )

    with pytest.raises(NotSigned):
        await sign(guardian, template)
    with pytest.raises(GuardianMuted):
        await sign(await make_guardian(muted_at=NOW))
    with pytest.raises(GuardianNotFound):
        await sign(guardian, org=SHIZHONG)
    assert await Consent.all().count() == 0


async def test_through_the_doors(client: httpx.AsyncClient) -> None:
    guardian = await make_guardian()
    headers = await staff_headers(client)
    body = {"purpose": "festival_greeting", "channel": "mass_send", "evidence": "2026-05-16 电话同意"}

    given = await client.post(f"/admin/v1/guardians/{guardian.id}/consents", json=body, headers=headers)
    taken = await client.post(
        f"/admin/v1/guardians/{guardian.id}/consents/withdraw", json=body, headers=headers
    )

    assert (given.status_code, given.json()["purpose_label"]) == (201, "接收节日祝福")
    assert "家中有丧事时不发" in given.json()["text"]
    assert taken.status_code == 204


@pytest.mark.parametrize("texts", SIGNED_TEXTS.values(), ids=lambda texts: next(iter(texts.values()))[:12])
def test_every_agreement_says_how_to_stop_it(texts: dict[str, str]) -> None:
    assert "停" in texts[SIGNED_VERSION]
