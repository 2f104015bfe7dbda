"""A card with a QR code makes a guardian reachable, and scanning it is his consent."""

import asyncio
from datetime import timedelta

import pytest

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.accounts.rules import Scope, scope_of_staff
from app.audit.models import AuditEntry
from app.audit.operations import SYSTEM
from app.people.models import BindingCode, Consent, Guardian
from app.people.operations import (
    BINDING_CODE_LIFE,
    BindingCodeRefused,
    bind_guardian_by_code,
    issue_binding_code,
    mute_guardian,
)
from app.people.queries import GuardianNotFound, consent_in_force, guardian_of_openid
from tests.accounts.factories import LIXIA, SHIZHONG
from tests.conftest import NOW
from tests.people.factories import make_guardian

ITS_COUNTY = scope_of_staff(org_code=LIXIA)


async def card_for(guardian: Guardian, *, scope: Scope = ITS_COUNTY) -> str:
    issued = await issue_binding_code(scope=scope, guardian_id=guardian.id, actor=SYSTEM, now=NOW)
    return issued.code


async def scan(code: str, *, openid: str = "o-wang", after: timedelta = timedelta(0)) -> Guardian:
    return await bind_guardian_by_code(code=code, openid=openid, evidence="push:7", now=NOW + after)


async def test_scanning_binds_and_writes_down_the_consent(db: None) -> None:
    guardian = await make_guardian()

    bound = await scan(await card_for(guardian))

    assert bound.id == guardian.id
    identity = await WeChatIdentity.get()
    assert (identity.app, identity.openid, identity.follows) == (WeChatApp.OFFICIAL, "o-wang", True)
    known = await guardian_of_openid(openid="o-wang")
    assert known is not None
    assert known.id == guardian.id
    consent = await consent_in_force(
        guardian_id=guardian.id, purpose="policy_notice", channel="official_template"
    )
    assert consent is not None
    assert (consent.text_version, consent.evidence) == ("2026-11", "push:7")
    assert [entry.action for entry in await AuditEntry.all().order_by("id")] == [
        "binding_code.issued",
        "guardian.bound",
    ]


async def test_the_code_is_long_random_and_stored_as_a_hash(db: None) -> None:
    guardian = await make_guardian()

    codes = {await card_for(guardian) for _ in range(5)}

    assert {len(code) for code in codes} == {22}
    assert len(codes) == 5
    assert codes.isdisjoint(await BindingCode.all().values_list("code_hash", flat=True))


async def test_scanning_again_with_the_same_wechat_changes_nothing(db: None) -> None:
    guardian = await make_guardian()
    code = await card_for(guardian)
    await scan(code)

    again = await scan(code, after=timedelta(days=60))

    assert again.id == guardian.id
    assert await Consent.all().count() == 1


async def test_scanning_an_old_card_again_does_not_undo_a_refusal(db: None) -> None:
    guardian = await make_guardian()
    code = await card_for(guardian)
    await scan(code)
    await mute_guardian(openid="o-wang", evidence="push:8", now=NOW)

    again = await scan(code)

    assert again.muted_at == NOW
    assert (
        await consent_in_force(guardian_id=guardian.id, purpose="policy_notice", channel="official_template")
        is None
    )


async def test_unknown_used_expired_and_replaced_codes_get_the_same_answer(db: None) -> None:
    used, expired, replaced = [await card_for(await make_guardian()) for _ in range(3)]
    await scan(used)
    third = await Guardian.all().order_by("-id").first()
    assert third is not None
    await card_for(third)

    answers = []
    for code, after in [
        ("no-such-code", timedelta(0)),
        (used, timedelta(0)),
        (expired, BINDING_CODE_LIFE),
        (replaced, timedelta(0)),
    ]:
        with pytest.raises(BindingCodeRefused) as refused:
            await scan(code, openid="o-stranger", after=after)
        answers.append((refused.value.title, refused.value.detail))

    assert len(set(answers)) == 1
    assert await WeChatIdentity.filter(openid="o-stranger").count() == 0
    assert await Consent.all().count() == 1


async def test_of_two_people_who_scan_one_card_at_once_one_is_bound(db: None) -> None:
    guardian = await make_guardian()
    code = await card_for(guardian)

    results = await asyncio.gather(
        *(scan(code, openid=f"o-{number}") for number in range(6)), return_exceptions=True
    )

    assert sum(isinstance(result, Guardian) for result in results) == 1
    assert sum(isinstance(result, BindingCodeRefused) for result in results) == 5
    assert await WeChatIdentity.all().count() == 1
    assert await Consent.all().count() == 1


async def test_one_scan_told_three_times_at_once_is_one_consent(db: None) -> None:
    guardian = await make_guardian()
    code = await card_for(guardian)

    results = await asyncio.gather(*(scan(code) for _ in range(3)))

    assert {result.id for result in results} == {guardian.id}
    assert await Consent.all().count() == 1


async def test_cards_made_and_scanned_at_the_same_moment_do_not_block_each_other(db: None) -> None:
    guardian = await make_guardian()
    code = await card_for(guardian)

    results = await asyncio.gather(
        *(card_for(guardian) for _ in range(4)),
        *(scan(code, openid=f"o-{number}") for number in range(4)),
        return_exceptions=True,
    )

    failures = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(failure, BindingCodeRefused) for failure in failures), failures
    assert await BindingCode.filter(used_at=None, expires_at__gt=NOW).count() == 1


async def test_a_new_card_in_new_hands_lets_the_old_wechat_go(db: None) -> None:
    guardian = await make_guardian()
    await scan(await card_for(guardian), openid="o-old")

    await scan(await card_for(guardian), openid="o-new")

    assert await guardian_of_openid(openid="o-old") is None
    assert await WeChatIdentity.filter(guardian_id=guardian.id).count() == 1


async def test_another_county_cannot_make_a_card(db: None) -> None:
    guardian = await make_guardian()

    with pytest.raises(GuardianNotFound):
        await card_for(guardian, scope=scope_of_staff(org_code=SHIZHONG))

    assert await BindingCode.all().count() == 0
