"""Following, 退订 and 恢复."""

import asyncio
from datetime import timedelta

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.audit.models import AuditEntry
from app.people.models import Consent, Guardian
from app.people.operations import mute_guardian, note_follow, note_unfollow, unmute_guardian
from app.people.queries import consent_in_force
from tests.accounts.factories import make_identity
from tests.conftest import NOW
from tests.people.factories import make_consent, make_guardian

LATER = NOW + timedelta(days=3)


async def make_follower(openid: str = "o-wang") -> Guardian:
    guardian = await make_guardian()
    await make_identity(app=WeChatApp.OFFICIAL, openid=openid, guardian_id=guardian.id, follows=True)
    await make_consent(guardian)
    return guardian


async def in_force(guardian: Guardian) -> Consent | None:
    return await consent_in_force(
        guardian_id=guardian.id, purpose="policy_notice", channel="official_template"
    )


async def test_unsubscribing_mutes_and_withdraws_every_consent(db: None) -> None:
    guardian = await make_follower()

    muted = await mute_guardian(openid="o-wang", evidence="push:8", now=LATER)

    assert muted is not None
    assert muted.muted_at == LATER
    assert await in_force(guardian) is None
    consent = await Consent.get()
    assert (consent.withdrawn_at, consent.withdrawal_evidence) == (LATER, "push:8")
    assert (await AuditEntry.get()).action == "guardian.muted"


async def test_unsubscribing_twice_is_one_refusal(db: None) -> None:
    guardian = await make_follower()

    for moment in (LATER, LATER + timedelta(hours=1)):
        await mute_guardian(openid="o-wang", evidence="push:8", now=moment)

    assert (await Guardian.get(id=guardian.id)).muted_at == LATER
    assert await AuditEntry.all().count() == 1


async def test_coming_back_is_a_new_consent(db: None) -> None:
    guardian = await make_follower()
    await mute_guardian(openid="o-wang", evidence="push:8", now=NOW)

    back = await unmute_guardian(openid="o-wang", evidence="push:9", now=LATER)

    assert back is not None
    assert back.muted_at is None
    consent = await in_force(guardian)
    assert consent is not None
    assert (consent.granted_at, consent.evidence) == (LATER, "push:9")
    assert await Consent.filter(withdrawn_at__not_isnull=True).count() == 1


async def test_coming_back_told_twice_at_once_is_one_consent(db: None) -> None:
    await make_follower()
    await mute_guardian(openid="o-wang", evidence="push:8", now=NOW)

    await asyncio.gather(*(unmute_guardian(openid="o-wang", evidence="push:9", now=LATER) for _ in range(3)))

    assert await Consent.filter(withdrawn_at=None).count() == 1


async def test_whoever_never_left_needs_no_new_consent(db: None) -> None:
    await make_follower()

    await unmute_guardian(openid="o-wang", evidence="push:9", now=LATER)

    assert await Consent.all().count() == 1
    assert await AuditEntry.all().count() == 0


async def test_a_stranger_can_neither_leave_nor_come_back(db: None) -> None:
    guardian = await make_follower()
    await note_follow(openid="o-stranger", now=NOW)

    assert await mute_guardian(openid="o-stranger", evidence="push:8", now=NOW) is None
    assert await unmute_guardian(openid="o-stranger", evidence="push:9", now=NOW) is None
    assert await in_force(guardian) is not None


async def test_following_and_leaving_are_noted_once_each(db: None) -> None:
    for _ in range(2):
        await note_follow(openid="o-wang", now=NOW)
    for _ in range(2):
        await note_unfollow(openid="o-wang", now=LATER)

    assert (await WeChatIdentity.get()).follows is False
    assert [entry.action for entry in await AuditEntry.all().order_by("id")] == [
        "wechat.followed",
        "wechat.unfollowed",
    ]


async def test_leaving_keeps_whom_the_follower_was_bound_to(db: None) -> None:
    guardian = await make_follower()

    await note_unfollow(openid="o-wang", now=NOW)
    await note_follow(openid="o-wang", now=LATER)

    identity = await WeChatIdentity.get()
    assert (identity.guardian_id, identity.follows) == (guardian.id, True)


async def test_leaving_of_somebody_unknown_is_passed_over(db: None) -> None:
    await note_unfollow(openid="o-nobody", now=NOW)

    assert await WeChatIdentity.all().count() == 0
